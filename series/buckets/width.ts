/**
 * Time buckets of one width.
 *
 * - Months and years: calendar months, counted from 1970-01.
 * - Whole days: calendar days, counted from 1970-01-01; whole weeks from Monday, 1970-01-05 (ISO 8601).
 * - Anything with hours, minutes or seconds: counted from 1970-01-01T00:00:00Z in every time zone.
 *
 * Days and months follow the calendar of a time zone: a day has 23 or 25 hours when clocks change.
 */
import {
  type Duration,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  type Micros,
} from '../../contracts/time.ts';
import { type Days, UTC_DAYS } from './zone.ts';

/** An interval of time `[start, end)`. */
export interface Interval {
  readonly start: Micros;
  readonly end: Micros;
}

/** How time is cut into buckets. */
export interface Grid {
  /** The bucket that holds a time. */
  at(time: Micros): Interval;
  /** Whether a bucket can be shorter than an hour. */
  readonly isBelowHour: boolean;
  /** The widest of hour and minute that every bucket of a range consists of; `undefined` when neither does. */
  window(from: Micros, to: Micros): Micros | undefined;
}

/** Whether a duration can be the width of buckets: months do not mix with days and clock time. */
export const isBucketWidth = ({ months, days, micros }: Duration): boolean =>
  months === 0 || (days === 0 && micros === 0);

const DAYS_OF_WEEK = 7;
/** 1970-01-05, the first Monday. */
const FIRST_MONDAY = 4;
const MILLIS_PER_DAY = 86_400_000;
/** Buckets of a time zone whose borders are checked one by one: twenty years of days. */
const MOST_CHECKED = 7500;
const WINDOWS = [MICROS_PER_HOUR, MICROS_PER_MINUTE] as const;

const monthOfDay = (day: number): number => {
  const date = new Date(day * MILLIS_PER_DAY);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
};
const dayOfMonth = (month: number): number => Date.UTC(1970, month) / MILLIS_PER_DAY;

const clockGrid = (micros: Micros): Grid => ({
  at: (time) => {
    const start = Math.floor(time / micros) * micros;
    return { start, end: start + micros };
  },
  isBelowHour: micros < MICROS_PER_HOUR,
  window: () => WINDOWS.find((window) => micros % window === 0),
});

/** Buckets of whole days. @param firstOf first day of the bucket that holds a day @param nextOf first day of the next */
const dayGrid = (days: Days, firstOf: (day: number) => number, nextOf: (first: number) => number): Grid => {
  // Times come in order: most lie in the bucket of the one before.
  let last: Interval = { start: 0, end: 0 };
  const at = (time: Micros): Interval => {
    if (time >= last.start && time < last.end) return last;
    const first = firstOf(days.dayAt(time));
    last = { start: days.startOf(first), end: days.startOf(nextOf(first)) };
    return last;
  };
  let checked:
    | { readonly from: Micros; readonly to: Micros; readonly window: Micros | undefined }
    | undefined;
  return {
    at,
    isBelowHour: false,
    window: (from, to) => {
      if (days === UTC_DAYS) return MICROS_PER_HOUR;
      if (checked?.from === from && checked.to === to) return checked.window;
      let window: Micros | undefined = MICROS_PER_HOUR;
      let left = MOST_CHECKED;
      for (let bucket = at(from); bucket.start < to && window !== undefined; bucket = at(bucket.end)) {
        if (--left < 0) window = undefined;
        while (window !== undefined && (bucket.start % window !== 0 || bucket.end % window !== 0))
          window = window === MICROS_PER_HOUR ? MICROS_PER_MINUTE : undefined;
      }
      checked = { from, to, window };
      return window;
    },
  };
};

/**
 * Buckets of a width for which {@link isBucketWidth} holds.
 * @param days days of the time zone whose calendar they follow; of UTC when absent
 */
export const gridOf = ({ months, days: count, micros }: Duration, days: Days = UTC_DAYS): Grid => {
  if (months > 0)
    return dayGrid(
      days,
      (day) => dayOfMonth(Math.floor(monthOfDay(day) / months) * months),
      (first) => dayOfMonth(monthOfDay(first) + months),
    );
  if (micros > 0) return clockGrid(count * MICROS_PER_DAY + micros);
  const origin = count % DAYS_OF_WEEK === 0 ? FIRST_MONDAY : 0;
  return dayGrid(
    days,
    (day) => Math.floor((day - origin) / count) * count + origin,
    (first) => first + count,
  );
};
