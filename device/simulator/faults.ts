/**
 * Faults that the simulator plants. Each has a label that says what was done, where and when, so that a detector can be
 * scored by it. When they happen depends on the seed alone.
 */
import type { Value } from '../../contracts/messages/message.ts';
import type { Micros } from '../../contracts/time.ts';
import type { SimulatedDevice } from './simulated-device.ts';

export const FAULTS = [
  'spike',
  'stuck',
  'drift',
  'noise',
  'clock-skew',
  'duplicate',
  'disorder',
  'disconnect',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** What was done: the ground truth for scoring a detector. */
export interface FaultLabel {
  readonly fault: FaultName;
  readonly device: string;
  /** The channel, for faults of a signal. */
  readonly channel?: string;
  /** Times of the first sample of the fault and of the first after it, by a correct clock. */
  readonly from: Micros;
  readonly to: Micros;
  /** Size: in the unit of the channel for faults of a signal, seconds for clock-skew, samples for the others. */
  readonly magnitude: number;
}

const OF_SIGNALS: ReadonlySet<FaultName> = new Set(['spike', 'stuck', 'drift', 'noise']);
/** Samples in a window. In each window a fault happens at most once, and with this probability. */
const WINDOW = 240;
const LIKELY = 1 / 3;

/** How many samples a fault lasts: least and most. */
const LENGTHS: Readonly<Record<FaultName, readonly [number, number]>> = {
  spike: [1, 2],
  // On top of the channel's `stuckAfter`, as fewer equal values in a row are normal.
  stuck: [10, 80],
  drift: [60, 160],
  noise: [30, 90],
  'clock-skew': [20, 60],
  duplicate: [1, 6],
  disorder: [2, 8],
  disconnect: [10, 60],
};

/** Size of a fault, least and most: as a share of the channel's range, for clock-skew in seconds. */
const SIZES: Readonly<Record<FaultName, readonly [number, number]>> = {
  spike: [0.3, 0.6],
  stuck: [0, 0],
  drift: [0.05, 0.2],
  noise: [0.03, 0.08],
  'clock-skew': [5, 300],
  duplicate: [0, 0],
  disorder: [0, 0],
  disconnect: [0, 0],
};

/** A channel that can have the faults of a signal: one of continuous numbers. */
interface Signal {
  readonly channel: string;
  /** Width of its range. */
  readonly span: number;
  /** From so many equal values in a row a channel counts as stuck; `undefined` where its type does not say. */
  readonly stuckAfter: number | undefined;
}

const signalsOf = ({ instrument }: SimulatedDevice): readonly Signal[] =>
  Object.entries(instrument.type.channels).flatMap(
    ([channel, { type = 'number', kind = 'continuous', range, stuckAfter }]) =>
      type === 'number' && kind === 'continuous'
        ? [{ channel, span: (range?.max ?? 1) - (range?.min ?? 0), stuckAfter }]
        : [],
  );

/** A planned fault, and the number of its first sample. */
interface Active {
  readonly label: FaultLabel;
  readonly first: number;
}

/** The faults of one device. Samples are numbered from its start. */
export class FaultPlan {
  private readonly device: SimulatedDevice;
  private readonly names: readonly FaultName[];
  private readonly timeOf: (sample: number) => Micros;
  private readonly signals: readonly Signal[];
  private window = -1;
  private planned: readonly Active[] = [];

  constructor(device: SimulatedDevice, names: readonly FaultName[], timeOf: (sample: number) => Micros) {
    this.device = device;
    this.names = names;
    this.timeOf = timeOf;
    this.signals = signalsOf(device);
  }

  /**
   * The channel of a fault. Without `stuckAfter` nobody could tell that a channel is stuck, so that it is not chosen.
   */
  private signalOf(name: FaultName, window: number): Signal | undefined {
    const signals = this.signals.filter(({ stuckAfter }) => name !== 'stuck' || stuckAfter !== undefined);
    return signals[Math.floor(this.device.noise.uniform(`fault/${name}/channel`, window) * signals.length)];
  }

  private plan(name: FaultName, window: number): readonly Active[] {
    const { noise, id } = this.device;
    const stream = `fault/${name}`;
    if (noise.uniform(stream, window) > LIKELY) return [];
    const signal = OF_SIGNALS.has(name) ? this.signalOf(name, window) : undefined;
    if (OF_SIGNALS.has(name) && signal === undefined) return [];
    const [shortest, longest] = LENGTHS[name];
    const threshold = name === 'stuck' ? (signal?.stuckAfter ?? 0) : 0;
    const length = threshold + Math.floor(noise.between(shortest, longest, `${stream}/length`, window));
    const first =
      window * WINDOW + Math.floor(noise.between(0, Math.max(0, WINDOW - length), `${stream}/start`, window));
    const sign = noise.uniform(`${stream}/sign`, window) < 0.5 ? -1 : 1;
    const label = { fault: name, device: id, from: this.timeOf(first), to: this.timeOf(first + length) };
    const [least, most] = SIZES[name];
    const size = noise.between(least, most, `${stream}/size`, window);
    if (signal !== undefined) {
      const magnitude = (name === 'noise' || name === 'stuck' ? 1 : sign) * size * signal.span;
      return [{ label: { ...label, channel: signal.channel, magnitude }, first }];
    }
    return [
      { label: { ...label, magnitude: name === 'clock-skew' ? sign * Math.round(size) : length }, first },
    ];
  }

  /** Faults under way at a sample. */
  at(sample: number): readonly Active[] {
    const window = Math.floor(sample / WINDOW);
    if (window !== this.window) {
      this.window = window;
      this.planned = this.names.flatMap((name) => this.plan(name, window));
    }
    const time = this.timeOf(sample);
    // The end is a time, because a command may change the sampling interval while the fault lasts.
    return this.planned.filter(({ label, first }) => sample >= first && time < label.to);
  }

  /**
   * A reading with the faults of its signal. Faults of clock, delivery and connection are made in `fleet.ts`.
   * @param readAt reads the true value at another sample
   */
  distort(
    channel: string,
    value: Value,
    sample: number,
    active: readonly Active[],
    readAt: (sample: number) => Value,
  ): Value {
    let shown = value;
    for (const { label, first } of active) {
      if (label.channel !== channel || typeof shown !== 'number') continue;
      const { fault, magnitude, from, to } = label;
      if (fault === 'spike') shown += magnitude;
      else if (fault === 'stuck') shown = readAt(first);
      else if (fault === 'drift') shown += (magnitude * (this.timeOf(sample) - from)) / (to - from);
      else if (fault === 'noise')
        shown += magnitude * this.device.noise.normal(`fault/noise/${channel}`, sample);
    }
    // A distorted value has more digits than an instrument would show.
    return shown === value || typeof shown !== 'number' ? shown : Number(shown.toPrecision(8));
  }
}
