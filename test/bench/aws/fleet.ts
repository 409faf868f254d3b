/** A fleet that sends a message a second each, and `ingest` that takes what a batching window gathered. */

import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type {
  Context,
  KinesisStreamBatchResponse,
  KinesisStreamEvent,
  KinesisStreamRecord,
} from 'aws-lambda';
import type { InstrumentType } from '../../../contracts/instrument-types.ts';
import { encodeMessage } from '../../../contracts/payload/encode.ts';
import type { Measurement } from '../../../contracts/payload/outgoing.ts';
import { deviceToItem, typeToItem } from '../../../lambdas/store/registry/items.ts';
import { REGISTRY } from './meter.ts';

export const CHANNELS = ['temp', 'humidity', 'pressure', 'battery', 'light'] as const;
const SITE = 'lab';
const MADE = { createdAt: '2026-01-01T00:00:00Z', createdBy: 'bench' };

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

/** Puts a type and devices into the registry. */
export const registerFleet = async (names: readonly string[]): Promise<void> => {
  const client = new DynamoDBClient({});
  const devices = names.map((id) =>
    deviceToItem({
      id,
      site: SITE,
      type: TYPE.id,
      state: 'active',
      updatedAt: MADE.createdAt,
      version: 1,
      ...MADE,
    }),
  );
  const items = [typeToItem(TYPE), ...devices];
  for (let at = 0; at < items.length; at += 25)
    await client.send(
      new BatchWriteItemCommand({
        RequestItems: { [REGISTRY]: items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } })) },
      }),
    );
  client.destroy();
};

/** Seeded, so that every run measures the same data. */
const randomFrom = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

let sequence = 49_545_115_243_490_985_018_280_067_714_973_144_582_180_062_593_244_200_961n;

/** @param second seconds since the epoch */
const payloadOf = (place: number, second: number, size: number): Uint8Array => {
  const random = randomFrom(second * 31 + place);
  const times = Math.ceil(size / CHANNELS.length);
  const points = Array.from({ length: size }, (_, at): Measurement => {
    // A device that sends one measurement sends another channel each time.
    const channel = size < CHANNELS.length ? second + at : at;
    const time = second * 1e6 + Math.floor((Math.floor(at / CHANNELS.length) * 1e6) / times);
    const value = Math.round(1000 * (20 + 5 * Math.sin(time / 6e8 + channel) + random() / 5)) / 1000;
    return { channel: CHANNELS[channel % CHANNELS.length] ?? '', time, value };
  });
  return encodeMessage({ session: 'bench', seq: second, points }, 'columns');
};

const recordOf = (device: string, second: number, payload: Uint8Array): KinesisStreamRecord => {
  sequence += 12_345_678_901n;
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: `${SITE}/${device}`,
      sequenceNumber: String(sequence),
      data: Buffer.from(payload).toString('base64'),
      approximateArrivalTimestamp: second,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000000:${sequence}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn',
    awsRegion: 'us-east-1',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/bench',
  };
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
  /** Milliseconds that the handler took, all invocations together. */
  readonly millis: number;
  /** Bytes of all messages; and with each rounded up to the 1 KB of Kinesis, and the 5 KB of AWS IoT in units. */
  readonly bytes: number;
  readonly kinesisBytes: number;
  readonly iotUnits: number;
  /** Bytes that the function printed. */
  readonly logged: number;
}

type Handler = (event: KinesisStreamEvent, context: Context) => Promise<KinesisStreamBatchResponse>;

const context = { getRemainingTimeInMillis: () => 60_000 } as Context;

/** Counts what is printed meanwhile instead of printing it. */
const withoutOutput = async <T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly bytes: number }> => {
  const { stdout } = process;
  const write = stdout.write;
  let bytes = 0;
  stdout.write = (text: string | Uint8Array) => {
    bytes += Buffer.byteLength(text);
    return true;
  };
  try {
    return { result: await work(), bytes };
  } finally {
    stdout.write = write;
  }
};

/** Lets `ingest` take what a fleet sends, window by window, at the time at which it would. */
export const runFleet = async (handler: Handler, run: FleetRun): Promise<FleetResult> => {
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
      const begin = performance.now();
      const { result, bytes: printed } = await withoutOutput(() => handler({ Records }, context));
      millis += performance.now() - begin;
      if (result.batchItemFailures.length > 0) throw new Error('the bench lost data');
      logged += printed;
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
