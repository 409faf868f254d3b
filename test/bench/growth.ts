/**
 * How queries change as a device's data grow: 10⁵, 10⁶, 10⁷ points of one channel at 1 Hz, in whole days, asked of the
 * exported handler of `query-api` over the local DynamoDB and S3. The same questions are asked at each size. Older days
 * are added from step to step: the newest days go through `compaction`, the others are written as it would leave them.
 * `--scale 10` goes on to 10⁸, which takes some minutes and 1 GB.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { instrumentType } from '../../contracts/resources/instrument-types.ts';
import { encodeMessage } from '../../payload/encode.ts';
import { type AskHandler, openHandler } from './aws/ask-handler.ts';
import { ARCHIVE_AT_ONCE, callCompaction, compactAll } from './aws/compact.ts';
import { type HourOfChannel, storeDays, storeHours } from './aws/load.ts';
import { callsOf, MEASUREMENTS, type Meter, REGISTRY, startMeter, type Usage } from './aws/meter.ts';
import { recordOf, take } from './aws/records.ts';
import { MADE, putRegistry } from './aws/registry.ts';
import { atMost, type Figure, inform } from './figure.ts';
import { DAY, type Extent, extentOf, HOUR, hourOf } from './peers/data.ts';

const BENCH = 'growth';
const DEVICE = 'sensor';
const CHANNEL = 'temp';
const POINTS_A_DAY = 86_400;
const SIZES = [1e5, 1e6, 1e7];
const LARGEST = 1e7;
const ROUNDS = 11;
const WARM_UP = 10;
/** How much a time may grow while the store grows a hundredfold: the precision of the measurement. */
const FLAT = 1.5;

const TYPE = instrumentType.parse({
  id: 'bench',
  name: 'Bench',
  version: 1,
  ...MADE,
  channels: { [CHANNEL]: { unit: 'Cel', type: 'number', kind: 'continuous' } },
});

const HOURS_OF_DAY = DAY / HOUR;

/** Hours of a day; days are counted back from the end. */
const hoursOfDay = (extent: Extent, number: number): HourOfChannel[] =>
  Array.from({ length: HOURS_OF_DAY }, (_, hour) => {
    const start = extent.end - (number + 1) * DAY + hour * HOUR;
    const { times, values } = hourOf(extent, 0, start);
    return {
      device: DEVICE,
      channel: CHANNEL,
      unit: 'Cel',
      hour: start * 1000,
      times: Array.from(times, (time) => time * 1000),
      values: Array.from(values),
    };
  });

/** Days back from the end, the newest first. */
function* daysOf(extent: Extent, from: number, to: number) {
  for (let number = from; number < to; number += 1)
    yield { day: (extent.end - (number + 1) * DAY) * 1000, hours: hoursOfDay(extent, number) };
}

interface Question {
  readonly name: string;
  readonly path: string;
  /** Whether the answer keeps its length while the store grows. */
  readonly fixed: boolean;
}

const series = (from: number, to: number, more: Readonly<Record<string, string>> = {}): string => {
  const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const fields = { channels: CHANNEL, layout: 'columns', limit: '50000', ...range, ...more };
  return `/v1/devices/${DEVICE}/series?${new URLSearchParams(fields)}`;
};

const questionsOf = ({ end }: Extent, days: number): Question[] => [
  { name: 'latest', path: `/v1/devices/${DEVICE}/latest`, fixed: true },
  { name: 'an hour of points', path: series(end - 3 * HOUR, end - 2 * HOUR), fixed: true },
  { name: 'a day by minute', path: series(end - DAY, end, { every: 'PT1M', agg: 'mean' }), fixed: true },
  { name: 'all by day', path: series(end - days * DAY, end, { every: 'P1D', agg: 'mean' }), fixed: false },
];

interface Asked {
  readonly millis: number;
  /** The fastest round, which other programs have disturbed least. */
  readonly fastest: number;
  readonly usage: Usage;
  /** Bytes of the answer. */
  readonly bytes: number;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const measure = async (meter: Meter, ask: AskHandler, path: string): Promise<Asked> => {
  meter.read();
  const { length } = await ask(path);
  const usage = meter.read();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    const start = performance.now();
    await ask(path);
    if (round >= WARM_UP) times.push(performance.now() - start);
  }
  return { millis: median(times), fastest: Math.min(...times), usage, bytes: length };
};

