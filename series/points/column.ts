/** Columns of points as the store keeps them. */

import type { Value } from '../../contracts/messages/message.ts';
import type { Quality } from '../../contracts/quality.ts';
import type { ValueType } from '../../contracts/resources/instrument-types.ts';
import type { Micros } from '../../contracts/time.ts';
import { appendRun, concatOrders, eachOf, type Order, sliceOrder } from './order.ts';

/** Points of one channel; all lists have the same length. */
export interface SeriesColumn {
  readonly channel: string;
  readonly type: ValueType;
  /** UCUM code. */
  readonly unit: string;
  readonly time: readonly Micros[];
  readonly value: readonly Value[];
  /** As judged; `undefined`: all good. */
  readonly quality: readonly Quality[] | undefined;
  /** As the device gave it, where that is still known and not all good. */
  readonly given?: readonly Quality[] | undefined;
  /** Which message each point came with, for compaction; `undefined`: nothing is known of it. */
  readonly order?: Order | undefined;
}

/** Whether a channel's values are numbers. */
export const isNumeric = (type: ValueType): boolean => type === 'number' || type === 'integer';

/** The quality that a device gave: a column that nobody judged has no other. */
export const givenOf = (column: SeriesColumn): readonly Quality[] | undefined =>
  'given' in column ? column.given : column.quality;

/** The points of a column from a place to another, excluded. */
export const sliceColumn = (column: SeriesColumn, from: number, to: number): SeriesColumn => ({
  ...column,
  time: column.time.slice(from, to),
  value: column.value.slice(from, to),
  quality: column.quality?.slice(from, to),
  ...('given' in column ? { given: column.given?.slice(from, to) } : {}),
  ...(column.order === undefined ? {} : { order: sliceOrder(column.order, from, to) }),
});

const concatenate = <T>(lists: readonly (readonly T[])[]): readonly T[] => {
  const [first = []] = lists;
  const none: T[] = [];
  // Not `flatMap`, which looks at each item.
  return lists.length === 1 ? first : none.concat(...lists);
};

const concatQualities = (
  lists: readonly { readonly quality: readonly Quality[] | undefined; readonly points: number }[],
): readonly Quality[] | undefined =>
  lists.some(({ quality }) => quality !== undefined)
    ? concatenate(lists.map(({ quality, points }) => quality ?? new Array<Quality>(points).fill(0)))
    : undefined;

/** Columns of one channel one after the other, in the order of their first points; `undefined` for none. */
export const joinColumns = (columns: readonly SeriesColumn[]): SeriesColumn | undefined => {
  const filled = columns
    .filter(({ time }) => time.length > 0)
    .sort((left, right) => (left.time[0] ?? 0) - (right.time[0] ?? 0));
  const last = columns.at(-1);
  if (last === undefined || filled.length === 1) return filled[0] ?? last;
  const pointsOf = ({ time }: SeriesColumn): number => time.length;
  return {
    channel: last.channel,
    type: last.type,
    unit: last.unit,
    time: concatenate(filled.map(({ time }) => time)),
    value: concatenate(filled.map(({ value }) => value)),
    quality: concatQualities(filled.map((one) => ({ quality: one.quality, points: pointsOf(one) }))),
    given: concatQualities(filled.map((one) => ({ quality: givenOf(one), points: pointsOf(one) }))),
    order: concatOrders(filled.map((one) => ({ order: one.order, points: pointsOf(one) }))),
  };
};

/** A column as it was judged, with nothing of how it came to be. */
export const asJudged = ({ channel, type, unit, time, value, quality }: SeriesColumn): SeriesColumn => ({
  channel,
  type,
  unit,
  time,
  value,
  quality,
});

const isInOrder = (times: readonly Micros[]): boolean => {
  for (let at = 1; at < times.length; at += 1) if ((times[at - 1] ?? 0) > (times[at] ?? 0)) return false;
  return true;
};

/** A column with its points in order of time; points of one time stay in their order. */
export const inOrderOfTime = (column: SeriesColumn): SeriesColumn => {
  const { time, value, quality, order } = column;
  if (isInOrder(time)) return column;
  const places = time.map((_, at) => at).sort((left, right) => (time[left] ?? 0) - (time[right] ?? 0));
  const sorted = <T>(list: readonly T[]): T[] => places.flatMap((at) => list[at] ?? []);
  const given = givenOf(column);
  const each = order === undefined ? undefined : eachOf(order, time.length);
  const runs: number[] = [];
  if (each !== undefined)
    for (const at of places) appendRun(runs, each.rank[at] ?? 0, each.number[at] ?? 0, 1);
  return {
    ...column,
    time: sorted(time),
    value: sorted(value),
    quality: quality === undefined ? undefined : sorted(quality),
    ...('given' in column ? { given: given === undefined ? undefined : sorted(given) } : {}),
    ...(each === undefined ? {} : { order: runs }),
  };
};
