/** Points that come in while one looks: columns whose end is replaced again and again. */
import type { SeriesColumns } from '../charts/curves.ts';

const timesOf = (columns: SeriesColumns): readonly unknown[] => columns['t'] ?? [];

const sliced = (columns: SeriesColumns, from: number, to?: number): SeriesColumns =>
  Object.fromEntries(Object.entries(columns).map(([name, list]) => [name, list.slice(from, to)]));

/** First place whose time is not before `time`; times rise. */
const placeOf = (columns: SeriesColumns, time: number): number => {
  const times = timesOf(columns);
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Date.parse(String(times[middle])) < time) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The newest time, in milliseconds. */
export const newestOf = (columns: SeriesColumns): number | undefined => {
  const last = timesOf(columns).at(-1);
  return last === undefined ? undefined : Date.parse(String(last));
};

/**
 * Puts a later answer over the end of an earlier one, and lets go of what is before the range.
 * @param since first time that `tail` speaks of: all from there on is replaced by it
 * @param keepFrom what is earlier is left out
 */
export const withTail = (
  columns: SeriesColumns,
  tail: SeriesColumns,
  since: number,
  keepFrom: number,
): SeriesColumns => {
  const kept = sliced(columns, placeOf(columns, keepFrom), placeOf(columns, since));
  const names = new Set([...Object.keys(columns), ...Object.keys(tail)]);
  const filled = (from: SeriesColumns, name: string): SeriesColumns[string] =>
    from[name] ?? timesOf(from).map(() => null);
  return Object.fromEntries([...names].map((name) => [name, [...filled(kept, name), ...filled(tail, name)]]));
};
