/**
 * Whole numbers in few bits and little time: differences as variable-length bytes under zstd would be larger, and take
 * five times as long.
 *
 * The first number as it is, then blocks of 32 (the last may be shorter), each in whichever form is the smallest
 * ("frame of reference": J. Goldstein, R. Ramakrishnan, U. Shaft, "Compressing Relations and Indexes", 1998). A block
 * begins with a byte:
 *
 * | byte | form |
 * |---|---|
 * | 0–24 | differences from the number before, zigzag, in so many bits each |
 * | 32–56 | least number of the block, as difference from the number before it; what each is above it, in 0–24 bits |
 * | 64 | differences from the number before, each in as many bytes as it needs |
 */
import { type ByteReader, type ByteWriter, MalformedBytes } from '../bytes.ts';

/** Numbers of a block. It takes a byte at least. */
export const BLOCK = 32;
const MAX_WIDTH = 24;
const FROM_LEAST = 32;
const IN_BYTES = 64;
/** Bits of a number that is too wide for {@link MAX_WIDTH}. */
const TOO_WIDE = 32;
/** One wide difference widens all of its block: the form in bytes is tried when the widest has so many bits more than usual. */
const OUTLYING_BITS = 4;

/** Numbers of the block under way, ready to be written in bits. */
const block = new Int32Array(BLOCK);

const widthOf = (bits: number): number => 32 - Math.clz32(bits);
const zigzag = (value: number): number => (value << 1) ^ (value >> 31);
const unzigzag = (value: number): number => (value >>> 1) ^ -(value & 1);

/** Bytes that {@link ByteWriter.signed} takes. */
const bytesOf = (value: number): number => {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let bytes = 1;
  while (rest > 0x7f) {
    rest = Math.floor(rest / 128);
    bytes += 1;
  }
  return bytes;
};

const writeInBytes = (out: ByteWriter, numbers: Float64Array, from: number, to: number): void => {
  out.byte(IN_BYTES);
  for (let at = from; at < to; at += 1) out.signed((numbers[at] ?? 0) - (numbers[at - 1] ?? 0));
};

const sizeInBytes = (numbers: Float64Array, from: number, to: number): number => {
  let bytes = 0;
  for (let at = from; at < to; at += 1) bytes += bytesOf((numbers[at] ?? 0) - (numbers[at - 1] ?? 0));
  return bytes;
};

/** Writes the block `[from, to)`, in its smallest form. */
const writeBlock = (out: ByteWriter, numbers: Float64Array, from: number, to: number): void => {
  const count = to - from;
  const start = numbers[from - 1] ?? 0;
  let before = start;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let bits = 0;
  let sum = 0;
  let fitsInt32 = true;
  for (let at = from; at < to; at += 1) {
    const number = numbers[at] ?? 0;
    const difference = number - before;
    before = number;
    const small = difference | 0;
    fitsInt32 = fitsInt32 && small === difference;
    const one = zigzag(small);
    block[at - from] = one;
    bits |= one;
    sum += one >>> 0;
    least = number < least ? number : least;
    most = number > most ? number : most;
  }
  const width = fitsInt32 ? widthOf(bits) : TOO_WIDE;
  const spread = most - least;
  const spreadWidth = spread < 2 ** MAX_WIDTH ? widthOf(spread) : TOO_WIDE;
  const size = width <= MAX_WIDTH ? count * width : Number.POSITIVE_INFINITY;
  const spreadSize =
    spreadWidth <= MAX_WIDTH ? count * spreadWidth + 8 * bytesOf(least - start) : Number.POSITIVE_INFINITY;
  const smallest = Math.min(size, spreadSize);
  if (
    (smallest === Number.POSITIVE_INFINITY || width > widthOf(sum / count) + OUTLYING_BITS) &&
    8 * sizeInBytes(numbers, from, to) < smallest
  )
    writeInBytes(out, numbers, from, to);
  else if (size <= spreadSize) {
    out.byte(width);
    out.bits(block, count, width);
  } else {
    out.byte(FROM_LEAST + spreadWidth);
    out.signed(least - start);
    for (let at = 0; at < count; at += 1) block[at] = (numbers[from + at] ?? 0) - least;
    out.bits(block, count, spreadWidth);
  }
};

/** Writes the first `count` numbers, which are whole and below 2^51. */
export const writePacked = (out: ByteWriter, numbers: Float64Array, count: number): void => {
  if (count === 0) return;
  out.signed(numbers[0] ?? 0);
  for (let from = 1; from < count; from += BLOCK)
    writeBlock(out, numbers, from, Math.min(from + BLOCK, count));
};

/**
 * Reads what {@link writePacked} wrote.
 * @param count how many numbers were written
 * @throws {MalformedBytes}
 */
export const readPacked = (input: ByteReader, count: number): Float64Array => {
  const numbers = new Float64Array(count);
  if (count === 0) return numbers;
  let before = input.signed();
  numbers[0] = before;
  for (let from = 1; from < count; from += BLOCK) {
    const to = Math.min(from + BLOCK, count);
    const form = input.byte();
    if (form === IN_BYTES) {
      for (let at = from; at < to; at += 1) {
        before += input.signed();
        numbers[at] = before;
      }
    } else if (form <= MAX_WIDTH) {
      input.bits(block, to - from, form);
      for (let at = from; at < to; at += 1) {
        before += unzigzag(block[at - from] ?? 0);
        numbers[at] = before;
      }
    } else if (form >= FROM_LEAST && form <= FROM_LEAST + MAX_WIDTH) {
      const least = before + input.signed();
      input.bits(block, to - from, form - FROM_LEAST);
      for (let at = from; at < to; at += 1) numbers[at] = least + (block[at - from] ?? 0);
      before = numbers[to - 1] ?? 0;
    } else throw new MalformedBytes(`unknown form of numbers ${form}`);
  }
  return numbers;
};
