/** A fleet that sends a message a second each, and `ingest` that takes what a batching window gathered. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisStreamRecord } from 'aws-lambda';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { encodeMessage } from '../../../payload/encode.ts';
import type { Measurement } from '../../../payload/outgoing.ts';
import { REGISTRY } from './meter.ts';
import { type Ingest, recordOf, take } from './records.ts';
import { MADE, putRegistry } from './registry.ts';

export const CHANNELS = ['temp', 'humidity', 'pressure', 'battery', 'light'] as const;
const TYPE: InstrumentType = {
  id: 'sensor',
  name: 'Sensor',
  version: 1,
  ...MADE,
  channels: Object.fromEntries(
    CHANNELS.map((name) => [
      name,
      {
        unit: '1',
        type: 'number',
        kind: 'continuous',
        range: { min: -1000, max: 2000 },
        maxRate: 1000,
        stuckAfter: 100,
      },
    ]),
  ),
};

/** Puts the type and devices of it into the registry. */
export const registerFleet = async (names: readonly string[]): Promise<void> => {
  const client = new DynamoDBClient({});
  await putRegistry(client, REGISTRY, TYPE, names);
  client.destroy();
};

/** Seeded, so that every run measures the same data. */
const randomFrom = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

/** @param second seconds since the epoch */
const payloadOf = (place: number, second: number, size: number): Uint8Array => {
  const random = randomFrom(second * 31 + place);
  const times = Math.ceil(size / CHANNELS.length);
  const points = Array.from({ length: size }, (_, at): Measurement => {
    // A device that sends one measurement sends another channel each time.
    const channel = (size < CHANNELS.length ? second + at : at) % CHANNELS.length;
    const time = second * 1e6 + Math.floor((Math.floor(at / CHANNELS.length) * 1e6) / times);
    const value = Math.round(1000 * (20 + 5 * Math.sin(time / 6e8 + channel) + random() / 5)) / 1000;
    return { channel: CHANNELS[channel] ?? '', time, value };
  });
  return encodeMessage({ session: 'bench', seq: second, points }, 'columns');
};

export interface FleetRun {
  readonly devices: readonly string[];
  /** Seconds since the epoch; the clock of this process is set to it. */
  readonly start: number;
  readonly seconds: number;
  /** Measurements in a message. */
  readonly size: number;
  /** Seconds that are gathered for a batch. */
  readonly window: number;
}

export interface FleetResult {
  readonly measurements: number;
  readonly messages: number;
  readonly invocations: number;
  /** Milliseconds of the processor that the handler took, all invocations together. */
  readonly millis: number;
  /** Bytes of all messages; and with each rounded up to the 1 KB of Kinesis, and the 5 KB of AWS IoT in units. */
  readonly bytes: number;
  readonly kinesisBytes: number;
  readonly iotUnits: number;
  /** Bytes that the function printed. */
  readonly logged: number;
}

/** Milliseconds that this thread has had the processor. The store is in another one. */
export const processorMillis = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** Counts what is printed meanwhile instead of printing it. */
export const withoutOutput = async (work: () => Promise<unknown>): Promise<number> => {
  const { stdout } = process;
  const write = stdout.write;
  let bytes = 0;
  stdout.write = (text: string | Uint8Array) => {
    bytes += Buffer.byteLength(text);
    return true;
  };
  try {
    await work();
    return bytes;
  } finally {
    stdout.write = write;
  }
};

/** Lets `ingest` take what a fleet sends, window by window, at the time at which it would. */
export const runFleet = async (ingest: Ingest, run: FleetRun): Promise<FleetResult> => {
  const { devices, start, seconds, size, window } = run;
  const now = Date.now;
  let [bytes, kinesisBytes, iotUnits, invocations, millis, logged] = [0, 0, 0, 0, 0, 0];
  try {
    for (let from = start; from < start + seconds; from += window) {
      const Records: KinesisStreamRecord[] = [];
      for (let second = from; second < Math.min(from + window, start + seconds); second += 1)
        for (const [place, device] of devices.entries()) {
          const payload = payloadOf(place, second, size);
          bytes += payload.length;
          kinesisBytes += 1024 * Math.ceil(payload.length / 1024);
          iotUnits += Math.ceil(payload.length / 5120);
          Records.push(recordOf(device, second, payload));
        }
      Date.now = () => (from + window) * 1000;
      const begin = processorMillis();
      logged += await withoutOutput(() => take(ingest, Records));
      millis += processorMillis() - begin;
      invocations += 1;
    }
  } finally {
    Date.now = now;
  }
  const messages = devices.length * seconds;
  return {
    measurements: messages * size,
    messages,
    invocations,
    millis,
    bytes,
    kinesisBytes,
    iotUnits,
    logged,
  };
};
