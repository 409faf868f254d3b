/**
 * Reads what is usual in JSON straight from its bytes, faster than text can be made of them and parsed. What is
 * unusual it does not judge: it says so, and the full parser reads the message from the start.
 *
 * Numbers are exact: a decimal fraction of at most 15 digits is the quotient of two whole numbers that float64 holds
 * exactly, and IEEE 754 rounds that quotient correctly (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
 */
import { LIMITS } from '../contracts/limits.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const LAST_PRINTABLE = 0x7e;

const EXACT_DIGITS = 15;
const POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, digits) => 10 ** digits);

const isSpace = (byte: number): boolean => byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;

/** Reads one message after the other, each from its first byte to its last. */
export class JsonScanner {
  private bytes: Uint8Array = new Uint8Array();
  private at = 0;

  /** Begins with a message. */
  start(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
  }

  /** The next byte that is not white space; 0 at the end. It stays the next. */
  peek(): number {
    const { bytes } = this;
    let byte = bytes[this.at] ?? 0;
    while (byte <= SPACE && isSpace(byte)) {
      this.at += 1;
      byte = bytes[this.at] ?? 0;
    }
    return byte;
  }

  /** Passes over a byte, and white space before it. @returns whether it came */
  pass(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at += 1;
    return true;
  }

  /** Whether nothing but white space is left. */
  isDone(): boolean {
    return this.peek() === 0 && this.at >= this.bytes.length;
  }

  /** Reads a text. @returns `undefined` for anything but printable ASCII without escapes */
  text(): string | undefined {
    if (!this.pass(QUOTE)) return undefined;
    const { bytes } = this;
    let { at } = this;
    let text = '';
    for (let byte = bytes[at] ?? 0; byte !== QUOTE; byte = bytes[at] ?? 0) {
      if (byte < SPACE || byte > LAST_PRINTABLE || byte === BACKSLASH) return undefined;
      text += String.fromCharCode(byte);
      at += 1;
    }
    this.at = at + 1;
    return text;
  }

  /** Reads `true` or `false`. @returns `undefined` for anything else */
  boolean(): boolean | undefined {
    const value = this.peek() === 0x74;
    for (const char of value ? 'true' : 'false') {
      if (this.bytes[this.at] !== char.charCodeAt(0)) return undefined;
      this.at += 1;
    }
    return value;
  }

  /** Reads a whole number from 0. @returns NaN for anything else, and for more than 15 digits */
  whole(): number {
    let byte = this.peek();
    const start = this.at;
    let value = 0;
    while (isDigit(byte)) {
      value = 10 * value + (byte - ZERO);
      this.at += 1;
      byte = this.bytes[this.at] ?? 0;
    }
    const digits = this.at - start;
    const isPlain = digits === 1 || (digits > 1 && digits <= EXACT_DIGITS && this.bytes[start] !== ZERO);
    return isPlain ? value : Number.NaN;
  }

  /**
   * Reads the rest of a list of numbers, after its bracket. All in one function, so that its variables are registers.
   * @returns `undefined` for an empty list, for more numbers than a message may hold, and for anything in it but
   * decimal fractions of at most 15 digits
   */
  numbers(): number[] | undefined {
    const { bytes } = this;
    const numbers: number[] = [];
    let { at } = this;
    while (numbers.length < LIMITS.messagePoints) {
      let byte = bytes[at] ?? 0;
      while (byte <= SPACE && isSpace(byte)) byte = bytes[++at] ?? 0;
      const isNegative = byte === MINUS;
      if (isNegative) byte = bytes[++at] ?? 0;
      const first = at;
      let value = 0;
      while (byte >= ZERO && byte <= NINE) {
        value = 10 * value + (byte - ZERO);
        byte = bytes[++at] ?? 0;
      }
      let digits = at - first;
      if (digits === 0 || (bytes[first] === ZERO && digits > 1)) return undefined;
      if (byte === POINT) {
        const point = at + 1;
        byte = bytes[++at] ?? 0;
        while (byte >= ZERO && byte <= NINE) {
          value = 10 * value + (byte - ZERO);
          byte = bytes[++at] ?? 0;
        }
        if (at === point) return undefined;
        digits += at - point;
        value /= POWERS[at - point] ?? 1;
      }
      if (digits > EXACT_DIGITS) return undefined;
      numbers.push(isNegative ? -value : value);
      while (byte <= SPACE && isSpace(byte)) byte = bytes[++at] ?? 0;
      at += 1;
      if (byte === CLOSE_LIST) {
        this.at = at;
        return numbers;
      }
      if (byte !== COMMA) return undefined;
    }
    return undefined;
  }
}
