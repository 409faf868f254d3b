/**
 * Time: whole microseconds since the Unix epoch inside, RFC 3339 in UTC outside.
 *
 * A microsecond count stays exact in a float64 until the year 2255.
 */
import * as z from 'zod';

/** Whole microseconds since 1970-01-01T00:00:00Z. */
export type Micros = number;

/** Microseconds of clock units; a day has 24 hours. */
export const MICROS_PER_SECOND = 1_000_000;
export const MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND;
export const MICROS_PER_HOUR = 3600 * MICROS_PER_SECOND;
export const MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND;

/** The greatest time that is carried: 2255-06-05, the end of exact microseconds in a float64. */
export const MAX_MICROS = Number.MAX_SAFE_INTEGER;

const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

const daysInMonth = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/**
 * Reads an RFC 3339 time. Digits finer than a microsecond are cut off; the leap second `:60` is read as
 * `:59` with the same fraction, as POSIX clocks repeat it.
 * @returns microseconds, or `undefined` when the text is no such time
 */
export const parseTime = (text: string): Micros | undefined => {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Math.min(Number(match[6]), 59);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || Number(match[6]) > 60) return undefined;
  const fraction = match[7] === undefined ? 0 : Number(match[7].slice(0, 6).padEnd(6, '0'));
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  if (offsetHours > 23 || offsetMinutes > 59) return undefined;
  const offset = (match[8] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * MICROS_PER_MINUTE;
  const utc = new Date(0);
  // Date.UTC reads years below 100 as 19xx; setUTCFullYear does not.
  utc.setUTCFullYear(year, month - 1, day);
  utc.setUTCHours(hour, minute, second);
  return utc.getTime() * 1000 + fraction - offset;
};

/** Writes a time as RFC 3339 in UTC: milliseconds, or microseconds where there are any. */
export const formatTime = (micros: Micros): string => {
  const millis = Math.floor(micros / 1000);
  const rest = micros - millis * 1000;
  const text = new Date(millis).toISOString();
  return rest === 0 ? text : `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
};

/** A span of calendar and clock: months and days follow the calendar of a time zone, micros do not. */
export interface Duration {
  readonly months: number;
  readonly days: number;
  readonly micros: number;
}

const ISO8601_DURATION =
  /^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,6})?)S)?)?$/;

/**
 * Reads an ISO 8601 duration such as `PT5M`, `P1D`, `P1M` or `PT0.5S`.
 * @returns the duration, or `undefined` when the text is none or the duration is zero
 */
export const parseDuration = (text: string): Duration | undefined => {
  const match = ISO8601_DURATION.exec(text);
  if (match === null) return undefined;
  const part = (index: number): number => Number(match[index] ?? 0);
  const duration = {
    months: part(1) * 12 + part(2),
    days: part(3) * 7 + part(4),
    micros: Math.round(part(5) * MICROS_PER_HOUR + part(6) * MICROS_PER_MINUTE + part(7) * MICROS_PER_SECOND),
  };
  return duration.months + duration.days + duration.micros > 0 ? duration : undefined;
};

/** What a time that cannot be read was most likely meant to be. */
const hintFor = (text: string): string => {
  if (SECONDS.test(text))
    return `${text} looks like seconds since the epoch: use milliseconds, ${text}000; or `;
  return SPACE_FOR_PLUS.test(text) ? 'a + in an address is read as a space: write %2B; or ' : '';
};

/** In milliseconds these are days of early 1970, before any instrument sent anything. */
const SECONDS = /^\d{9,10}$/;
const SPACE_FOR_PLUS = /^\d{4}-\d{2}-\d{2}T[\d:.]+ \d{2}:?\d{2}$/;

/** A time on a border: RFC 3339, or whole milliseconds since the epoch (input only). Gives microseconds. */
export const timeInput = z
  .string()
  .transform((text, context) => {
    const micros = /^\d{1,13}$/.test(text) ? Number(text) * 1000 : parseTime(text);
    if (micros === undefined || Math.abs(micros) > MAX_MICROS || SECONDS.test(text)) {
      context.addIssue({
        code: 'custom',
        message: `${hintFor(text)}use an RFC 3339 time such as 2026-03-01T10:00:00Z, or milliseconds since the epoch, from 1684 to 2255`,
      });
      return z.NEVER;
    }
    return micros;
  })
  .meta({
    type: 'string',
    anyOf: [
      { format: 'date-time', description: 'RFC 3339, from 1684-07-28T00:12:26Z to 2255-06-05T23:47:34Z' },
      {
        pattern: '^(?!\\d{9,10}$)\\d{1,13}$',
        description:
          'Whole milliseconds since the epoch, to the same end; 9 or 10 digits are taken for seconds, and refused',
      },
    ],
    example: '2026-03-01T10:00:00Z',
  });

/** An ISO 8601 duration on a border. */
export const durationInput = z
  .string()
  .transform((text, context) => {
    const duration = parseDuration(text);
    if (duration === undefined) {
      context.addIssue({ code: 'custom', message: 'use an ISO 8601 duration such as PT5M or P1D' });
      return z.NEVER;
    }
    return duration;
  })
  .meta({ type: 'string', format: 'duration', example: 'PT5M' });

/** A name of the IANA time zone database, such as `Europe/Berlin`. */
export const timeZone = z
  .string()
  .max(64)
  .refine((name) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: name });
      // Offsets such as +01:00 have no calendar of their own; a name has.
      return !/^[+-]/.test(name);
    } catch {
      return false;
    }
  }, 'use a name of the IANA time zone database such as Europe/Berlin');
