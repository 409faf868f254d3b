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
import { ESCAPE, HuffmanReader, planHuffman, writeHuffman } from './huffman.ts';
import {
  Filter,
  MAX_STEP,
  ORDER_0,
  ORDER_1,
  ORDER_2,
  PREDICTORS,
  predict,
  restoreByFilter,
  restoreOrder0,
  restoreSteps,
  type Scale,
  type Source,
  WIDE,
} from './predict.ts';
import { planRice, RiceReader, writeRice } from './rice.ts';

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
const WINDOW = 48;
const WINDOWS = 3;
/** What the first numbers say of a filter is left out: it does not know the series yet. */
const WARM_UP = 8;

let steps = new Int32Array(8192);
let left = new Int32Array(8192);
const bits = new BitWriter();
const trial = new ByteWriter(16 * 1024);

const makeRoom = (count: number): void => {
  if (count <= steps.length) return;
  steps = new Int32Array(2 * count);
  left = new Int32Array(2 * count);
};

const gcd = (one: number, other: number): number => {
  let [large, small] = [one, other];
  while (small !== 0) [large, small] = [small, large % small];
  return large;
};

const sample = new Float64Array(33);

/** How steps are counted: in units, of which each has the slope. */
interface Steps {
  readonly unit: number;
  readonly slope: number;
  /** How large steps usually are, the slope taken away. */
  readonly usual: number;
}

/** The greatest number that divides some steps, and the usual step, from up to 33 of them. */
const guessSteps = (numbers: Float64Array, count: number): Steps => {
  const stride = Math.max(1, Math.ceil((count - 1) / 32));
  let unit = 0;
  let taken = 0;
  for (let at = 1; at < count; at += stride) {
    const step = (numbers[at] ?? 0) - (numbers[at - 1] ?? 0);
    if (unit !== 1) unit = gcd(unit, Math.abs(step));
    sample[taken++] = step;
  }
  unit = unit || 1;
  const sorted = sample.subarray(0, taken).sort();
  const quantile = (part: number): number => (sorted[Math.floor(part * taken)] ?? 0) / unit;
  return { unit, slope: quantile(0.5), usual: (quantile(0.75) - quantile(0.25)) / 2 };
};

/** @returns whether all steps are multiples of the unit */
const countSteps = (numbers: Float64Array, count: number, factors: Float64Array): boolean => {
  const unit = factors[0] ?? 1;
  const slope = factors[1] ?? 0;
  let before = numbers[0] ?? 0;
  for (let at = 1; at < count; at += 1) {
    const number = numbers[at] ?? 0;
    const step = (unit === 1 ? number - before : (number - before) / unit) - slope;
    before = number;
    const whole = step | 0;
    if (whole === step && whole < MAX_STEP && whole > -MAX_STEP) steps[at] = whole;
    else if (Number.isInteger(step)) steps[at] = WIDE;
    else return false;
  }
  return true;
};

const toSteps = (numbers: Float64Array, count: number): Steps => {
  const found = guessSteps(numbers, count);
  if (countSteps(numbers, count, Float64Array.of(found.unit, found.slope))) return found;
  let { unit } = found;
  for (let at = 1; unit > 1 && at < count; at += 1)
    unit = gcd(unit, Math.abs((numbers[at] ?? 0) - (numbers[at - 1] ?? 0)));
  const finer = found.unit / unit;
  const steps = { unit, slope: found.slope * finer, usual: found.usual * finer };
  countSteps(numbers, count, Float64Array.of(steps.unit, steps.slope));
  return steps;
};

/** log2(n + 1) of small numbers; of larger ones the length in bits. */
const LOG = Float32Array.from({ length: 1024 }, (_, at) => Math.log2(at + 1));
const cost = (from: number, to: number): number => {
  let sum = 0;
  for (let at = from; at < to; at += 1) {
    const one = left[at] ?? 0;
    sum += one >>> 0 < 1024 ? (LOG[one] ?? 0) : 32 - Math.clz32(one);
  }
  return sum;
};

interface Choice {
  readonly predictor: number;
  readonly reset: number;
}

