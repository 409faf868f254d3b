/**
 * Times of points: RFC 3339 text or milliseconds since the epoch. The minute of a text is read once for all points of
 * it: with the full parser for each, `ingest` takes a third longer for rows of 100 (2.9 times `JSON.parse`, not 2.2).
 */
import {
  MAX_MICROS,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  type Micros,
  parseTime,
} from '../contracts/time.ts';

/** Length of `2026-03-01T10:00:`, which points of one message nearly always share. */
const MINUTE_CHARS = 17;
const ZERO = 48;

// The minute that was read last. Reading is synchronous, so invocations cannot meet here.
let minuteText = '-';
let minuteMicros = 0;

const readSlowly = (text: string): Micros => {
  const micros = parseTime(text);
  if (micros === undefined) return Number.NaN;
  if (text.endsWith('Z')) {
    minuteText = text.slice(0, MINUTE_CHARS);
    minuteMicros = Math.floor(micros / MICROS_PER_MINUTE) * MICROS_PER_MINUTE;
  }
  return micros;
};

/** @returns microseconds, or NaN for a text that is no RFC 3339 time */
export const readTimeText = (text: string): Micros => {
  const last = text.length - 1;
  if (last < 19 || last > 29 || text.charCodeAt(last) !== 0x5a || !text.startsWith(minuteText)) {
    return readSlowly(text);
  }
  const tens = text.charCodeAt(17) - ZERO;
  const ones = text.charCodeAt(18) - ZERO;
  // Everything unusual, the leap second included, is left to the full parser.
  if (tens < 0 || tens > 5 || ones < 0 || ones > 9) return readSlowly(text);
  const whole = minuteMicros + (tens * 10 + ones) * MICROS_PER_SECOND;
  if (last === 19) return whole;
  if (text.charCodeAt(19) !== 0x2e || last === 20) return readSlowly(text);
  let fraction = 0;
  let unit = MICROS_PER_SECOND / 10;
  for (let at = 20; at < last; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return readSlowly(text);
    if (at < 26) {
      fraction += digit * unit;
      unit /= 10;
    }
  }
  return whole + fraction;
};

/** @returns microseconds of a time in milliseconds, or NaN when it is out of range */
export const readTimeMillis = (millis: number): Micros => {
  const micros = Math.round(millis * 1000);
  return micros <= MAX_MICROS && micros >= -MAX_MICROS ? micros : Number.NaN;
};

/**
 * Reads a time of the native formats: RFC 3339 text, or milliseconds since the epoch with up to three decimals.
 * @returns microseconds, or NaN for anything else
 */
export const readTime = (time: unknown): Micros =>
  typeof time === 'string'
    ? readTimeText(time)
    : typeof time === 'number'
      ? readTimeMillis(time)
      : Number.NaN;
