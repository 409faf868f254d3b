/**
 * A column of whole numbers: the form that takes the fewest bytes.
 *
 * In the head: the first number; and when there are more, the unit that all differences are multiples of, the
 * slope, a byte `predictor * 4 + form`, what the form needs, and the steps too wide to be predicted. In the tail:
 * the bits.
 */
import { zstdCompressSync } from 'node:zlib';
import { type ByteReader, ByteWriter, MalformedBytes } from '../bytes.ts';
import { BitWriter } from './bits.ts';
import { ESCAPE, planHuffman, readHuffman, writeHuffman } from './huffman.ts';
import { MAX_STEP, ORDER_1, ORDER_2, PREDICTORS, predict, restore, WIDE } from './predict.ts';
import { MAX_LOW_BITS, planRice, readRice, writeRice } from './rice.ts';

/** Magnitudes are smaller than this, */
export const MAX_NUMBER = 2 ** 52;
/** and differences of any two numbers than this. */
export const MAX_SPAN = 2 ** 50;

/** Nothing is left over. */
const EXACT = 0;
/** Variable-length integers in the head, which is put under zstd: for what repeats itself. */
const BYTES = 1;
const RICE = 2;
const HUFFMAN = 3;

/** Columns up to this may do without a table of codes. */
const RICE_UP_TO = 1024;
/** A predictor is chosen by so many numbers from each of so many places. */
const WINDOW = 128;
const WINDOWS = 3;
/** What the first numbers say of a filter is left out: it does not know the series yet. */
const WARM_UP = 24;

let steps = new Int32Array(8192);
let left = new Uint32Array(8192);
const bits = new BitWriter();
const trial = new ByteWriter(16 * 1024);

const makeRoom = (count: number): void => {
  if (count <= steps.length) return;
  steps = new Int32Array(2 * count);
  left = new Uint32Array(2 * count);
};

const gcd = (one: number, other: number): number => {
  let [large, small] = [one, other];
  while (small !== 0) [large, small] = [small, large % small];
  return large;
};

/** The greatest number that divides all differences. */
const unitOf = (numbers: Float64Array, count: number): number => {
  let unit = 0;
  let before = numbers[0] ?? 0;
  for (let at = 1; at < count; at += 1) {
    const number = numbers[at] ?? 0;
    const step = Math.abs(number - before);
    before = number;
    if (unit === 0) unit = step;
    else if (Math.round(step / unit) * unit !== step) unit = gcd(unit, step);
    if (unit === 1) return 1;
  }
  return unit === 0 ? 1 : unit;
};

const median = (values: number[]): number =>
  values.sort((one, other) => one - other)[values.length >>> 1] ?? 0;

/** The usual step, from up to 64 of them. */
const slopeOf = (numbers: Float64Array, count: number, unit: number): number => {
  const stride = Math.max(1, Math.floor((count - 1) / 64));
  const some: number[] = [];
  for (let at = 1; at < count; at += stride) some.push(((numbers[at] ?? 0) - (numbers[at - 1] ?? 0)) / unit);
  return median(some);
};

const toSteps = (numbers: Float64Array, count: number, unit: number, slope: number): void => {
  let before = numbers[0] ?? 0;
  for (let at = 1; at < count; at += 1) {
    const number = numbers[at] ?? 0;
    const step = (number - before) / unit - slope;
    before = number;
    steps[at] = step < MAX_STEP && step > -MAX_STEP ? step : WIDE;
  }
};

/** log2(n + 1) of small numbers; of larger ones the length in bits. */
const LOG = Float32Array.from({ length: 1024 }, (_, at) => Math.log2(at + 1));
const cost = (from: number, to: number): number => {
  let sum = 0;
  for (let at = from; at < to; at += 1) {
    const one = left[at] ?? 0;
    sum += one < 1024 ? (LOG[one] ?? 0) : 32 - Math.clz32(one);
  }
  return sum;
};

interface Choice {
  readonly predictor: number;
  readonly reset: number;
}

/** Tries each predictor on parts of the series. */
const choose = (count: number): Choice => {
  const whole = count <= 1 + WINDOW * WINDOWS;
  const starts = whole
    ? [1]
    : Array.from({ length: WINDOWS }, (_, at) => 1 + Math.floor((at * (count - 1 - WINDOW)) / (WINDOWS - 1)));
  const size = whole ? count - 1 : WINDOW;
  const skip = whole ? 0 : WARM_UP;
  const magnitudes: number[] = [];
  for (const start of starts)
    for (let at = start; at < start + size; at += 1) magnitudes.push(Math.abs(steps[at] ?? 0));
  const reset = Math.min(16, Math.max(2, Math.ceil(Math.log2(6 * median(magnitudes) + 1))));
  let best = { predictor: ORDER_1, reset };
  let least = Number.POSITIVE_INFINITY;
  for (let predictor = 0; predictor < PREDICTORS; predictor += 1) {
    let sum = 0;
    for (const start of starts) {
      predict(predictor, reset, steps, left, start, start + size);
      sum += cost(start + skip, start + size);
    }
    if (sum < least) {
      least = sum;
      best = { predictor, reset };
    }
  }
  return best;
};

