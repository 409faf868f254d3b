/** Ticks of a time axis in a zone, right also where its clock jumps. */
import { instantOf, wallOf } from './zone.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Steps within a day, in milliseconds. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
];
const DAYS = [1, 2, 5, 10];
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120];

export interface Tick {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly label: string;
}

/** Instants at equal walls from midnight on; equal instants where the step is an hour at most. */
const within = (from: number, to: number, step: number, zone: string): number[] => {
  const ticks: number[] = [];
  if (step <= HOUR) {
    const offset = wallOf(from, zone) - from;
    const first = Math.ceil((from + offset) / step) * step - offset;
    for (let at = first; at <= to; at += step) ticks.push(at);
    return ticks;
  }
  const end = wallOf(to, zone) + DAY;
  for (let wall = Math.floor(wallOf(from, zone) / DAY) * DAY; wall <= end; wall += step) {
    const at = instantOf(wall, zone);
    // A wall that the clock jumps over has no instant.
    if (at >= from && at <= to && wallOf(at, zone) === wall) ticks.push(at);
  }
  return ticks;
};

const ofDays = (from: number, to: number, days: number, zone: string): number[] => {
  const ticks: number[] = [];
  const start = new Date(wallOf(from, zone));
  for (let month = 0; ; month += 1) {
    for (let day = 1; day <= 31; day += days) {
      const wall = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + month, day);
      // Not two ticks on each other at the end of a month.
      if (new Date(wall).getUTCDate() !== day || (days > 1 && day > 31 - days / 2)) continue;
      const at = instantOf(wall, zone);
      if (at > to) return ticks;
      if (at >= from) ticks.push(at);
    }
  }
};

const ofMonths = (from: number, to: number, months: number, zone: string): number[] => {
  const ticks: number[] = [];
  const start = new Date(wallOf(from, zone));
  const first = start.getUTCFullYear() * 12 + start.getUTCMonth();
  for (let month = Math.floor(first / months) * months; ; month += months) {
    const at = instantOf(Date.UTC(Math.floor(month / 12), month % 12), zone);
    if (at > to) return ticks;
    if (at >= from) ticks.push(at);
  }
};
const labelOf = (at: number, before: number | undefined, span: number, zone: string): string => {
  const text = new Date(wallOf(at, zone)).toISOString();
  const dayBefore =
    before === undefined ? undefined : new Date(wallOf(before, zone)).toISOString().slice(0, 10);
  if (span >= 28 * DAY) return text.slice(0, 7);
  if (span >= DAY) return text.slice(5, 10);
  const clock = text.slice(11, span >= MINUTE ? 16 : span >= SECOND ? 19 : 23);
  return text.slice(0, 10) === dayBefore ? clock : `${clock}\n${text.slice(0, 10)}`;
};

/**
 * Ticks of a time axis.
 * @param from first time, in milliseconds
 * @param to last time, in milliseconds
 * @param most so many at most
 * @param zone IANA time zone whose clock the ticks follow
 */
export const ticksOf = (from: number, to: number, most: number, zone: string): Tick[] => {
  const least = (to - from) / Math.max(1, most);
  const step = STEPS.find((each) => each >= least);
  const days = DAYS.find((each) => each * DAY >= least);
  const months = MONTHS.find((each) => each * 30.5 * DAY >= least) ?? Math.ceil(least / (365 * DAY)) * 12;
  const [at, span] =
    step !== undefined
      ? [within(from, to, step, zone), step]
      : days !== undefined
        ? [ofDays(from, to, days, zone), days * DAY]
        : [ofMonths(from, to, months, zone), months * 28 * DAY];
  return at.map((each, place) => ({ at: each, label: labelOf(each, at[place - 1], span, zone) }));
};
