/**
 * What a million measurements cost: DynamoDB capacity units of `ingest`, `compaction` and archiving, beside one item a
 * measurement; and dollars of all parts.
 *
 * Devices have five channels, each a slow sinusoid with noise over 200 steps of its last digit, and send a message a
 * second with 1, 10 or 100 measurements. Units are those of an hour of two devices, with batching windows of 5 s, of
 * the settings of `prod`, and of 60 s. The target is for the window of `prod`. The constants of `labgate cost` come
 * from here, and its write units must agree with what is measured.
 *
 * The time of functions is processor time on this computer, in batches of a hundred devices, and a fixed time of
 * waiting for answers. Dollars leave out what is paid by the hour (the stream) and by the month (storage, keys).
 */
import {
  BatchWriteItemCommand,
  DynamoDBClient,
  QueryCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { estimate } from '../../bin/cli/cost/estimate.ts';
import { PRICES } from '../../bin/cli/cost/prices.ts';
import { readHours } from '../../lambdas/store/measurements/index.ts';
import { readSettings } from '../../lib/settings.ts';
import { callCompaction, compactAll } from './aws/compact.ts';
import { type Dollars, dollarsOf } from './aws/dollars.ts';
import { type FleetResult, processorMillis, registerFleet, runFleet, withoutOutput } from './aws/fleet.ts';
import { callsOf, MEASUREMENTS, type Meter, startMeter, type Usage } from './aws/meter.ts';
import type { Ingest } from './aws/records.ts';
import { atLeast, atMost, type Figure, inform } from './figure.ts';

const BENCH = 'capacity';
const SIZES = [1, 10, 100] as const;
const HOUR = 3600;
const DEVICES = 2;
const TIMED_DEVICES = 100;
const TIMED_BATCHES = 4;
const START = Date.parse('2026-03-01T10:00:00Z') / 1000;
/** When the hour is due for compaction, and when its day is due for the archive. */
const COMPACTED = START + 3 * HOUR;
const ARCHIVED = START + 72 * HOUR;
const SINGLE_ITEMS = 10_000;
const MILLION = 1e6;
/** Write units with one item a measurement, over ours. */
const TARGET = 200;

/** Relative error of `labgate cost` in write units, at most. */
const MODEL_OFF = 0.25;

const { ingest: settings } = readSettings('prod', new URL('../../settings/', import.meta.url));
const WINDOWS = [...new Set([5, settings.batchingWindowSeconds, 60])];

interface Units {
  readonly write: number;
  readonly read: number;
}

/** One item a measurement, written and read again: units a million. */
const singleItems = async (meter: Meter): Promise<Units> => {
  const client = new DynamoDBClient({});
  const pk = { S: 'sensor-1#temp' };
  const items = Array.from({ length: SINGLE_ITEMS }, (_, at) => ({
    pk,
    sk: { S: new Date((START + at) * 1000).toISOString() },
    v: { N: `${20 + (at % 1000) / 1000}` },
    q: { N: '0' },
  }));
  meter.read();
  for (let at = 0; at < items.length; at += 25) {
    const part = items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [MEASUREMENTS]: part } }));
  }
  const { writeUnits } = meter.read();
  let start: QueryCommandOutput['LastEvaluatedKey'];
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand({
        TableName: MEASUREMENTS,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
        ConsistentRead: true,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  const { readUnits } = meter.read();
  client.destroy();
  return { write: (writeUnits * MILLION) / SINGLE_ITEMS, read: (readUnits * MILLION) / SINGLE_ITEMS };
};

/** Runs with a clock that stands at a given second. */
const atTime = async <T>(second: number, work: () => Promise<T>): Promise<T> => {
  const now = Date.now;
  Date.now = () => second * 1000;
  try {
    return await work();
  } finally {
    Date.now = now;
  }
};

/** Units and calls of S3. */
interface Spent {
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly puts: number;
}

const HOURS_OF_DAY = 24;

/**
 * What archiving costs an hour. The bench archives a day that has one hour; a full day shares the fixed cost by 24.
 * @param day cost of archiving a day that is nearly empty: the fixed cost
 */
const sharedByHours = (usage: Usage, day: Usage): Spent => {
  const share = (whole: number, once: number) => whole - once + once / HOURS_OF_DAY;
  return {
    writeUnits: share(usage.writeUnits, day.writeUnits),
    readUnits: share(usage.readUnits, day.readUnits),
    puts: callsOf(usage, 's3') / HOURS_OF_DAY,
  };
};

interface Compacted {
  readonly usage: Usage;
  readonly millis: number;
  readonly invocations: number;
  readonly logged: number;
}

/** Calls `compaction` until nothing is left to do. */
const compact = async (meter: Meter, second: number): Promise<Compacted> => {
  meter.read();
  const begin = processorMillis();
  let invocations = 0;
  const logged = await withoutOutput(async () => {
    invocations = await compactAll(() => atTime(second, callCompaction));
  });
  return { usage: meter.read(), millis: processorMillis() - begin, invocations, logged };
};

interface Hour {
  readonly fleet: FleetResult;
  readonly ingest: Usage;
  readonly compaction: Compacted;
  /** Writing the archive. */
  readonly archiving: Compacted & { readonly spent: Spent };
  /** Reading all points once. */
  readonly reading: Usage;
}

let fleets = 0;
const newFleet = async (count: number): Promise<string[]> => {
  fleets += 1;
  const devices = Array.from({ length: count }, (_, at) => `sensor-${fleets}-${at}`);
  await registerFleet(devices);
  return devices;
};

/** The cost of archiving a day that is nearly empty. */
const measureDay = async (meter: Meter, ingest: Ingest): Promise<Usage> => {
  const devices = await newFleet(DEVICES);
  await runFleet(ingest, { devices, start: START, seconds: 1, size: 1, window: 1 });
  await compact(meter, COMPACTED);
  return (await compact(meter, ARCHIVED)).usage;
};

const measureHour = async (
  meter: Meter,
  ingest: Ingest,
  size: number,
  window: number,
  day: Usage,
): Promise<Hour> => {
  const devices = await newFleet(DEVICES);
  meter.read();
  const fleet = await runFleet(ingest, { devices, start: START, seconds: HOUR, size, window });
  const usage = meter.read();
  const compaction = await compact(meter, COMPACTED);
  const client = new DynamoDBClient({});
  let points = 0;
  const range = { from: START * 1e6, to: (START + HOUR) * 1e6 };
  for (const device of devices)
    for await (const { columns } of readHours({ client, table: MEASUREMENTS }, device, range))
      for (const { time } of columns) points += time.length;
  client.destroy();
  if (points !== fleet.measurements) throw new Error(`${points} of ${fleet.measurements} are stored`);
  const reading = meter.read();
  const archiving = await compact(meter, ARCHIVED);
  const spent = sharedByHours(archiving.usage, day);
  return { fleet, ingest: usage, compaction, archiving: { ...archiving, spent }, reading };
};

/** Times `ingest` in batches of many devices. */
const measureTime = async (ingest: Ingest, size: number, window: number) => {
  const devices = await newFleet(TIMED_DEVICES);
  const run = { devices, size, window };
  await runFleet(ingest, { ...run, start: START, seconds: window });
  return runFleet(ingest, { ...run, start: START + window, seconds: TIMED_BATCHES * window });
};

const sum = (values: readonly number[]): number => values.reduce((left, right) => left + right, 0);

const GB_OF_FUNCTION = settings.memoryMegabytes / 1024;
/** Seconds that an invocation waits for answers of AWS. */
const WAIT_SECONDS = 0.02;
/** Bytes that Lambda itself logs for an invocation: start and report, as JSON. */
const PLATFORM_LOG = 700;

const dollarsOfMillion = ({ fleet, ingest, compaction, archiving }: Hour, timed: FleetResult): Dollars => {
  const factor = MILLION / fleet.measurements;
  const timedFactor = MILLION / timed.measurements;
  const used = [ingest, compaction.usage, archiving.spent];
  const invocations = timed.invocations * timedFactor + compaction.invocations * factor;
  const working = timed.millis * timedFactor + (compaction.millis + archiving.millis) * factor;
  const seconds = working / 1000 + invocations * WAIT_SECONDS;
  return dollarsOf({
    iotUnits: fleet.iotUnits * factor,
    connectedMinutes: (fleet.messages * factor) / 60,
    streamBytesIn: fleet.kinesisBytes * factor,
    streamBytesOut: fleet.bytes * factor,
    invocations,
    lambdaGbSeconds: seconds * GB_OF_FUNCTION,
    writeUnits: sum(used.map(({ writeUnits }) => writeUnits)) * factor,
    readUnits: sum(used.map(({ readUnits }) => readUnits)) * factor,
    s3Puts: archiving.spent.puts * factor,
    logBytes: timed.logged * timedFactor + compaction.logged * factor + invocations * PLATFORM_LOG,
  });
};

/** Write units a million measurements, as `labgate cost` estimates them. */
const unitsOfModel = (size: number, windowSeconds: number): number => {
  const sent = { rate: size, batch: size, basicIngest: false, acks: false } as const;
  const kept = { stream: 'on-demand', windowSeconds, hotDays: 30, years: 5 } as const;
  const lab = { devices: DEVICES, ...sent, ...kept, requests: 0, firewall: false, programs: 0 };
  const { lines, measurements } = estimate(lab);
  const written = lines.filter(({ unit }) => unit === PRICES.dynamoWrite.unit).map(({ units }) => units);
  return (sum(written) * MILLION) / measurements;
};

const figuresOf = (size: number, window: number, hour: Hour, timed: FleetResult, single: Units): Figure[] => {
  const title = `batches of ${size}, window ${window} s`;
  const target = size === Math.max(...SIZES) && window === settings.batchingWindowSeconds;
  const { fleet, ingest, compaction, archiving, reading } = hour;
  const written = ingest.writeUnits + compaction.usage.writeUnits + archiving.spent.writeUnits;
  const factor = MILLION / fleet.measurements;
  const units = (name: string, value: number) =>
    inform(BENCH, `${title}: ${name}`, value * factor, 'units/million');
  const fewer = single.write / (written * factor);
  const day = archiving.spent.writeUnits / archiving.usage.writeUnits;
  const parts = (name: string, usage: Usage, share = 1): Figure[] =>
    [...usage.parts].map(([part, value]) => units(`${name}: ${part}`, value * share));
  const name = `${title}: write units, one item a measurement over ours`;
  const { messaging, ...rest } = dollarsOfMillion(hour, timed);
  const others = sum(Object.values(rest));
  return [
    units('written by ingest', ingest.writeUnits),
    ...parts('ingest', ingest),
    units('written by compaction', compaction.usage.writeUnits),
    ...parts('compaction', compaction.usage),
    units('written by archiving', archiving.spent.writeUnits),
    ...parts('archiving', archiving.usage, day),
    units('read by ingest', ingest.readUnits),
    units('read by compaction', compaction.usage.readUnits),
    units('read by archiving', archiving.spent.readUnits),
    atMost(
      BENCH,
      `${title}: how far labgate cost is off in write units`,
      Math.abs(unitsOfModel(size, window) / (written * factor) - 1),
      'parts of 1',
      MODEL_OFF,
    ),
    inform(BENCH, `${title}: message`, fleet.bytes / fleet.messages, 'bytes'),
    inform(BENCH, `${title}: ingest`, (timed.millis * 1000) / timed.measurements, 'µs/measurement'),
    inform(
      BENCH,
      `${title}: compaction and archiving`,
      ((compaction.millis + archiving.millis) * 1000) / fleet.measurements,
      'µs/measurement',
    ),
    target ? atLeast(BENCH, name, fewer, 'times', TARGET) : inform(BENCH, name, fewer, 'times'),
    units('read by whoever wants all points', reading.readUnits),
    inform(BENCH, `${title}: read units, likewise`, single.read / (reading.readUnits * factor), 'times'),
    ...Object.entries(rest).map(([part, value]) => inform(BENCH, `${title}: ${part}`, value, 'USD/million')),
    inform(BENCH, `${title}: all, by Basic Ingest`, others, 'USD/million'),
    inform(BENCH, `${title}: all, through the broker`, others + messaging, 'USD/million'),
  ];
};

/** Runs the benches of this file. */
export const run = async (): Promise<readonly Figure[]> => {
  await using meter = await startMeter();
  Object.assign(process.env, { LOG_LEVEL: 'INFO' });
  const { handler: ingest } = await import('../../lambdas/functions/ingest/handler.ts');
  const single = await singleItems(meter);
  const figures = [
    inform(BENCH, 'one item a measurement: written', single.write, 'units/million'),
    inform(BENCH, 'one item a measurement: read', single.read, 'units/million'),
  ];
  const day = await measureDay(meter, ingest);
  for (const size of SIZES)
    for (const window of WINDOWS) {
      const hour = await measureHour(meter, ingest, size, window, day);
      const timed = await measureTime(ingest, size, window);
      // Otherwise the next run of compaction would be charged for these, too.
      await compact(meter, ARCHIVED);
      figures.push(...figuresOf(size, window, hour, timed, single));
    }
  return figures;
};