/** Tries each predictor on parts of the series. */
const choose = (count: number, usual: number): Choice => {
  const whole = count <= 1 + WINDOW * WINDOWS;
  const starts = whole
    ? [1]
    : Array.from({ length: WINDOWS }, (_, at) => 1 + Math.floor((at * (count - 1 - WINDOW)) / (WINDOWS - 1)));
  const size = whole ? count - 1 : WINDOW;
  const skip = whole ? 0 : WARM_UP;
  // A filter that is off by some six times what steps usually are starts anew.
  const reset = Math.min(16, Math.max(2, Math.ceil(Math.log2(6 * usual + 1))));
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

const stepAt = (numbers: Float64Array, at: number, { unit, slope }: Steps): number =>
  ((numbers[at] ?? 0) - (numbers[at - 1] ?? 0)) / unit - slope;

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
  const scale = toSteps(numbers, count);
  const { predictor, reset } = choose(count, scale.usual);
  predict(predictor, reset, steps, left, 1, count);
  head.unsigned(scale.unit);
  head.signed(scale.slope);
  const say = (form: number): void => {
    head.byte(predictor * 4 + form);
    if (predictor > ORDER_2) head.byte(reset);
  };
  if (allZero(count)) {
    say(EXACT);
    return;
  }
  const rice = count <= RICE_UP_TO ? planRice(left, 1, count) : undefined;
  const huffman = planHuffman(left, 1, count);
  const bytes = Math.min(huffman.bytes, rice === undefined ? Number.POSITIVE_INFINITY : rice.bytes + 1);
  if (repeats(count)) {
    trial.reset();
    for (let at = 1; at < count; at += 1) trial.signed(stepAt(numbers, at, scale));
    if (zstdCompressSync(trial.view()).length < bytes) {
      head.byte(ORDER_1 * 4 + BYTES);
      head.bytes(trial.view());
      return;
    }
  }
  bits.reset();
  if (rice !== undefined && rice.bytes + 1 <= huffman.bytes) {
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
  if (!huffman.escapes) return;
  for (let at = 1; at < count; at += 1) if (left[at] === ESCAPE) head.signed(stepAt(numbers, at, scale));
};

/**
 * Reads numbers.
 * @param divisor what they are divided by
 * @throws {MalformedBytes}
 */
export const readIntegers = (
  head: ByteReader,
  tail: ByteReader,
  count: number,
  divisor: number,
): number[] => {
  const numbers = new Array<number>(count);
  if (count === 0) return numbers;
  // An array that has held a fraction keeps float64 from now on, instead of being rebuilt when a large number comes.
  numbers[0] = 0.5;
  const first = head.signed();
  numbers[0] = first / divisor;
  if (count === 1) return numbers;
  const unit = head.unsigned();
  const slope = head.signed();
  const choice = head.byte();
  const predictor = choice >> 2;
  const form = choice & 3;
  if (predictor >= PREDICTORS) throw new MalformedBytes(`unknown predictor ${predictor}`);
  if (form === BYTES) {
    for (let at = 1, number = first; at < count; at += 1) {
      number += (slope + head.signed()) * unit;
      numbers[at] = number / divisor;
    }
    return numbers;
  }
  const reset = predictor > ORDER_2 ? head.byte() : 0;
  const scale = { factors: Float64Array.of(first, unit, slope, divisor), wide: () => head.signed() };
  if (form === HUFFMAN && predictor > ORDER_2) {
    readFiltered(predictor, reset, head, tail, scale, numbers);
    return numbers;
  }
  const source = openSource(form, head, tail);
  if (predictor === ORDER_0) restoreOrder0(source, scale, numbers);
  else if (predictor <= ORDER_2) restoreSteps(predictor === ORDER_2, source, scale, numbers);
  else restoreByFilter(predictor, reset, source, scale, numbers);
  source.close();
  return numbers;
};

/** As {@link restoreByFilter}; by itself for the usual case, because a reader made where it is used lives in registers. */
const readFiltered = (
  predictor: number,
  reset: number,
  head: ByteReader,
  tail: ByteReader,
  { factors, wide }: Scale,
  numbers: number[],
): void => {
  const filter = new Filter(predictor, reset);
  const source = new HuffmanReader(head, tail);
  const count = numbers.length;
  let number = factors[0] ?? 0;
  const unit = factors[1] ?? 1;
  const slope = factors[2] ?? 0;
  const divisor = factors[3] ?? 1;
  for (let at = 1; at < count; at += 1) {
    const left = source.take();
    if (left === ESCAPE) {
      number += (slope + wide()) * unit;
      filter.restart();
    } else number += (slope + filter.take(left)) * unit;
    numbers[at] = number / divisor;
  }
  source.close();
};

const NOTHING: Source = { take: () => 0, close: () => undefined };

const openSource = (form: number, head: ByteReader, tail: ByteReader): Source => {
  if (form === HUFFMAN) return new HuffmanReader(head, tail);
  return form === RICE ? new RiceReader(head, tail) : NOTHING;
};