const allZero = (count: number): boolean => {
  for (let at = 1; at < count; at += 1) if (left[at] !== 0) return false;
  return true;
};

const recent = new Int32Array(1024);
/** Whether runs of four recur often enough, among the first thousand, that zstd might find more than codes do. */
const repeats = (count: number): boolean => {
  const end = Math.min(count, 1024);
  if (end < 32) return false;
  recent.fill(-1);
  let hash = 0;
  let found = 0;
  for (let at = 1; at < end; at += 1) {
    hash = ((hash << 8) ^ Math.imul(left[at] ?? 0, 0x9e3779b1)) | 0;
    const place = (Math.imul(hash, 0x85ebca6b) >>> 22) & 1023;
    if (recent[place] === hash) found += 1;
    recent[place] = hash;
  }
  return found * 4 > end;
};

const writeSteps = (out: ByteWriter, numbers: Float64Array, count: number, unit: number, slope: number) => {
  for (let at = 1; at < count; at += 1)
    out.signed(((numbers[at] ?? 0) - (numbers[at - 1] ?? 0)) / unit - slope);
};

/**
 * Writes numbers in the order given.
 * @param numbers whole, within {@link MAX_NUMBER} and {@link MAX_SPAN}, none −0
 */
export const writeIntegers = (
  head: ByteWriter,
  tail: ByteWriter,
  numbers: Float64Array,
  count: number,
): void => {
  if (count === 0) return;
  head.signed(numbers[0] ?? 0);
  if (count === 1) return;
  makeRoom(count);
  const unit = unitOf(numbers, count);
  const slope = slopeOf(numbers, count, unit);
  toSteps(numbers, count, unit, slope);
  const { predictor, reset } = choose(count);
  predict(predictor, reset, steps, left, 1, count);
  head.unsigned(unit);
  head.signed(slope);
  const say = (form: number): void => {
    head.byte(predictor * 4 + form);
    if (predictor > ORDER_2) head.byte(reset);
  };
  if (allZero(count)) {
    say(EXACT);
    return;
  }
  const rice = count <= RICE_UP_TO ? planRice(left, 1, count) : undefined;
  const huffmanBytes = planHuffman(left, 1, count);
  const bytes = Math.min(huffmanBytes, rice === undefined ? Number.POSITIVE_INFINITY : rice.bytes + 1);
  if (repeats(count)) {
    trial.reset();
    writeSteps(trial, numbers, count, unit, slope);
    if (zstdCompressSync(trial.view()).length < bytes) {
      head.byte(ORDER_1 * 4 + BYTES);
      head.bytes(trial.view());
      return;
    }
  }
  bits.reset();
  if (rice !== undefined && rice.bytes + 1 <= huffmanBytes) {
    say(RICE);
    head.byte(rice.low);
    writeRice(bits, left, 1, count, rice.low);
  } else {
    say(HUFFMAN);
    writeHuffman(head, bits, left, 1, count);
  }
  const stream = bits.finish();
  head.unsigned(stream.length);
  tail.bytes(stream);
  for (let at = 1; at < count; at += 1)
    if (left[at] === ESCAPE) head.signed(((numbers[at] ?? 0) - (numbers[at - 1] ?? 0)) / unit - slope);
};

let decoded = new Float64Array(8192);

/**
 * Reads numbers.
 * @returns them; valid until the next call
 * @throws {MalformedBytes}
 */
export const readIntegers = (head: ByteReader, tail: ByteReader, count: number): Float64Array => {
  if (count > decoded.length) decoded = new Float64Array(2 * count);
  if (count === 0) return decoded;
  const first = head.signed();
  decoded[0] = first;
  if (count === 1) return decoded;
  makeRoom(count);
  const unit = head.unsigned();
  const slope = head.signed();
  const choice = head.byte();
  const predictor = choice >> 2;
  const form = choice & 3;
  if (predictor >= PREDICTORS) throw new MalformedBytes(`unknown predictor ${predictor}`);
  if (form === BYTES) {
    let number = 0;
    for (let at = 1; at < count; at += 1) {
      number += slope + head.signed();
      decoded[at] = first + number * unit;
    }
    return decoded;
  }
  const reset = predictor > ORDER_2 ? head.byte() : 0;
  const wide: number[] = [];
  if (form === EXACT) left.fill(0, 1, count);
  else {
    const low = form === RICE ? head.byte() : 0;
    if (low > MAX_LOW_BITS) throw new MalformedBytes('too many low bits');
    readStream(head, tail, form, low, count);
    for (let at = 1; at < count; at += 1) if (left[at] === ESCAPE) wide.push(head.signed());
  }
  restore(predictor, reset, left, { first, unit, slope, wide }, decoded, count);
  return decoded;
};

const readStream = (head: ByteReader, tail: ByteReader, form: number, low: number, count: number): void => {
  if (form === RICE) readRice(tail.bytes(head.unsigned()), left, 1, count, low);
  else readHuffman(head, tail, left, 1, count);
};
