/** Text as bytes, piece by piece: times and numbers are written digit by digit, without strings between. */
import type { Value } from '../../contracts/messages/message.ts';
import type { Micros } from '../../contracts/time.ts';
import { LONGEST, TimeWriter, writeNumber } from './digits.ts';

/** Bytes that go out at once: large enough not to pay for each piece, small enough not to wait. */
const PIECE_BYTES = 128 * 1024;
/** Room for the rest of the row that fills a piece. */
const SLACK_BYTES = 4 * 1024;
/** Up to so many bytes a loop is faster than a call of `set`. */
const SHORT = 24;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COMMA_QUOTE = 0x2c22;
/** What stands around a time. */
const AROUND = 3;

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

export class TextWriter {
  private bytes = Buffer.allocUnsafeSlow(PIECE_BYTES + SLACK_BYTES);
  private view = viewOf(this.bytes);
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
    if (written.length < PIECE_BYTES / 2) return Buffer.from(written);
    this.use(Buffer.allocUnsafeSlow(PIECE_BYTES + SLACK_BYTES));
    return written;
  }

  private use(bytes: Buffer<ArrayBuffer>): void {
    this.bytes = bytes;
    this.view = viewOf(bytes);
  }

  private room(count: number): void {
    if (this.at + count > this.bytes.length) this.grow(count);
  }

  private grow(count: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * this.bytes.length + count);
    larger.set(this.bytes.subarray(0, this.at));
    this.use(larger);
  }

  byte(value: number): void {
    this.room(1);
    this.view.setUint8(this.at, value);
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
    this.room(LONGEST);
    this.at = this.times.write(this.view, this.at, time);
  }

  /** Times in quotes, a comma before each, from a place to another, excluded. */
  quotedTimes(times: readonly (Value | null)[], from: number, to: number): void {
    this.room((to - from) * (LONGEST + AROUND));
    const { view, times: writer } = this;
    let { at } = this;
    for (let place = from; place < to; place += 1) {
      view.setInt16(at, COMMA_QUOTE);
      at = writer.write(view, at + 2, Number(times[place]));
      view.setUint8(at, QUOTE);
      at += 1;
    }
    this.at = at;
  }

  /**
   * Numbers, a comma before each, from a place to another, excluded: as far as they are numbers that JSON has.
   * @returns the place of what is none, or the end
   */
  numbers(values: readonly (Value | null)[], from: number, to: number): number {
    this.room((to - from) * (1 + LONGEST));
    const { view } = this;
    let { at } = this;
    let place = from;
    for (; place < to; place += 1) {
      const value = values[place];
      if (typeof value !== 'number' || !Number.isFinite(value)) break;
      view.setUint8(at, COMMA);
      at = writeNumber(view, at + 1, value);
    }
    this.at = at;
    return place;
  }

  /** As `String`. */
  number(value: number): void {
    this.room(LONGEST);
    this.at = writeNumber(this.view, this.at, value);
  }
}