/** Checks that every point is there, and the mean of the oldest day, which was written without `compaction`. */
const check = async (ask: AskHandler, extent: Extent, days: number): Promise<void> => {
  const path = series(extent.end - days * DAY, extent.end, { every: 'P1D', agg: 'count,mean' });
  const { columns } = JSON.parse((await ask(path)).toString()) as {
    readonly columns: { readonly count: readonly number[]; readonly mean: readonly number[] };
  };
  const points = columns.count.reduce((sum, count) => sum + count, 0);
  if (points !== days * POINTS_A_DAY) throw new Error(`${points} points of ${days} days are there`);
  const values = hoursOfDay(extent, days - 1).flatMap((hour) => hour.values);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const [told = Number.NaN] = columns.mean;
  if (!(Math.abs(told - mean) < 1e-9)) throw new Error(`the mean of the oldest day is ${mean}, not ${told}`);
};

const power = (points: number): string => `10^${Math.log10(points).toFixed(0)}`;

/** Sends the newest point through `ingest`, which stores it as the latest. */
const ingestLast = async (extent: Extent): Promise<void> => {
  const { handler } = await import('../../lambdas/functions/ingest/handler.ts');
  const { times, values } = hourOf(extent, 0, extent.end - HOUR);
  const point = { channel: CHANNEL, time: (times.at(-1) ?? 0) * 1000, value: values.at(-1) ?? 0 };
  const payload = encodeMessage({ session: 'bench', seq: 1, points: [point] }, 'rows');
  await take(handler, [recordOf(DEVICE, Math.floor(Date.now() / 1000), payload)]);
};

/**
 * Runs the benches of this file.
 * @param scale the largest store, in 10⁷ points
 */
export const run = async ({
  scale = 1,
}: {
  readonly scale?: number | undefined;
} = {}): Promise<readonly Figure[]> => {
  await using meter = await startMeter();
  Object.assign(process.env, { ...ARCHIVE_AT_ONCE, POWERTOOLS_METRICS_DISABLED: 'true', LOG_LEVEL: 'ERROR' });
  const client = new DynamoDBClient({});
  await putRegistry(client, REGISTRY, TYPE, [DEVICE]);
  const ask = await openHandler();
  const extent = extentOf(1);
  await ingestLast(extent);
  const sizes = [...SIZES, ...(scale >= 10 ? [1e8] : [])].filter((size) => size <= scale * LARGEST);
  const figures: Figure[] = [];
  const first = new Map<string, Asked>();
  let loaded = 0;
  for (const size of sizes) {
    const days = Math.ceil(size / POINTS_A_DAY);
    const begin = performance.now();
    const store = { client, table: MEASUREMENTS };
    if (loaded === 0) {
      for (const { hours } of daysOf(extent, 0, days)) await storeHours(store, hours);
      await compactAll(callCompaction);
    } else await storeDays(store, DEVICE, daysOf(extent, loaded, days));
    loaded = days;
    figures.push(inform(BENCH, `loading up to ${power(size)}`, (performance.now() - begin) / 1000, 's'));
    await check(ask, extent, days);
    for (const { name, path, fixed } of questionsOf(extent, days)) {
      const asked = await measure(meter, ask, path);
      const title = `${name}, ${power(size)} stored`;
      figures.push(
        inform(BENCH, title, asked.millis, 'ms'),
        inform(BENCH, `${title}: calls of DynamoDB`, callsOf(asked.usage, 'dynamodb'), 'calls'),
        inform(BENCH, `${title}: calls of S3`, callsOf(asked.usage, 's3'), 'calls'),
        inform(BENCH, `${title}: read`, asked.usage.readUnits, 'units'),
        inform(BENCH, `${title}: answered`, asked.bytes, 'bytes'),
      );
      const before = first.get(name);
      first.set(name, before ?? asked);
      if (before === undefined || size !== sizes.at(-1)) continue;
      const [time, units] = [asked.fastest / before.fastest, asked.usage.readUnits / before.usage.readUnits];
      const growth = `${name}, from ${power(sizes[0] ?? 0)} to ${power(size)}`;
      if (fixed)
        figures.push(
          atMost(BENCH, `${growth}: time`, time, 'times', FLAT),
          atMost(BENCH, `${growth}: units`, units, 'times', 1),
        );
      else {
        const answer = asked.bytes / before.bytes;
        figures.push(
          inform(BENCH, `${growth}: answer`, answer, 'times'),
          atMost(BENCH, `${growth}: time over answer`, time / answer, 'times', FLAT),
          atMost(BENCH, `${growth}: units over answer`, units / answer, 'times', FLAT),
        );
      }
    }
  }
  client.destroy();
  return figures;
};
