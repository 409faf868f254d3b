/**
 * Reads what is usual in JSON straight from its bytes, several times faster than text can be made of them and parsed.
 * What is unusual it does not judge: it says so, and the full parser reads the message from the start.
 *
 * Numbers are exact: a decimal fraction whose digits are a whole number below 2^53 and whose power of ten is at most
 * 10^22 is the quotient of two exact float64, which IEEE 754 rounds correctly (Clinger, "How to Read Floating Point
 * Numbers Accurately", 1990; Lemire, "Number Parsing at a Gigabyte per Second", 2021). All others are left to `Number`.
 */
import { LIMITS } from '../contracts/limits.ts';
import type { Micros } from '../contracts/time.ts';
import { MillisList } from './millis-list.ts';
import { TextCache } from './text-cache.ts';

// Not from a file of their own: the engine takes what is imported for variable, and reads it anew with each byte.
export const QUOTE = 0x22;
export const COLON = 0x3a;
export const COMMA = 0x2c;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const NINE = 0x39;
const LOWER_E = 0x65;
const LOWER_T = 0x74;
const UPPER_E = 0x45;
const SPACE = 0x20;
const LAST_PRINTABLE = 0x7e;

/** In place of a count where something unusual came. */
export const UNUSUAL = -1;

const POWERS = Float64Array.from({ length: 23 }, (_, digits) => 10 ** digits);
const EXACT = 2 ** 53;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const PARTS_OF_NUMBERS = '+-.0123456789Ee';
/** So many digits fit in 32 bits, */
const STRETCH = 9;
/** and so many in a float64. */
const EXACT_DIGITS = 15;
/** With more numbers that need `Number`, the full parser is as fast. */
const MAX_SLOW = 8;

/** Whether a number is not over where it was read to: digits beyond those, a point after many, or an exponent. */
const goesOn = (byte: number): boolean =>
  (byte >= ZERO && byte <= NINE) || byte === POINT || byte === LOWER_E || byte === UPPER_E;

const isSpace = (byte: number): boolean => byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09;

export class ByteScanner {
  private bytes: Uint8Array = new Uint8Array();
  private at = 0;
  /** Numbers so far that needed `Number`. */
  private slow = 0;
  private readonly known = new TextCache();
  private readonly millis = new MillisList();
  /** What {@link allNumbers} read last. */
  readonly numbers: number[] = [];

  constructor() {
    // Pushed one by one, numbers of float64 stay what they are: parts of the list are copied as memory.
    for (let at = 0; at < LIMITS.messagePoints; at += 1) this.numbers.push(0.5);
  }

  /** Starts with a message. */
  start(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
    this.slow = 0;
  }

  /** The next byte that is no white space, which stays the next; 0 at the end. */
  peek(): number {
    const { bytes } = this;
    let byte = bytes[this.at] ?? 0;
    while (byte <= SPACE && isSpace(byte)) {
      this.at += 1;
      byte = bytes[this.at] ?? 0;
    }
    return byte;
  }

  /** Passes over a byte and white space before it. @returns whether it came */
  pass(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at += 1;
    return true;
  }

  /** How many bytes are behind. */
  get place(): number {
    return this.at;
  }

  /** Passes over these bytes. @returns whether they came, nothing before them */
  passAll(expected: Uint8Array): boolean {
    const { bytes, at } = this;
    for (let index = 0; index < expected.length; index += 1)
      if (bytes[at + index] !== expected[index]) return false;
    this.at = at + expected.length;
    return true;
  }

  /** Whether nothing but white space is left. */
  isDone(): boolean {
    return this.peek() === 0 && this.at >= this.bytes.length;
  }

  /** @returns `undefined` for anything but a text of printable ASCII without escapes */
  text(): string | undefined {
    if (this.peek() !== QUOTE) return undefined;
    const start = this.at + 1;
    const known = this.known.find(this.bytes, start);
    if (known !== undefined) {
      this.at = start + known.length + 1;
      return known;
    }
    const text = this.newText();
    if (text !== undefined) this.known.keep(this.bytes, start, text);
    return text;
  }

  /** As {@link text}, for one that hardly comes again. */
  newText(): string | undefined {
    if (this.peek() !== QUOTE) return undefined;
    const { bytes } = this;
    const start = this.at + 1;
    let at = start;
    for (let byte = bytes[at] ?? 0; byte !== QUOTE; byte = bytes[at] ?? 0) {
      if (byte < SPACE || byte > LAST_PRINTABLE || byte === BACKSLASH) return undefined;
      at += 1;
    }
    this.at = at + 1;
    return this.slice(start, at);
  }

  private slice(start: number, end: number): string {
    const { buffer, byteOffset } = this.bytes;
    return Buffer.from(buffer, byteOffset + start, end - start).toString('latin1');
  }

  /** @returns `undefined` for anything but `true` and `false` */
  truth(): boolean | undefined {
    const truth = this.peek() === LOWER_T;
    const text = truth ? 'true' : 'false';
    for (let place = 0; place < text.length; place += 1)
      if (text.charCodeAt(place) !== this.bytes[this.at + place]) return undefined;
    this.at += text.length;
    return truth;
  }

