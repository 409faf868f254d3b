/** When a rule is valid: spans of the clock of a time zone, across midnight and the changes of daylight saving time. */
import { type AlertCalendar, WEEKDAYS } from '../../../contracts/resources/alert-rules.ts';
import type { Micros } from '../../../contracts/time.ts';
import { Zone } from '../../../series/buckets/zone.ts';

/** From `opens` on, and no more at `closes`. */
export interface Span {
  readonly opens: Micros;
  readonly closes: Micros;
}

const MILLIS_PER_MINUTE = 60_000;
const WEEK = 7;
/** 1970-01-01 was a Thursday. */
const FIRST_WEEKDAY = 4;

const millisOf = (clock: string): number => {
  const [hours, minutes] = clock.split(':');
  return (Number(hours) * 60 + Number(minutes)) * MILLIS_PER_MINUTE;
};

export class Calendar {
  private readonly zone: Zone;
  private readonly days: ReadonlySet<number>;
  private readonly from: number;
  private readonly to: number;

  constructor({ zone, days, from, to }: AlertCalendar) {
    this.zone = new Zone(zone);
    this.days = new Set(days.map((day) => WEEKDAYS.indexOf(day)));
    this.from = millisOf(from);
    this.to = millisOf(to);
  }

  /** The first span that ends after a time: that which holds it, or the next. */
  next(time: Micros): Span {
    const today = this.zone.dayAt(time);
    for (let day = today - 1; ; day += 1) {
      if (!this.days.has((((day + FIRST_WEEKDAY) % WEEK) + WEEK) % WEEK)) continue;
      const closes = this.zone.instantOf(this.to > this.from ? day : day + 1, this.to);
      if (closes <= time) continue;
      const opens = this.zone.instantOf(day, this.from);
      // What lies within the hour that the clocks leave out is no span.
      if (opens < closes) return { opens, closes };
    }
  }
}

/** Spans that are tried: a delay that is longer than each of a week's fits none. */
const TRIED = 10;

/**
 * When a condition has held for a delay within one span of a calendar.
 * @param since from when on it holds
 * @returns infinity where that never is
 */
export const dueAt = (calendar: Calendar | undefined, since: Micros, delay: Micros): Micros => {
  if (calendar === undefined) return since + delay;
  let from = since;
  for (let tried = 0; tried < TRIED; tried += 1) {
    const { opens, closes } = calendar.next(from);
    const due = Math.max(since, opens) + delay;
    if (due < closes) return due;
    from = closes;
  }
  return Number.POSITIVE_INFINITY;
};
