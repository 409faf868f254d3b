/** A fleet of simulated devices as a stream of messages, without any I/O. */
import type { DeviceFacts } from '../../contracts/resources/devices.ts';
import type { Micros } from '../../contracts/time.ts';
import { encodeMessage } from '../../payload/encode.ts';
import type { Measurement } from '../../payload/outgoing.ts';
import { wrap } from '../wrapping.ts';
import { Agenda } from './agenda.ts';
import { type FaultLabel, type FaultName, FaultPlan } from './faults.ts';
import type { Control, Readings } from './model.ts';
import { type FleetShape, type SimulatedDevice, simulatedDevices } from './simulated-device.ts';

/** A fleet and what it measures. */
export interface FleetOptions extends FleetShape {
  /** Between two samples of a device. */
  readonly intervalMs: number;
  /** Time of the first sample. */
  readonly start: Micros;
  /** Samples of each device; endless when absent. */
  readonly samples?: number;
  /** Samples that a device gathers before it sends them in one message. Default 1. */
  readonly samplesPerMessage?: number;
  readonly faults?: readonly FaultName[];
  /**
   * Whether messages of a disconnected device wait for the end of it, as they do in its store. Default true;
   * false where a real store does that.
   */
  readonly holdDisconnected?: boolean;
}

/** A message that a device of the fleet sends. */
export interface SimulatedMessage {
  readonly device: SimulatedDevice;
  /** When it is sent; messages come in this order. */
  readonly at: Micros;
  readonly points: readonly Measurement[];
  /** In the first message of a device. */
  readonly facts?: DeviceFacts;
  /** Whether the device has no connection at this time. */
  readonly disconnected: boolean;
  /** Faults that begin with this message. */
  readonly labels: readonly FaultLabel[];
}

/** What was done before so many other things is not seen any more. */
const MOST_CONTROLS = 100;

/** From a sample on, its time and that of those after it. */
interface Pace {
  readonly sample: number;
  readonly time: Micros;
  readonly intervalMicros: number;
}

/** One device, sample by sample. */
class DeviceSignal {
  readonly device: SimulatedDevice;
  /** The sample to take next. */
  next = 0;
  /** What was done to the instrument, in order of time. */
  private readonly controls: Control[] = [];
  private readonly options: FleetOptions;
  private readonly plan: FaultPlan;
  private readonly paces: Pace[];
  private points: Measurement[] = [];
  private labels: FaultLabel[] = [];

  constructor(device: SimulatedDevice, options: FleetOptions) {
    this.device = device;
    this.options = options;
    const { start, intervalMs } = options;
    const time = start + Math.round(device.phase * intervalMs * 1000);
    this.paces = [{ sample: 0, time, intervalMicros: intervalMs * 1000 }];
    this.plan = new FaultPlan(device, options.faults ?? [], (sample) => this.timeOf(sample));
  }

  timeOf(sample: number): Micros {
    const pace = this.paces.findLast((each) => each.sample <= sample) ?? this.paces[0];
    if (pace === undefined) throw new Error('a device without a pace');
    return pace.time + Math.round((sample - pace.sample) * pace.intervalMicros);
  }

  /** Does something to the instrument. @returns whether its samples have other times now */
  control(control: Control): boolean {
    this.controls.push(control);
    // What was long ago is not seen any more.
    if (this.controls.length > MOST_CONTROLS) this.controls.shift();
    const seconds = this.device.instrument.intervalOf?.(this.controls);
    const intervalMicros = (seconds ?? 0) * 1e6;
    if (seconds === undefined || intervalMicros === this.paces.at(-1)?.intervalMicros) return false;
    const now = Math.round(control.at * 1e6);
    const planned = this.timeOf(this.next);
    const last = this.next === 0 ? planned - intervalMicros : this.timeOf(this.next - 1);
    // What lies in the past is measured as it was planned.
    const time = planned < now ? planned : Math.max(now, last + intervalMicros);
    this.paces.push({ sample: this.next, time, intervalMicros });
    return true;
  }

  /** Which pace it is at; it has another one with every interval that it is told. */
  get pace(): number {
    return this.paces.length;
  }

  /** What was done to it last. */
  lastControl(): Control | undefined {
    return this.controls.at(-1);
  }

  /** What the instrument shows at a time. */
  show(seconds: number): Readings {
    return this.device.instrument.read(this.device.noise, seconds, this.controls);
  }

  private read(sample: number): Readings {
    return this.show(this.timeOf(sample) / 1e6);
  }

