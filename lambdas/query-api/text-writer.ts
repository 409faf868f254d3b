/** Text as bytes, piece by piece: times and numbers are written digit by digit, without strings between. */
import { formatTime, MICROS_PER_MINUTE, type Micros } from '../../contracts/time.ts';

/** Bytes that go out at once: large enough not to pay for each piece, small enough not to wait. */
const PIECE_BYTES = 128 * 1024;
/** Room for the rest of the row that fills a piece. */
const SLACK_BYTES = 4 * 1024;
/** Longer than any time or number. */
const LONGEST = 40;
/** Up to so many bytes a loop is faster than a call of `set`. */
const SHORT = 24;

const ZERO = 0x30;
const POINT = 0x2e;
const MINUS = 0x2d;
const Z = 0x5a;

/** Decimals that are tried: what has fewer ends with zeros, which are left out. */
const DECIMALS = [3, 6, 9].map((places) => ({ places, scale: 10 ** places, most: 10 ** (15 - places) }));
const NONE = { places: 0, scale: 1, most: 0 };
/** Smaller numbers are written with an exponent. */
const LEAST_PLAIN = 1e-6;
const MOST_PLAIN = 0x7fffffff;

export class TextWriter {
  private bytes = Buffer.allocUnsafeSlow(PIECE_BYTES + SLACK_BYTES);
  private at = 0;
  /** Start of the minute that was written last, and its text as far as the seconds. */
  private minute = Number.NaN;
  private prefix = Buffer.alloc(0);

  /** Whether it is time to take a piece. */
  get isFull(): boolean {
    return this.at >= PIECE_BYTES;
  }

  /** What was written since the last call; empty when nothing was. */
  take(): Uint8Array {
    const written = this.bytes.subarray(0, this.at);
    this.at = 0;
    if (written.length < PIECE_BYTES / 2) return Buffer.from(written);
    this.bytes = Buffer.allocUnsafeSlow(PIECE_BYTES + SLACK_BYTES);
    return written;
  }

  private room(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * this.bytes.length + count);
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at] = value;
    this.at += 1;
  }

  raw(source: Uint8Array): void {
    const { length } = source;
    this.room(length);
    const { bytes, at } = this;
    if (length > SHORT) bytes.set(source, at);
    else for (let from = 0; from < length; from += 1) bytes[at + from] = source[from] ?? 0;
    this.at = at + length;
  }

  /** The same bytes so many times. */
  repeat(source: Uint8Array, times: number): void {
    const count = source.length * times;
    if (count === 0) return;
    this.room(count);
    this.bytes.fill(source, this.at, this.at + count);
    this.at += count;
  }

  /** Any text, as UTF-8. */
  text(value: string): void {
    this.room(3 * value.length);
    this.at += this.bytes.write(value, this.at);
  }

  /** As `formatTime`. */
  time(time: Micros): void {
    let past = time - this.minute;
    if (!(past >= 0 && past < MICROS_PER_MINUTE)) {
      this.minute = Math.floor(time / MICROS_PER_MINUTE) * MICROS_PER_MINUTE;
      this.prefix = Buffer.from(formatTime(this.minute).slice(0, -'00.000Z'.length));
      past = time - this.minute;
    }
    this.room(LONGEST);
    const { bytes, prefix } = this;
    let { at } = this;
    for (let from = 0; from < prefix.length; from += 1) bytes[at + from] = prefix[from] ?? 0;
    at += prefix.length;
    // Whole numbers below 2^31 from here on.
    const micros = past | 0;
    const seconds = (micros / 1_000_000) | 0;
    const millis = ((micros / 1000) | 0) - seconds * 1000;
    const rest = micros - seconds * 1_000_000 - millis * 1000;
    const tens = (seconds / 10) | 0;
    bytes[at] = ZERO + tens;
    bytes[at + 1] = ZERO + seconds - tens * 10;
    bytes[at + 2] = POINT;
    at = this.three(millis, at + 3);
    if (rest > 0) at = this.three(rest, at);
    bytes[at] = Z;
    this.at = at + 1;
  }

  private three(value: number, at: number): number {
    const { bytes } = this;
    const hundreds = (value / 100) | 0;
    const tens = (value / 10) | 0;
    bytes[at] = ZERO + hundreds;
    bytes[at + 1] = ZERO + tens - hundreds * 10;
    bytes[at + 2] = ZERO + value - tens * 10;
    return at + 3;
  }

  /**
   * As `String`. A number that is n / 10^k rounded to a float64 and has 15 digits at most is written as these digits:
   * no two decimals of up to 15 digits round to one float64, so that the shortest text that comes back as the number,
   * which ECMAScript asks for (Number::toString), can be no other.
   */
  number(value: number): void {
    this.room(LONGEST);
    const whole = value | 0;
    if (whole === value) {
      this.integer(whole);
      return;
    }
    const size = Math.abs(value);
    // Longer numbers are rare.
    if (size >= LEAST_PLAIN && size <= MOST_PLAIN)
      for (let at = 0; at < DECIMALS.length; at += 1) {
        const { places, scale, most } = DECIMALS[at] ?? NONE;
        if (size >= most) break;
        const scaled = Math.round(size * scale);
        if (scaled / scale !== size) continue;
        if (value < 0) this.byte(MINUS);
        const before = Math.floor(size);
        this.integer(before);
        this.fraction(scaled - before * scale, places);
        return;
      }
    this.ascii(String(value));
  }

  private ascii(value: string): void {
    const { bytes, at } = this;
    for (let from = 0; from < value.length; from += 1) bytes[at + from] = value.charCodeAt(from);
    this.at = at + value.length;
  }

  private integer(value: number): void {
    const { bytes } = this;
    if (value < 0) {
      bytes[this.at] = MINUS;
      this.at += 1;
    }
    let rest = Math.abs(value);
    let count = 1;
    for (let limit = 10; rest >= limit; limit *= 10) count += 1;
    for (let place = this.at + count - 1; place >= this.at; place -= 1) {
      const tenth = (rest / 10) | 0;
      bytes[place] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    this.at += count;
  }

  /** The point and digits after it, without zeros at the end. */
  private fraction(digits: number, places: number): void {
    const { bytes, at } = this;
    bytes[at] = POINT;
    let rest = digits;
    let end = at;
    for (let place = at + places; place > at; place -= 1) {
      const tenth = (rest / 10) | 0;
      const digit = rest - tenth * 10;
      bytes[place] = ZERO + digit;
      if (digit > 0 && end === at) end = place;
      rest = tenth;
    }
    this.at = end + 1;
  }
}
