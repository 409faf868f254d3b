/** A fleet of simulated devices as a stream of messages, without any I/O. */

import type { Value } from '../../contracts/messages/message.ts';
import type { DeviceFacts } from '../../contracts/resources/devices.ts';
import type { Micros } from '../../contracts/time.ts';
import { encodeMessage } from '../../payload/encode.ts';
import type { Measurement } from '../../payload/outgoing.ts';
import { wrap } from '../wrapping.ts';
import { type FaultLabel, type FaultName, FaultPlan } from './faults.ts';
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

/** One device, sample by sample. */
class DeviceSignal {
  readonly device: SimulatedDevice;
  private readonly options: FleetOptions;
  private readonly plan: FaultPlan;
  private points: Measurement[] = [];
  private labels: FaultLabel[] = [];

  constructor(device: SimulatedDevice, options: FleetOptions) {
    this.device = device;
    this.options = options;
    this.plan = new FaultPlan(device, options.faults ?? [], (sample) => this.timeOf(sample));
  }

  timeOf(sample: number): Micros {
    const { start, intervalMs } = this.options;
    return start + Math.round((sample + this.device.phase) * intervalMs * 1000);
  }

  private read(sample: number): Readonly<Record<string, Value>> {
    return this.device.instrument.read(this.device.noise, this.timeOf(sample) / 1e6);
  }

  /** Takes a sample; gives messages where one is full. */
  *sample(sample: number, last: boolean): Generator<SimulatedMessage> {
    const { device, options } = this;
    const { intervalMs, samplesPerMessage = 1, holdDisconnected = true } = options;
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

/** Messages that are to be sent later, by when. */
class Later {
  private readonly heap: { readonly order: number; readonly message: SimulatedMessage }[] = [];
  private count = 0;

  private before(left: number, right: number): boolean {
    const a = this.heap[left];
    const b = this.heap[right];
    if (a === undefined || b === undefined) return false;
    return a.message.at === b.message.at ? a.order < b.order : a.message.at < b.message.at;
  }

  private swap(left: number, right: number): void {
    const a = this.heap[left];
    const b = this.heap[right];
    if (a === undefined || b === undefined) return;
    this.heap[left] = b;
    this.heap[right] = a;
  }

  push(message: SimulatedMessage): void {
    this.count += 1;
    let at = this.heap.push({ order: this.count, message }) - 1;
    for (let parent = (at - 1) >> 1; at > 0 && this.before(at, parent); parent = (at - 1) >> 1) {
      this.swap(at, parent);
      at = parent;
    }
  }

  /** The next message that is due by a time. */
  pop(due: Micros): SimulatedMessage | undefined {
    const first = this.heap[0]?.message;
    if (first === undefined || first.at > due) return undefined;
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return first;
    this.heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (this.before(child, least)) least = child;
      if (least === at) return first;
      this.swap(at, least);
      at = least;
    }
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
  const { samples = Number.POSITIVE_INFINITY } = options;
  const signals = devices
    .map((device) => new DeviceSignal(device, options))
    .sort((left, right) => left.device.phase - right.device.phase);
  const later = new Later();
  for (let sample = 0; sample < samples; sample += 1) {
    for (const signal of signals) {
      const now = signal.timeOf(sample);
      for (let due = later.pop(now); due !== undefined; due = later.pop(now)) yield due;
      for (const message of signal.sample(sample, sample === samples - 1)) {
        if (message.at > now) later.push(message);
        else yield message;
      }
    }
  }
  for (
    let due = later.pop(Number.POSITIVE_INFINITY);
    due !== undefined;
    due = later.pop(Number.POSITIVE_INFINITY)
  ) {
    yield due;
  }
}

/** The bytes of a simulated message, without session: as a device without the client library sends them. */
export const encodeSimulated = ({ device, points, facts }: SimulatedMessage): Uint8Array => {
  const senml = device.format === 'senml-json' || device.format === 'senml-cbor';
  return wrap(encodeMessage({ points, facts: senml ? undefined : facts }, device.format), device.wrapping);
};
