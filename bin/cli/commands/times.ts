/** Times on the command line: RFC 3339, a date, or a duration back from now. */
import { type Command, Option } from 'commander';
import {
  formatTime,
  MICROS_PER_DAY,
  type Micros,
  parseDuration,
  parseTime,
} from '../../../contracts/time.ts';
import { type Days, daysOf } from '../../../series/buckets/zone.ts';
import { UsageError } from '../client/target.ts';

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const FORMS =
  'use an RFC 3339 time, a date such as 2026-03-01, or a duration back from now such as PT1H or P7D';

/** Forms of a time, for help. */
export const TIME_FORMS = 'RFC 3339, a date, or a duration back from now';

export const isDate = (text: string | undefined): boolean => text !== undefined && DATE.test(text);

const zoneOf = (name: string): Days => {
  try {
    return daysOf(name);
  } catch (cause) {
    throw new UsageError(`--tz ${name}: use a name of the IANA time zone database such as Europe/Berlin`, {
      cause,
    });
  }
};

/** How to read the times of a command. */
export interface Clock {
  /** Time zone of dates; UTC when absent. */
  readonly tz?: string | undefined;
  readonly now?: Micros;
}

/**
 * Reads a time. A date stands for its first moment; a day of a duration has 24 hours.
 * @param option as it is typed, for the message
 * @throws {UsageError} for anything else
 */
export const timeOf = (
  option: string,
  text: string,
  { tz = 'UTC', now = Date.now() * 1000 }: Clock,
): Micros => {
  if (DATE.test(text)) {
    const midnight = parseTime(`${text}T00:00:00Z`);
    if (midnight === undefined) throw new UsageError(`${option} ${text}: there is no such day`);
    return zoneOf(tz).startOf(midnight / MICROS_PER_DAY);
  }
  const ago = parseDuration(text);
  if (ago === undefined) {
    const time = parseTime(text);
    if (time === undefined) throw new UsageError(`${option} ${text}: ${FORMS}`);
    return time;
  }
  if (ago.months > 0)
    throw new UsageError(`${option} ${text}: months have no fixed length; use days or a date`);
  return now - ago.days * MICROS_PER_DAY - ago.micros;
};

/** Reads a time, and writes it as RFC 3339 in UTC for the API. */
export function instant(option: string, text: string, clock?: Clock): string;
export function instant(option: string, text: string | undefined, clock?: Clock): string | undefined;
export function instant(option: string, text: string | undefined, clock: Clock = {}): string | undefined {
  return text === undefined ? undefined : formatTime(timeOf(option, text, clock));
}

/** Adds `--from`, `--to` and `--tz`. */
export const withRange = (
  command: Command,
  { from, to = 'end, not included; now when absent' }: { readonly from?: string; readonly to?: string } = {},
): Command =>
  command
    .option('--from <time>', `start: ${TIME_FORMS}`, from)
    .option('--to <time>', to)
    .addOption(zoneOption());

/** `--tz`, the time zone of dates. */
export const zoneOption = (what = 'time zone of dates, e.g. Europe/Berlin; UTC when absent'): Option =>
  new Option('--tz <zone>', what).env('LABGATE_TZ');
