/**
 * Points into the table the short way: an hour as the one chunk that `ingest` could have written, and its task; or a
 * day as the blocks and rollups that `compaction` would have made of it.
 */

import { MICROS_PER_DAY, MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import { EMPTY_ACCOUNT } from '../../../lambdas/domain/ledger/hour-account.ts';
import { EMPTY_LEDGER } from '../../../lambdas/domain/ledger/ledger.ts';
import type { Item } from '../../../lambdas/store/dynamodb/attributes.ts';
import { toBlockItems } from '../../../lambdas/store/measurements/block-item.ts';
import {
  type Measurements,
  toChunkItems,
  toTaskItem,
  writeItems,
} from '../../../lambdas/store/measurements/index.ts';
import { toRollupItems } from '../../../lambdas/store/measurements/rollup-write.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { mergeColumns } from '../../../series/points/merge.ts';
import { encodeColumn } from '../../../series/summaries/column-codec.ts';
import { hourOf, minutesOf, minutesOfDay, withHour } from '../../../series/summaries/rollup.ts';
import type { SummaryRun } from '../../../series/summaries/run.ts';

/** Points of one channel in one hour. */
export interface HourOfChannel {
  readonly device: string;
  readonly channel: string;
  readonly unit: string;
  readonly hour: Micros;
  readonly times: readonly Micros[];
  readonly values: readonly number[];
}

const ITEMS_AT_ONCE = 200;
const LANE = 'bench.0';

const columnOf = ({ channel, unit, times, values }: HourOfChannel): SeriesColumn => ({
  channel,
  type: 'number',
  unit,
  time: times,
  value: values,
  quality: undefined,
});

const itemsOf = (one: HourOfChannel): Item[] => {
  const { device, hour, times } = one;
  const points = times.length;
  const ledger = { ...EMPTY_LEDGER, messages: 1, received: points, stored: points };
  const run = {
    device,
    origin: { shardKey: LANE, first: `${hour}`, count: 1 },
    hours: [{ hour, columns: [columnOf(one)] }],
    ledgerHour: hour,
    ledger,
    messages: [],
  };
  return [...toChunkItems(run), toTaskItem('dirty', device, hour)];
};

/** Writes what is made, so many items at a time. */
const storeAll = async (measurements: Measurements, made: Iterable<readonly Item[]>): Promise<void> => {
  let items: Item[] = [];
  const write = async () => {
    const unwritten = await writeItems(measurements, items, { signal: AbortSignal.timeout(60_000) });
    if (unwritten.size > 0) throw new Error('the store did not take what was to be loaded');
    items = [];
  };
  for (const some of made) {
    items.push(...some);
    if (items.length >= ITEMS_AT_ONCE) await write();
  }
  await write();
};

/** Writes hours as chunks that compaction will find. */
export const storeHours = async (
  measurements: Measurements,
  hours: Iterable<HourOfChannel>,
): Promise<void> => {
  await storeAll(
    measurements,
    (function* () {
      for (const hour of hours) yield itemsOf(hour);
    })(),
  );
};

const KEPT = 10 * 365 * MICROS_PER_DAY;
/** As the first compaction of each hour leaves the version of its block. */
const FIRST = { v: { N: '1' } };

const itemsOfDay = (device: string, day: Micros, hours: readonly HourOfChannel[]): Item[] => {
  const items: Item[] = [];
  const expires = day + KEPT;
  let run: SummaryRun | undefined;
  for (const one of hours) {
    const columns = [columnOf(one)];
    const account = { ...EMPTY_ACCOUNT, ledger: { ...EMPTY_LEDGER, messages: 1, stored: one.times.length } };
    const block = toBlockItems(device, one.hour, { version: 1, columns, reach: {}, account, expires });
    items.push(block.head, ...block.parts);
    run = withHour(
      run,
      hourOf(columns, one.hour, () => 'continuous'),
    );
  }
  const rollup = (range: SummaryRun, more: Item): void => {
    const columns = range.columns.map((column) => encodeColumn(range, column));
    const { head, parts } = toRollupItems({ device, range, columns }, more, expires);
    items.push(head, ...parts);
  };
  const blocks = hours.map(({ hour }) => [String((hour - day) / MICROS_PER_HOUR), 1] as const);
  if (run !== undefined) rollup(run, { ...FIRST, h: { S: JSON.stringify(Object.fromEntries(blocks)) } });
  const columns = mergeColumns(hours.map((one) => [columnOf(one)]));
  const minutes = columns.map((column) => minutesOf(column, day, () => 'continuous'));
  rollup({ ...minutesOfDay(day), columns: minutes }, FIRST);
  return items;
};

/**
 * Writes days of a device as compaction and archiving leave them, but for the archive.
 * @param days each with its hours, in order of time
 */
export const storeDays = async (
  measurements: Measurements,
  device: string,
  days: Iterable<{ readonly day: Micros; readonly hours: readonly HourOfChannel[] }>,
): Promise<void> => {
  await storeAll(
    measurements,
    (function* () {
      for (const { day, hours } of days) yield itemsOfDay(device, day, hours);
    })(),
  );
};
