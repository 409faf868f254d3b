/**
 * Whole numbers in few bits and little time: what zstd would make of differences as bytes is larger, and takes five
 * times as long.
 *
 * The first number as it is, then blocks of 32 (the last may be shorter), each in whichever form is the smallest
 * ("frame of reference": Goldstein, Ramakrishnan, Shaft 1998). A byte, and:
 *
 * | byte | form |
 * |---|---|
 * | 0–24 | differences from the number before, zigzag, in so many bits each |
 * | 32–56 | the least of the block as difference from the number before it; what each is above it, in 0–24 bits |
 * | 64 | differences from the number before, in as many bytes as each needs |
 */
import { type ByteReader, type ByteWriter, MalformedBytes } from './bytes.ts';

/** Numbers that stand together: they take a byte at least. */
export const BLOCK = 32;
const MAX_WIDTH = 24;
const FROM_LEAST = 32;
const EACH = 64;
/** One wide difference makes all of its block wide: it pays to look closer when the widest is so much wider than usual. */
const OUTLYING_BITS = 4;

const block = new Int32Array(BLOCK);

type Numbers = Float64Array | Int32Array;

const widthOf = (bits: number): number => 32 - Math.clz32(bits);
const zigzag = (value: number): number => (value << 1) ^ (value >> 31);
const unzigzag = (value: number): number => (value >>> 1) ^ -(value & 1);

/** Bytes that a difference takes by itself. */
const bytesOf = (difference: number): number => {
  let rest = difference < 0 ? -2 * difference - 1 : 2 * difference;
  let bytes = 1;
  while (rest > 0x7f) {
    rest = Math.floor(rest / 128);
    bytes += 1;
  }
  return bytes;
};

const writeEach = (out: ByteWriter, numbers: Numbers, from: number, to: number): void => {
  out.byte(EACH);
  for (let at = from; at < to; at += 1) out.signed((numbers[at] ?? 0) - (numbers[at - 1] ?? 0));
};

const bytesOfEach = (numbers: Numbers, from: number, to: number): number => {
  let bytes = 0;
  for (let at = from; at < to; at += 1) bytes += bytesOf((numbers[at] ?? 0) - (numbers[at - 1] ?? 0));
  return bytes;
};

/** What the form of a block is chosen by. */
interface Extent {
  /** Bits of the widest difference. */
  readonly width: number;
  /** Sum of the differences, zigzag. */
  readonly sum: number;
  readonly least: number;
  readonly most: number;
}

/** Writes a block in its smallest form; its differences are in {@link block}, where they fit. */
const writeSmallest = (
  out: ByteWriter,
  numbers: Numbers,
  from: number,
  to: number,
  { width, sum, least, most }: Extent,
): void => {
  const count = to - from;
  const start = numbers[from - 1] ?? 0;
  const spread = most - least;
  const spreadWidth = spread < 2 ** MAX_WIDTH ? widthOf(spread) : 32;
  const fits = width <= MAX_WIDTH;
  const size = fits ? count * width : Number.POSITIVE_INFINITY;
  const spreadSize =
    spreadWidth <= MAX_WIDTH ? count * spreadWidth + 8 * bytesOf(least - start) : Number.POSITIVE_INFINITY;
  const smallest = Math.min(size, spreadSize);
  if (
    (smallest === Number.POSITIVE_INFINITY || width > widthOf(sum / count) + OUTLYING_BITS) &&
    8 * bytesOfEach(numbers, from, to) < smallest
  )
    writeEach(out, numbers, from, to);
  else if (size <= spreadSize) {
    out.byte(width);
    out.bits(block, 0, count, width);
  } else {
    out.byte(FROM_LEAST + spreadWidth);
    out.signed(least - start);
    if (numbers instanceof Int32Array) out.bits(numbers, from, count, spreadWidth, least);
    else {
      for (let at = 0; at < count; at += 1) block[at] = (numbers[from + at] ?? 0) - least;
      out.bits(block, 0, count, spreadWidth);
    }
  }
};

const writeBlock = (out: ByteWriter, numbers: Float64Array, from: number, to: number): void => {
  let before = numbers[from - 1] ?? 0;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let bits = 0;
  let sum = 0;
  let narrow = true;
  for (let at = from; at < to; at += 1) {
    const number = numbers[at] ?? 0;
    const difference = number - before;
    before = number;
    const small = difference | 0;
    narrow = narrow && small === difference;
    const one = zigzag(small);
    block[at - from] = one;
    bits |= one;
    sum += one >>> 0;
    least = number < least ? number : least;
    most = number > most ? number : most;
  }
  writeSmallest(out, numbers, from, to, { width: narrow ? widthOf(bits) : 32, sum, least, most });
};

/** As {@link writeBlock}, of whole numbers below {@link NARROW}: differences and sums of two are exact in 32 bits. */
const writeNarrowBlock = (out: ByteWriter, numbers: Int32Array, from: number, to: number): void => {
  let before = numbers[from - 1] ?? 0;
  let least = numbers[from] ?? 0;
  let most = least;
  let bits = 0;
  let sum = 0;
  for (let at = from; at < to; at += 1) {
    const number = numbers[at] ?? 0;
    const one = zigzag((number - before) | 0);
    before = number;
    block[at - from] = one;
    bits |= one;
    sum += one;
    least = Math.min(least, number);
    most = Math.max(most, number);
  }
  writeSmallest(out, numbers, from, to, { width: widthOf(bits), sum, least, most });
};

/** Whole numbers of a smaller magnitude take {@link writeNarrow}. */
export const NARROW = 2 ** 29;

/**
 * Writes whole numbers below {@link NARROW}, as {@link writePacked} would and in less time.
 * @param count how many of them
 */
export const writeNarrow = (out: ByteWriter, numbers: Int32Array, count: number): void => {
  if (count === 0) return;
  out.signed(numbers[0] ?? 0);
  for (let from = 1; from < count; from += BLOCK)
    writeNarrowBlock(out, numbers, from, Math.min(from + BLOCK, count));
};

/**
 * Writes whole numbers below 2^51.
 * @param count how many of them
 */
export const writePacked = (out: ByteWriter, numbers: Float64Array, count: number): void => {
  if (count === 0) return;
  out.signed(numbers[0] ?? 0);
  for (let from = 1; from < count; from += BLOCK)
    writeBlock(out, numbers, from, Math.min(from + BLOCK, count));
};

/**
 * Reads whole numbers.
 * @param count how many were written
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
    if (form === EACH) {
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
