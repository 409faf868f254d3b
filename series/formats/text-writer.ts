/** Text as UTF-8 bytes, piece by piece. */
import { formatTime, type Micros } from '../../contracts/time.ts';
import { LONGEST, NOT_WRITTEN, TimeWriter, writeFewDigits } from './digits.ts';

/** Bytes that go out at once: large enough not to pay for each piece, small enough not to wait. */
const PIECE_BYTES = 128 * 1024;
/** Room for the rest of the row that fills a piece. */
const SLACK_BYTES = 4 * 1024;

const encoder = new TextEncoder();

/**
 * Collects text. Times and numbers are written digit by digit: made of strings, 50 000 points as JSON take six times
 * as long.
 */
export class TextWriter {
  private bytes = new Uint8Array(PIECE_BYTES + SLACK_BYTES);
  private at = 0;
  private readonly times = new TimeWriter();

  /** Whether it is time to take a piece. */
  get isFull(): boolean {
    return this.at >= PIECE_BYTES;
  }

  /** What was written since the last call; empty when nothing was. */
  take(): Uint8Array {
    const written = this.bytes.subarray(0, this.at);
    this.at = 0;
    if (written.length < PIECE_BYTES / 2) return written.slice();
    this.bytes = new Uint8Array(PIECE_BYTES + SLACK_BYTES);
    return written;
  }

  /** Makes room for so many bytes. */
  private reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const larger = new Uint8Array(2 * this.bytes.length + count);
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.at] = value;
    this.at += 1;
  }

  raw(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.at);
    this.at += source.length;
  }

  /** The same bytes so many times. */
  repeat(source: Uint8Array, times: number): void {
    const count = source.length * times;
    if (count === 0) return;
    this.reserve(count);
    const { bytes, at } = this;
    bytes.set(source, at);
    // What is there is copied behind itself, twice as much each time.
    for (let done = source.length; done < count; done *= 2)
      bytes.copyWithin(at + done, at, at + Math.min(done, count - done));
    this.at += count;
  }

  /** Any text; a lone surrogate becomes U+FFFD. */
  text(value: string): void {
    this.reserve(3 * value.length);
    this.at += encoder.encodeInto(value, this.bytes.subarray(this.at)).written;
  }

  /** Text of ASCII alone, and short. */
  ascii(value: string): void {
    this.reserve(value.length);
    const { bytes, at } = this;
    for (let from = 0; from < value.length; from += 1) bytes[at + from] = value.charCodeAt(from);
    this.at = at + value.length;
  }

  /** A time as `formatTime` writes it. */
  time(time: Micros): void {
    this.reserve(LONGEST);
    const end = this.times.write(this.bytes, this.at, time);
    if (end === NOT_WRITTEN) this.ascii(formatTime(time));
    else this.at = end;
  }

  /** A number as `String` writes it, but −0 as `-0`. */
  number(value: number): void {
    this.reserve(LONGEST);
    const end = writeFewDigits(this.bytes, this.at, value);
    if (end === NOT_WRITTEN) this.ascii(String(value));
    else this.at = end;
  }
}
