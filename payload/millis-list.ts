/**
 * Reads lists of times in whole milliseconds, of 13 digits each as from 2001 on, from bytes of JSON. Times that
 * follow on each other nearly always have their first eight digits in common, which are compared instead of read; a
 * word of four bytes tells at once that all are digits, and two multiplications make a number of them (Mycroft's test
 * for bytes, 1987; Muła, "SIMD-ized parsing of series of integers", 2018).
 */
import { LIMITS } from '../contracts/limits.ts';
import { MAX_MICROS, type Micros } from '../contracts/time.ts';

const COMMA = 0x2c;
const ZERO = 0x30;
const SPACE = 0x20;
const CLOSE_LIST = 0x5d;
const DIGITS = 13;
/** Of each byte of a word, what a digit has besides its value. */
const ZEROS = 0x30303030;

/** Not 0 when any byte of a word is above 9. */
const aboveNine = (word: number): number => ((word + 0x76767676) | word) & 0x80808080;

/** The number whose four digits are the bytes of a word, the first of them the lowest. */
const fourDigits = (word: number): number => {
  const pairs = (Math.imul(word, 10) + (word >>> 8)) | 0;
  return (pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff);
};

export class MillisList {
  private memory: DataView = new DataView(new ArrayBuffer(0));
  /** What was read last. */
  readonly micros: Micros[] = [];
  /** Where it ends, the bracket included. */
  end = 0;

  constructor() {
    // Of float64 from the start: parts of the list are copied as memory.
    for (let at = 0; at < LIMITS.messagePoints; at += 1) this.micros.push(0.5);
  }

  /**
   * Reads what is left of a list into {@link micros}.
   * @param from where its first digit stands
   * @returns how many, or 0 when anything else is in it: nothing is said of it then
   */
  read(bytes: Uint8Array, from: number): number {
    // Messages of a batch lie in one piece of memory.
    if (this.memory.buffer !== bytes.buffer) this.memory = new DataView(bytes.buffer);
    const { micros, memory } = this;
    const base = bytes.byteOffset;
    // What ends a time is read too.
    const last = bytes.length - DIGITS - 1;
    let first = 0;
    let second = 0;
    let start = 0;
    let at = from;
    for (let count = 0; count < micros.length && at <= last; count += 1) {
      const one = memory.getInt32(base + at, true);
      const two = memory.getInt32(base + at + 4, true);
      if (one !== first || two !== second) {
        if (bytes[at] === ZERO || (aboveNine(one ^ ZEROS) | aboveNine(two ^ ZEROS)) !== 0) return 0;
        first = one;
        second = two;
        start = (fourDigits(one ^ ZEROS) * 10_000 + fourDigits(two ^ ZEROS)) * 1e8;
        if (start > MAX_MICROS - 1e8) return 0;
      }
      const three = memory.getInt32(base + at + 8, true) ^ ZEROS;
      const digit = (bytes[at + 12] ?? 0) - ZERO;
      if (aboveNine(three) !== 0 || digit < 0 || digit > 9) return 0;
      micros[count] = start + (fourDigits(three) * 10 + digit) * 1000;
      at += DIGITS;
      const byte = bytes[at] ?? 0;
      at += 1;
      if (byte === CLOSE_LIST) {
        this.end = at;
        return count + 1;
      }
      if (byte !== COMMA) return 0;
      if (bytes[at] === SPACE) at += 1;
    }
    return 0;
  }
}
