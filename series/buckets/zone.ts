/**
 * Days of a time zone, from the IANA rules that the runtime carries (`Intl.DateTimeFormat`).
 *
 * A day begins at its first instant: at midnight; where midnight comes twice, at the first; where a change of the
 * clock leaves midnight out, at that change.
 */
import { MICROS_PER_DAY, type Micros } from '../../contracts/time.ts';

const MILLIS_PER_DAY = 86_400_000;
const MICROS_PER_MILLI = 1000;

/** As the runtime writes offsets: GMT, GMT+01:00, GMT-00:01:15. */
const OFFSET = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/;

/** Days of a time zone, numbered from 1970-01-01 of that zone. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;

  /** @throws {RangeError} for a name that is not in the IANA database */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  /** Offset of the clocks from UTC at a time, both in milliseconds. */
  #offset(millis: number): number {
    const name = this.#format.formatToParts(millis).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const match = OFFSET.exec(name);
    if (match === null) throw new RangeError(`the runtime writes an offset as ${name}`);
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
    const magnitude = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
    return sign === '-' ? -magnitude : magnitude;
  }

  /** The day that a time falls into. */
  dayAt(time: Micros): number {
    const millis = Math.floor(time / MICROS_PER_MILLI);
    const day = Math.floor((millis + this.#offset(millis)) / MILLIS_PER_DAY);
    // Where clocks go back over midnight, the last hour of a day is repeated after the next day has begun.
    return time >= this.startOf(day + 1) ? day + 1 : day;
  }

  /** When a day begins. */
  startOf(day: number): Micros {
    return this.instantOf(day, 0);
  }

  /**
   * When the clocks of a day show a time: where they show it twice, at first; where they leave it out, at that change.
   * @param millis since midnight, as clocks show it
   */
  instantOf(day: number, millis: number): Micros {
    const wall = day * MILLIS_PER_DAY + millis;
    const before = this.#offset(wall - MILLIS_PER_DAY);
    const after = this.#offset(wall + MILLIS_PER_DAY);
    const candidates = [wall - before, wall - after].filter(
      (millis) => millis + this.#offset(millis) === wall,
    );
    const start = candidates.length > 0 ? Math.min(...candidates) : this.#change(wall - after, wall - before);
    return start * MICROS_PER_MILLI;
  }

  /** The instant at which the offset changes between two times. */
  #change(from: number, to: number): number {
    let low = Math.min(from, to);
    let high = Math.max(from, to);
    const old = this.#offset(low);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#offset(middle) === old) low = middle;
      else high = middle;
    }
    return high;
  }
}

/** Days of UTC, which needs no rules. */
export const UTC_DAYS = {
  dayAt: (time: Micros): number => Math.floor(time / MICROS_PER_DAY),
  startOf: (day: number): Micros => day * MICROS_PER_DAY,
};

/** Days of a time zone. */
export type Days = Pick<Zone, 'dayAt' | 'startOf'>;

/**
 * Days of a time zone.
 * @param zone its IANA name
 * @throws {RangeError} for a name that is not in the IANA database
 */
export const daysOf = (zone: string): Days => (zone === 'UTC' ? UTC_DAYS : new Zone(zone));
