/**
 * Buckets of time of one width.
 *
 * A width of months or years counts calendar months from 1970-01, one of whole days counts calendar days; both
 * follow the days of a time zone, so that a day has 23 or 25 hours when its clocks change. Days count from
 * 1970-01-01, and in whole weeks from Monday, 1970-01-05 (ISO 8601). Any width with a part of clock time counts
 * from 1970-01-01T00:00:00Z in every zone.
 */
import {
  type Duration,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  type Micros,
} from '../../contracts/time.ts';
import { type Days, UTC_DAYS } from './zone.ts';

/** A bucket `[start, end)`. */
export interface Span {
  readonly start: Micros;
  readonly end: Micros;
}

/** How time is cut into buckets. */
export interface Grid {
  /** The bucket that a time falls into. */
  at(time: Micros): Span;
  /** Whether a bucket can be shorter than an hour. */
  readonly fine: boolean;
  /** The greatest of hour and minute that every bucket of a range is made of; `undefined` when neither is. */
  window(from: Micros, to: Micros): Micros | undefined;
}

/** Whether buckets of this width can be aligned: months do not mix with days and clock time. */
export const isBucketWidth = ({ months, days, micros }: Duration): boolean =>
  months === 0 || (days === 0 && micros === 0);

const DAYS_OF_WEEK = 7;
/** 1970-01-05, the first Monday. */
const FIRST_MONDAY = 4;
const MILLIS_PER_DAY = 86_400_000;
/** Buckets of a zone that are looked at, one by one: twenty years of days. */
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
  fine: micros < MICROS_PER_HOUR,
  window: () => WINDOWS.find((window) => micros % window === 0),
});

/** Buckets of whole days, from the first day of each. */
const dayGrid = (days: Days, firstOf: (day: number) => number, nextOf: (first: number) => number): Grid => {
  // Times come in order: most lie in the bucket of the one before.
  let last: Span = { start: 0, end: 0 };
  const at = (time: Micros): Span => {
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
    fine: false,
    window: (from, to) => {
      if (days === UTC_DAYS) return MICROS_PER_HOUR;
      if (checked?.from === from && checked.to === to) return checked.window;
      let window: Micros | undefined = MICROS_PER_HOUR;
      let left = MOST_CHECKED;
      for (let span = at(from); span.start < to && window !== undefined; span = at(span.end)) {
        if (--left < 0) window = undefined;
        while (window !== undefined && (span.start % window !== 0 || span.end % window !== 0))
          window = window === MICROS_PER_HOUR ? MICROS_PER_MINUTE : undefined;
      }
      checked = { from, to, window };
      return window;
    },
  };
};

/**
 * Buckets of a width.
 * @param days days of the zone whose calendar counts; those of UTC when absent
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