  /** Takes a sample; gives messages where one is full. */
  *sample(): Generator<SimulatedMessage> {
    const { device, options, next: sample } = this;
    const { intervalMs, samplesPerMessage = 1, holdDisconnected = true, samples } = options;
    const last = sample + 1 === samples;
    this.next += 1;
    const active = this.plan.at(sample);
    const of = (fault: FaultName) => active.find(({ label }) => label.fault === fault)?.label;
    for (const { label, first } of active) if (first === sample) this.labels.push(label);
    const now = this.timeOf(sample);
    const time = now + (of('clock-skew')?.magnitude ?? 0) * 1e6;
    for (const [channel, value] of Object.entries(this.read(sample))) {
      const shown = this.plan.distort(
        channel,
        value,
        sample,
        active,
        (other) => this.read(other)[channel] ?? value,
      );
      this.points.push({ channel, time, value: shown, unit: device.instrument.type.channels[channel]?.unit });
    }
    if ((sample + 1) % samplesPerMessage !== 0 && !last) return;
    const disconnect = of('disconnect');
    const late =
      of('disorder') === undefined
        ? 0
        : Math.floor(device.noise.between(1, 6, 'late', sample)) * intervalMs * 1000;
    const held = disconnect === undefined || !holdDisconnected ? now : disconnect.to;
    const message: SimulatedMessage = {
      device,
      at: Math.max(now + late, held),
      points: this.points,
      ...(sample < samplesPerMessage ? { facts: device.facts } : {}),
      disconnected: disconnect !== undefined,
      labels: this.labels,
    };
    this.points = [];
    this.labels = [];
    yield message;
    if (of('duplicate') !== undefined) yield { ...message, labels: [] };
  }
}

/** A fleet that can be told what to do while it measures. */
export class FleetSignals {
  private readonly options: FleetOptions;
  private readonly signals: ReadonlyMap<string, DeviceSignal>;
  private readonly agenda = new Agenda<
    SimulatedMessage | { readonly signal: DeviceSignal; readonly pace: number }
  >();

  constructor(options: FleetOptions, devices: readonly SimulatedDevice[]) {
    this.options = options;
    this.signals = new Map(devices.map((device) => [device.id, new DeviceSignal(device, options)]));
    for (const signal of this.signals.values()) this.plan(signal);
  }

  private plan(signal: DeviceSignal): void {
    const { samples = Number.POSITIVE_INFINITY } = this.options;
    if (signal.next < samples) this.agenda.add(signal.timeOf(signal.next), { signal, pace: signal.pace });
  }

  private signalOf(device: string): DeviceSignal {
    const signal = this.signals.get(device);
    if (signal === undefined) throw new RangeError(`no device ${device}`);
    return signal;
  }

  /** When something is measured or sent next; `undefined` when nothing more is. */
  get due(): Micros | undefined {
    return this.agenda.due;
  }

  /** Does what is due next. @returns what is sent now */
  next(): readonly SimulatedMessage[] {
    const now = this.agenda.due ?? 0;
    const item = this.agenda.take();
    if (item === undefined) return [];
    if (!('signal' in item)) return [item];
    const { signal, pace } = item;
    // It was planned before the device was told another interval.
    if (pace !== signal.pace) return [];
    const sent: SimulatedMessage[] = [];
    for (const message of signal.sample()) {
      if (message.at > now) this.agenda.add(message.at, message);
      else sent.push(message);
    }
    this.plan(signal);
    return sent;
  }

  /** What an instrument shows at a time. */
  show(device: string, seconds: number): Readings {
    return this.signalOf(device).show(seconds);
  }

  /** What was done last to an instrument. */
  lastControl(device: string): Control | undefined {
    return this.signalOf(device).lastControl();
  }

  /** Does something to an instrument. @returns whether {@link due} may be earlier now */
  control(device: string, control: Control): boolean {
    const signal = this.signalOf(device);
    const other = signal.control(control);
    if (other) this.plan(signal);
    return other;
  }
}

/**
 * All messages of a fleet in the order sent; the same for the same options.
 * @throws {RangeError} for an unknown instrument type
 */
export function* fleetMessages(
  options: FleetOptions,
  devices: readonly SimulatedDevice[] = simulatedDevices(options),
): Generator<SimulatedMessage> {
  const signals = new FleetSignals(options, devices);
  while (signals.due !== undefined) yield* signals.next();
}

/** The bytes of a simulated message, without session: as a device without the client library sends them. */
export const encodeSimulated = ({ device, points, facts }: SimulatedMessage): Uint8Array => {
  const senml = device.format === 'senml-json' || device.format === 'senml-cbor';
  return wrap(encodeMessage({ points, facts: senml ? undefined : facts }, device.format), device.wrapping);
};
