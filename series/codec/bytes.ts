/** Bytes written and read one after the other: variable-length integers (LEB128), float64, UTF-8. */

/** Bytes that end too early, or hold what no writer writes. */
export class MalformedBytes extends Error {
  override readonly name = 'MalformedBytes';
}

/** Greatest magnitude that {@link ByteWriter.signed} takes: zigzag keeps it an exact integer. */
export const MAX_SIGNED = 2 ** 52 - 1;

/** The bit of a byte that says that more bytes follow. */
const MORE = 0x80;

/** Writes to memory that grows. */
export class ByteWriter {
  private buffer: Buffer;
  /** The same memory. */
  private words: DataView;
  private length = 0;

  constructor(capacity = 4096) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
    this.words = new DataView(this.buffer.buffer);
  }

  /** Forgets what was written and keeps the memory. */
  reset(): void {
    this.length = 0;
  }

  /** Bytes written. */
  get size(): number {
    return this.length;
  }

  /** Makes sure that `count` more bytes fit. */
  private room(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + count));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
    this.words = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.room(1);
    this.buffer[this.length++] = value;
  }

  /** A whole number from 0 to 2^53 − 1. */
  unsigned(value: number): void {
    this.room(8);
    const { buffer } = this;
    let at = this.length;
    let rest = value;
    while (rest > 0x7fffffff) {
      buffer[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[at++] = rest;
    this.length = at;
  }

  /** A whole number of magnitude up to {@link MAX_SIGNED}. */
  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /**
   * The low bits of the first `count` numbers, the first number lowest, filled up to whole bytes.
   * @param width bits of each, from 0 to 24; no number has more
   */
  bits(values: Int32Array, count: number, width: number): void {
    const size = (count * width + 7) >>> 3;
    this.room(size + 4);
    const { words } = this;
    let at = this.length;
    let word = 0;
    let filled = 0;
    for (let index = 0; index < count; index += 1) {
      const value = values[index] ?? 0;
      word |= value << filled;
      filled += width;
      if (filled >= 32) {
        words.setInt32(at, word, true);
        at += 4;
        filled -= 32;
        word = filled === 0 ? 0 : value >>> (width - filled);
      }
    }
    words.setInt32(at, word, true);
    this.length += size;
  }

  float64(value: number): void {
    this.room(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.unsigned(size);
    this.room(size);
    this.length += this.buffer.write(value, this.length);
  }

  bytes(value: Uint8Array): void {
    this.room(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  /** What was written; valid until the next write. */
  view(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}

const fromZigzag = (value: number): number => {
  // Not by `%`, which is slow beyond 32 bits.
  const half = Math.floor(value / 2);
  return value === 2 * half ? half : -half - 1;
};

/** Reads what a {@link ByteWriter} wrote. All methods throw {@link MalformedBytes}. */
export class ByteReader {
  private readonly buffer: Buffer;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.buffer.length - this.at;
  }

  byte(): number {
    const value = this.buffer[this.at++];
    if (value === undefined) throw new MalformedBytes('the bytes end early');
    return value;
  }

  unsigned(): number {
    const { buffer, at: start } = this;
    let value = 0;
    let weight = 1;
    for (let at = start; at < start + 8; at += 1) {
      const byte = buffer[at];
      if (byte === undefined) throw new MalformedBytes('the bytes end early');
      value += (byte & 0x7f) * weight;
      if (byte < MORE) {
        this.at = at + 1;
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      weight *= 128;
    }
    throw new MalformedBytes('an integer is too long');
  }

  signed(): number {
    return fromZigzag(this.unsigned());
  }

  /** Reads `count` numbers that {@link ByteWriter.unsigned} wrote. */
  unsigneds(into: Float64Array, count: number): void {
    this.wholes(into, count, false);
  }

  /** Reads `count` numbers that {@link ByteWriter.signed} wrote. */
  signeds(into: Float64Array, count: number): void {
    this.wholes(into, count, true);
  }

  /** Most numbers take one byte or two: by itself, because columns of summaries are read a third faster like this. */
  private wholes(into: Float64Array, count: number, signed: boolean): void {
    const { buffer } = this;
    let { at } = this;
    for (let place = 0; place < count; place += 1) {
      let value = buffer[at] ?? MORE;
      at += 1;
      if (value >= MORE) {
        const second = buffer[at] ?? MORE;
        if (second >= MORE) {
          this.at = at - 1;
          const long = this.unsigned();
          into[place] = signed ? fromZigzag(long) : long;
          at = this.at;
          continue;
        }
        at += 1;
        value = (value & 0x7f) | (second << 7);
      }
      into[place] = signed ? (value >>> 1) ^ -(value & 1) : value;
    }
    this.at = at;
  }

  /** A count of things that take `size` bytes each or more. What cannot fit is refused before memory is taken. */
  count(size: number): number {
    const value = this.unsigned();
    if (value * size > this.left) throw new MalformedBytes('more is announced than the bytes hold');
    return value;
  }

  /** Reads what {@link ByteWriter.bits} wrote. */
  bits(values: Int32Array, count: number, width: number): void {
    const bytes = this.bytes((count * width + 7) >>> 3);
    const mask = (1 << width) - 1;
    let at = 0;
    let word = 0;
    let filled = 0;
    for (let index = 0; index < count; index += 1) {
      while (filled < width) {
        word |= (bytes[at] ?? 0) << filled;
        at += 1;
        filled += 8;
      }
      values[index] = word & mask;
      word >>>= width;
      filled -= width;
    }
  }

  float64(): number {
    if (this.left < 8) throw new MalformedBytes('the bytes end early');
    this.at += 8;
    return this.buffer.readDoubleLE(this.at - 8);
  }

  text(): string {
    return this.bytes(this.unsigned()).toString('utf8');
  }

  bytes(count: number): Buffer {
    if (count > this.left) throw new MalformedBytes('the bytes end early');
    this.at += count;
    return this.buffer.subarray(this.at - count, this.at);
  }
}