  /** @returns NaN for anything but a number that is finite in float64 */
  number(): number {
    let byte = this.peek();
    const { bytes, at: start } = this;
    let at = start;
    let whole = 0;
    while (byte >= ZERO && byte <= NINE && at < start + STRETCH) {
      whole = 10 * whole + byte - ZERO;
      byte = bytes[++at] ?? 0;
    }
    const plain = (byte === COMMA || byte === CLOSE_OBJECT) && (bytes[start] !== ZERO || at === start + 1);
    if (at === start || !plain) return this.anyNumber(start);
    this.at = at;
    return whole;
  }

  private anyNumber(start: number): number {
    let end = start;
    while (PARTS_OF_NUMBERS.includes(String.fromCharCode(this.bytes[end] ?? 0))) end += 1;
    this.at = end;
    const text = this.slice(start, end);
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(value) ? value : Number.NaN;
  }

  /** Reads up to nine digits as a whole number. */
  private stretch(): number {
    const { bytes } = this;
    let { at } = this;
    const end = at + STRETCH;
    let part = 0;
    let byte = bytes[at] ?? 0;
    while (byte >= ZERO && byte <= NINE && at < end) {
      part = (10 * part + byte - ZERO) | 0;
      byte = bytes[++at] ?? 0;
    }
    this.at = at;
    return part;
  }

  /** Reads up to 18 digits behind those of a number, which stays exact as long as it is below 2^53. */
  private goOn(number: number): number {
    let longer = number;
    for (let time = 0; time < 2; time += 1) {
      const start = this.at;
      const part = this.stretch();
      longer = longer * (POWERS[this.at - start] ?? 0) + part;
    }
    return longer;
  }

  /** Reads a number of more digits than usual. */
  private longNumber(start: number): number {
    const { bytes } = this;
    const negative = bytes[start] === MINUS;
    this.at = negative ? start + 1 : start;
    let mantissa = this.goOn(0);
    let power = 1;
    if (bytes[this.at] === POINT) {
      this.at += 1;
      const point = this.at;
      mantissa = this.goOn(mantissa);
      power = POWERS[this.at - point] ?? 0;
      if (this.at === point) return Number.NaN;
    }
    if (mantissa < EXACT && !goesOn(bytes[this.at] ?? 0))
      return negative ? -mantissa / power : mantissa / power;
    this.slow += 1;
    return this.slow > MAX_SLOW ? Number.NaN : this.anyNumber(start);
  }

  /** Reads the rest of a list of milliseconds. @returns `undefined` for unusual ones, which are still to be read then */
  usualMillis(): Micros[] | undefined {
    const count = this.millis.read(this.bytes, this.at);
    if (count === 0) return undefined;
    this.at = this.millis.end;
    return this.millis.micros.slice(0, count);
  }

  /**
   * Reads the rest of a list of numbers into {@link numbers}. All in one function, so that its variables are registers.
   * @returns how many, or {@link UNUSUAL} for anything else and for more than a message may hold
   */
  allNumbers(): number {
    if (this.pass(CLOSE_LIST)) return 0;
    const { numbers, bytes } = this;
    let { at } = this;
    for (let count = 0; count < numbers.length; count += 1) {
      let byte = bytes[at] ?? 0;
      while (byte <= SPACE && isSpace(byte)) byte = bytes[++at] ?? 0;
      const start = at;
      const negative = byte === MINUS;
      if (negative) byte = bytes[++at] ?? 0;
      const first = at;
      let end = at + STRETCH;
      let part = 0;
      while (byte >= ZERO && byte <= NINE && at < end) {
        part = (10 * part + byte - ZERO) | 0;
        byte = bytes[++at] ?? 0;
      }
      if (at === first || (bytes[first] === ZERO && at > first + 1)) return UNUSUAL;
      let value: number = part;
      if (byte === POINT) {
        const point = at + 1;
        end += 1;
        byte = bytes[++at] ?? 0;
        while (byte >= ZERO && byte <= NINE && at < end) {
          part = (10 * part + byte - ZERO) | 0;
          byte = bytes[++at] ?? 0;
        }
        // Where nine digits stand before the point, those behind it are still to be read.
        if (at === point && !(byte >= ZERO && byte <= NINE)) return UNUSUAL;
        value = part / (POWERS[at - point] ?? 0);
      } else if (byte >= ZERO && byte <= NINE) {
        const split = at;
        // Six more are exact in any case.
        end += EXACT_DIGITS - STRETCH;
        let more = 0;
        while (byte >= ZERO && byte <= NINE && at < end) {
          more = (10 * more + byte - ZERO) | 0;
          byte = bytes[++at] ?? 0;
        }
        value = part * (POWERS[at - split] ?? 0) + more;
      }
      if (negative) value = -value;
      if (byte > COMMA && goesOn(byte)) {
        value = this.longNumber(start);
        if (Number.isNaN(value)) return UNUSUAL;
        at = this.at;
        byte = bytes[at] ?? 0;
      }
      numbers[count] = value;
      while (byte <= SPACE && isSpace(byte)) byte = bytes[++at] ?? 0;
      at += 1;
      if (byte === CLOSE_LIST) {
        this.at = at;
        return count + 1;
      }
      if (byte !== COMMA) return UNUSUAL;
    }
    return UNUSUAL;
  }
}
