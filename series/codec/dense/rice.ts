/**
 * Rice's code (R. F. Rice, 1979): the quotient as so many zeros and a one, then the low bits. For short columns, where
 * a table of codes takes too many bytes.
 */
import { type ByteReader, MalformedBytes } from '../bytes.ts';
import { type BitWriter, bitsAt, padStream } from './bits.ts';

/** So many zeros say that the number follows in 32 bits. */
const MAX_QUOTIENT = 20;
const MAX_LOW_BITS = 31;

const bitsOf = (values: Int32Array, from: number, to: number, low: number): number => {
  let bits = 0;
  for (let at = from; at < to; at += 1) {
    const quotient = (values[at] ?? 0) >>> low;
    bits += quotient < MAX_QUOTIENT ? quotient + 1 + low : MAX_QUOTIENT + 32;
  }
  return bits;
};

/** The number of low bits that takes the fewest bytes, and how many bytes those are. */
export const planRice = (
  values: Int32Array,
  from: number,
  to: number,
): { readonly low: number; readonly bytes: number } => {
  let sum = 0;
  // An outlier weighs no more than its escape costs.
  for (let at = from; at < to; at += 1) sum += Math.min((values[at] ?? 0) >>> 0, 1 << 24);
  const guess = Math.max(0, Math.floor(Math.log2(sum / Math.max(1, to - from) + 1)));
  let low = 0;
  let bits = Number.POSITIVE_INFINITY;
  for (let one = Math.max(0, guess - 2); one <= guess + 1; one += 1) {
    const size = bitsOf(values, from, to, one);
    if (size < bits) [low, bits] = [one, size];
  }
  return { low, bytes: Math.ceil(bits / 8) };
};

export const writeRice = (
  bits: BitWriter,
  values: Int32Array,
  from: number,
  to: number,
  low: number,
): void => {
  for (let at = from; at < to; at += 1) {
    const value = values[at] ?? 0;
    const quotient = value >>> low;
    if (quotient < MAX_QUOTIENT) {
      bits.put(1, quotient + 1);
      if (low > 0) bits.put(value & ((1 << low) - 1), low);
    } else {
      bits.put(0, MAX_QUOTIENT);
      bits.put(value, 32);
    }
  }
};

/** Reads numbers one by one. Only one reader at a time: they share the padded stream. */
export class RiceReader {
  private readonly low: number;
  private readonly view: DataView;
  private readonly end: number;
  private place = 0;

  /** @throws {MalformedBytes} */
  constructor(head: ByteReader, tail: ByteReader) {
    this.low = head.byte();
    if (this.low > MAX_LOW_BITS) throw new MalformedBytes('too many low bits');
    const bytes = tail.bytes(head.unsigned());
    this.view = padStream(bytes);
    this.end = bytes.length * 8;
  }

  /** The next number. Beyond the end it is anything, which {@link close} reports. */
  take(): number {
    const { view, place, low } = this;
    const quotient = Math.clz32(view.getUint32(place >>> 3) << (place & 7));
    const escaped = quotient >= MAX_QUOTIENT;
    this.place = place + (escaped ? MAX_QUOTIENT + 32 : quotient + 1 + low);
    if (escaped) return bitsAt(view, place + MAX_QUOTIENT, 32) | 0;
    return low === 0 ? quotient : (quotient << low) | bitsAt(view, place + quotient + 1, low);
  }

  /** @throws {MalformedBytes} when more were read than there are */
  close(): void {
    if (this.place > this.end) throw new MalformedBytes('a stream of bits ends early');
  }
}
