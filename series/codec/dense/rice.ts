/** Rice's code: a quotient in ones' stead of zeros, then the low bits; for short columns, where a table costs too much. */
import { type ByteReader, MalformedBytes } from '../bytes.ts';
import { type BitWriter, bitsAt, padStream } from './bits.ts';

/** As many zeros mean that the number follows in 32 bits. */
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

/** Finds how many low bits suit numbers best, and what they take. */
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

/** Reads numbers one after the other. Only one at a time: the padded stream is shared. */
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

  /** Past the end anything may come: {@link close} tells. */
  take(): number {
    const { view, place, low } = this;
    const quotient = Math.clz32(view.getUint32(place >>> 3) << (place & 7));
    const escaped = quotient >= MAX_QUOTIENT;
    this.place = place + (escaped ? MAX_QUOTIENT + 32 : quotient + 1 + low);
    if (escaped) return bitsAt(view, place + MAX_QUOTIENT, 32) | 0;
    return low === 0 ? quotient : (quotient << low) | bitsAt(view, place + quotient + 1, low);
  }

  /** @throws {MalformedBytes} when more was taken than there was */
  close(): void {
    if (this.place > this.end) throw new MalformedBytes('a stream of bits ends early');
  }
}
