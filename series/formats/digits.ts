/**
 * Times and numbers as ASCII, several digits in one store: words of four bytes, the first byte the highest. What a
 * word has too many is written over by what follows, so that each may write {@link SPARE} bytes past its end.
 */
import {
  formatTime,
  MAX_MICROS,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  type Micros,
} from '../../contracts/time.ts';
import { PAIRS, POINT, SHORT, SHORT_LENGTHS, TRIPLES, USED } from './digit-tables.ts';
import { NOT_SURE, writeLong } from './long-digits.ts';

/** Bytes that may be written past the end. */
const SPARE = 3;
/** Room that a time or a number takes at most: the longest of them is `-1.2345678901234567e-308`. */
export const LONGEST = 27 + SPARE;

const MINUS = 0x2d;
const COLON = 0x3a;
const Z = 0x5a;

/** A text of four letters, or of fewer to the left, as a word. */
const word = (text: string): number => Buffer.from(text.padEnd(4, '\0'), 'latin1').readInt32BE();
const ascii = (view: DataView, at: number, text: string): number => {
  for (let from = 0; from < text.length; from += 1) view.setUint8(at + from, text.charCodeAt(from));
  return at + text.length;
};

/** Writes times; what it knows of the one before serves the next. */
export class TimeWriter {
  /** Start of the minute that was written last, and its text as far as that. */
  private minute = Number.NaN;
  private readonly words = new Int32Array(4);
  /** Start of the day, and the last two digits of its date with the `T`. */
  private day = Number.NaN;
  private date = 0;

  /**
   * As `formatTime`.
   * @returns the end
   */
  write(view: DataView, at: number, time: Micros): number {
    let past = time - this.minute;
    if (!(past >= 0 && past < MICROS_PER_MINUTE)) {
      if (!(Math.abs(time) <= MAX_MICROS)) return ascii(view, at, formatTime(time));
      this.turn(time);
      past = time - this.minute;
    }
    const { words } = this;
    view.setInt32(at, words[0] ?? 0);
    view.setInt32(at + 4, words[1] ?? 0);
    view.setInt32(at + 8, words[2] ?? 0);
    view.setInt32(at + 12, words[3] ?? 0);
    // Whole numbers below 2^31 from here on.
    const micros = past | 0;
    const millis = (micros / 1000) | 0;
    const seconds = (millis / 1000) | 0;
    const rest = micros - millis * 1000;
    view.setInt32(at + 16, (COLON << 24) | ((PAIRS[seconds] ?? 0) << 8) | POINT);
    view.setInt32(at + 20, ((TRIPLES[millis - seconds * 1000] ?? 0) << 8) | Z);
    if (rest === 0) return at + 24;
    view.setInt32(at + 23, ((TRIPLES[rest] ?? 0) << 8) | Z);
    return at + 27;
  }

  /** Goes on to the minute of a time. */
  private turn(time: Micros): void {
    const { words } = this;
    const day = Math.floor(time / MICROS_PER_DAY) * MICROS_PER_DAY;
    if (day !== this.day) {
      const text = formatTime(day);
      words[0] = word(text.slice(0, 4));
      words[1] = word(text.slice(4, 8));
      this.date = word(text.slice(8, 11));
      this.day = day;
    }
    const minutes = Math.floor((time - day) / MICROS_PER_MINUTE);
    const hours = Math.floor(minutes / 60);
    const pair = PAIRS[hours] ?? 0;
    words[2] = this.date | (pair >>> 8);
    words[3] = ((pair & 0xff) << 24) | (COLON << 16) | (PAIRS[minutes - hours * 60] ?? 0);
    this.minute = day + minutes * MICROS_PER_MINUTE;
  }
}

/** A whole number from 0 to 2^31. @returns the end */
const writeWhole = (view: DataView, at: number, value: number): number => {
  if (value < 1000) {
    view.setInt32(at, SHORT[value] ?? 0);
    return at + (SHORT_LENGTHS[value] ?? 0);
  }
  const thousands = Math.floor(value / 1000);
  const end = writeWhole(view, at, thousands);
  view.setInt32(end, (TRIPLES[value - thousands * 1000] ?? 0) << 8);
  return end + 3;
};

/** Decimals that are tried: what has fewer ends with zeros, which are left out. */
const SCALES = [1e6, 1e9] as const;
/** Smaller numbers are written with an exponent. */
const LEAST_PLAIN = 1e-6;
const MOST_PLAIN = 0x7fffffff;
/** Digits that tell a float64 from any other. */
const SURE = 1e15;

/** The point and digits after it, three at a time, without zeros at the end. @returns the end */
const writeFraction = (view: DataView, at: number, digits: number, scale: number): number => {
  let rest = digits;
  let part = scale / 1000;
  let place = at + 1;
  let end = at;
  for (;;) {
    const three = Math.floor(rest / part);
    view.setInt32(place, (TRIPLES[three] ?? 0) << 8);
    if (three > 0) end = place + (USED[three] ?? 0);
    if (part === 1) break;
    rest -= three * part;
    part /= 1000;
    place += 3;
  }
  view.setUint8(at, POINT);
  return end;
};

/**
 * A number that is n / 10^k rounded to a float64 and has 15 digits at most as these digits: no two decimals of up to 15
 * digits round to one float64, so that the shortest text that comes back as the number can be no other.
 */
const writeShort = (view: DataView, at: number, size: number, before: number): number => {
  for (const scale of SCALES) {
    if (size >= SURE / scale) break;
    const scaled = Math.round(size * scale);
    if (scaled / scale === size)
      return writeFraction(view, writeWhole(view, at, before), scaled - before * scale, scale);
  }
  return NOT_SURE;
};

/**
 * As `String`: the shortest text that comes back as the number (ECMAScript, Number::toString).
 * @returns the end
 */
export const writeNumber = (view: DataView, at: number, value: number): number => {
  const size = Math.abs(value);
  let start = at;
  if (value < 0) {
    view.setUint8(at, MINUS);
    start += 1;
  }
  const before = Math.floor(size);
  if (before === size && size <= MOST_PLAIN) return writeWhole(view, start, before);
  // Longer numbers are rare.
  if (size >= LEAST_PLAIN && size <= MOST_PLAIN) {
    const thousandths = Math.round(size * 1000);
    if (thousandths / 1000 === size) {
      const point = writeWhole(view, start, before);
      const three = thousandths - before * 1000;
      view.setInt32(point, (POINT << 24) | (TRIPLES[three] ?? 0));
      return point + 1 + (USED[three] ?? 0);
    }
    let end = writeShort(view, start, size, before);
    if (end !== NOT_SURE) return end;
    end = writeLong(view, writeWhole(view, start, before), size, before);
    if (end !== NOT_SURE) return end;
  }
  return ascii(view, at, String(value));
};
