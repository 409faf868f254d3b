/** Time columns that channels share because they were measured together. */
import type { Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from '../points/column.ts';

const sameTimes = (left: readonly Micros[], right: readonly Micros[]): boolean => {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) {
    const time = left[at] ?? 0;
    if (time !== right[at] || (time === 0 && !Object.is(time, right[at]))) return false;
  }
  return true;
};

/**
 * Finds the different time columns.
 * @returns them as clocks, and for each column the index of its clock
 * @throws {RangeError} for a column with more or fewer values than times
 */
export const placeClocks = (
  columns: readonly SeriesColumn[],
): { readonly clocks: readonly (readonly Micros[])[]; readonly places: readonly number[] } => {
  const clocks: (readonly Micros[])[] = [];
  const places = columns.map(({ time, value }) => {
    if (value.length !== time.length) throw new RangeError('as many values as times');
    const place = clocks.findIndex((clock) => sameTimes(clock, time));
    return place >= 0 ? place : clocks.push(time) - 1;
  });
  return { clocks, places };
};
