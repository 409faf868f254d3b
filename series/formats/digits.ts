/** Times and numbers as ASCII digits, written where they are to stand: no string is made for any of them. */
import {
  formatTime,
  MAX_MICROS,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  type Micros,
} from '../../contracts/time.ts';

/** Bytes that a time or a number takes at most. */
export const LONGEST = '2026-03-01T10:00:00.000000Z'.length;
/** In place of an end: nothing was written that counts, and the caller has to write the text itself. */
export const NOT_WRITTEN = -1;

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
const Z = 0x5a;

// The numbers of these three are whole and below 2^31. Each gives the end.

const writeTwo = (bytes: Uint8Array, at: number, value: number): number => {
  const tens = (value / 10) | 0;
  bytes[at] = ZERO + tens;
  bytes[at + 1] = ZERO + value - tens * 10;
  return at + 2;
};

const writeThree = (bytes: Uint8Array, at: number, value: number): number => {
  const hundreds = (value / 100) | 0;
  bytes[at] = ZERO + hundreds;
  return writeTwo(bytes, at + 1, value - hundreds * 100);
};

const writeWhole = (bytes: Uint8Array, at: number, value: number): number => {
  if (value < 10) {
    bytes[at] = ZERO + value;
    return at + 1;
  }
  if (value < 100) return writeTwo(bytes, at, value);
  if (value < 1000) return writeThree(bytes, at, value);
  const thousands = (value / 1000) | 0;
  return writeThree(bytes, writeWhole(bytes, at, thousands), value - thousands * 1000);
};

const SECONDS_AT = '2026-03-01T10:00:'.length;

/** Writes times. The text of the last minute is kept: most times are of the same minute as the one before. */
export class TimeWriter {
  private readonly text = new Uint8Array(SECONDS_AT);
  private minute = Number.NaN;
  private day = Number.NaN;

  /**
   * Writes a time as `formatTime` does.
   * @returns the end, or {@link NOT_WRITTEN} for a time beyond {@link MAX_MICROS}
   */
  write(bytes: Uint8Array, start: number, time: Micros): number {
    let past = time - this.minute;
    if (!(past >= 0 && past < MICROS_PER_MINUTE)) {
      if (!(Math.abs(time) <= MAX_MICROS)) return NOT_WRITTEN;
      this.goTo(time);
      past = time - this.minute;
    }
    bytes.set(this.text, start);
    // Whole numbers below 2^31 from here on.
    const millis = (past / 1000) | 0;
    const micros = past - millis * 1000;
    const seconds = (millis / 1000) | 0;
    let at = writeTwo(bytes, start + SECONDS_AT, seconds);
    bytes[at] = POINT;
    at = writeThree(bytes, at + 1, millis - seconds * 1000);
    if (micros > 0) at = writeThree(bytes, at, micros);
    bytes[at] = Z;
    return at + 1;
  }

  /** Makes the text of the minute of a time. */
  private goTo(time: Micros): void {
    const day = Math.floor(time / MICROS_PER_DAY) * MICROS_PER_DAY;
    if (day !== this.day) {
      const text = formatTime(day);
      for (let at = 0; at < SECONDS_AT; at += 1) this.text[at] = text.charCodeAt(at);
      this.day = day;
    }
    const minutes = Math.floor((time - day) / MICROS_PER_MINUTE);
    const hours = Math.floor(minutes / 60);
    writeTwo(this.text, 'YYYY-MM-DDT'.length, hours);
    writeTwo(this.text, 'YYYY-MM-DDThh:'.length, minutes - hours * 60);
    this.minute = day + minutes * MICROS_PER_MINUTE;
  }
}

const MOST_WHOLE = 0x7fffffff;
/** Smaller numbers are written with an exponent. */
const LEAST_PLAIN = 1e-6;
/** Three, six and nine decimals. */
const SCALES = [1e3, 1e6, 1e9] as const;
/** No two decimals of up to 15 digits round to the same float64. */
const DISTINCT = 1e15;

/** The point and the decimals of a number, three at a time, without zeros at the end. @returns the end */
const writeDecimals = (bytes: Uint8Array, start: number, decimals: number, scale: number): number => {
  bytes[start] = POINT;
  let at = start + 1;
  let rest = decimals | 0;
  for (let part = scale / 1000; part >= 1; part /= 1000) {
    const three = (rest / part) | 0;
    at = writeThree(bytes, at, three);
    rest -= three * part;
  }
  while (bytes[at - 1] === ZERO) at -= 1;
  return at;
};

/**
 * Writes a number that has few digits: the shortest text that comes back as the number, as `String` does (ECMAScript,
 * Number::toString), and −0 as `-0`. Few are: whole below 2^31, or up to nine decimals and 15 digits in all. A number
 * that is such a decimal rounded to a float64 has no shorter text.
 * @returns the end, or {@link NOT_WRITTEN} for any other number
 */
export const writeFewDigits = (bytes: Uint8Array, start: number, value: number): number => {
  const size = Math.abs(value);
  if (!(size <= MOST_WHOLE)) return NOT_WRITTEN;
  let at = start;
  if (value < 0 || Object.is(value, -0)) {
    bytes[at] = MINUS;
    at += 1;
  }
  const whole = size | 0;
  if (whole === size) return writeWhole(bytes, at, whole);
  if (size < LEAST_PLAIN) return NOT_WRITTEN;
  for (const scale of SCALES) {
    if (size >= DISTINCT / scale) break;
    const scaled = Math.round(size * scale);
    if (scaled / scale === size)
      return writeDecimals(bytes, writeWhole(bytes, at, whole), scaled - whole * scale, scale);
  }
  return NOT_WRITTEN;
};
