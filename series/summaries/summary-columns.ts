/**
 * Columns of summaries as bytes, and back: counts and offsets of time, values, sketches. A column holds a number for
 * each window that has points; a reader is told the indexes of these windows (`filled`).
 */
import type { Value } from '../../contracts/messages/message.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from '../codec/bytes.ts';
import { type Bins, Sketch } from './sketch.ts';

const greatestDivisor = (values: Iterable<number>): number => {
  let divisor = 0;
  for (const value of values) {
    let rest = value;
    while (rest !== 0) [divisor, rest] = [rest, divisor % rest];
    if (divisor === 1) return 1;
  }
  return divisor;
};

/** One number for all windows. */
export const SAME = 0;
/** A number for each window. */
export const EACH = 1;

/** Writes whole numbers from 0: one where all are the same, else each divided by their greatest common divisor. */
export const writeWhole = (out: ByteWriter, values: readonly number[]): void => {
  const [first = 0] = values;
  if (values.every((value) => value === first)) {
    out.byte(SAME);
    out.unsigned(first);
    return;
  }
  out.byte(EACH);
  const unit = greatestDivisor(values);
  out.unsigned(unit);
  for (const value of values) out.unsigned(value / unit);
};

export const readForm = (input: ByteReader): typeof SAME | typeof EACH => {
  const form = input.byte();
  if (form !== SAME && form !== EACH) throw new MalformedBytes('whole numbers of an unknown form');
  return form;
};

let scratch = new Float64Array(1440);
/** Memory for so many numbers; valid until the next call. */
export const scratchOf = (count: number): Float64Array => {
  if (scratch.length < count) scratch = new Float64Array(count);
  return scratch;
};

/** Reads whole numbers of the windows that have points into a column of all windows. */
export const readWhole = (input: ByteReader, filled: ArrayLike<number>, into: Float64Array): void => {
  const form = readForm(input);
  const unit = input.unsigned();
  const count = filled.length;
  const values = scratchOf(count);
  if (form === SAME) values.fill(1, 0, count);
  else input.unsigneds(values, count);
  for (let at = 0; at < count; at += 1) into[filled[at] ?? 0] = (values[at] ?? 0) * unit;
};

/** Reads a whole number for every window. */
export const readCounts = (input: ByteReader, windows: number): Float64Array => {
  const form = readForm(input);
  const unit = input.unsigned();
  const counts = new Float64Array(windows);
  if (form === SAME) return counts.fill(unit);
  input.unsigneds(counts, windows);
  if (unit !== 1) for (let at = 0; at < windows; at += 1) counts[at] = (counts[at] ?? 0) * unit;
  return counts;
};

export const POWERS_OF_TEN = Array.from({ length: 16 }, (_, digits) => 10 ** digits);
/** Most digits after the point of values that are written as decimals. */
const MAX_DIGITS = 6;
/** In place of the digits: float64. */
const FLOATS = 255;

const areDecimals = (values: readonly number[], power: number): boolean =>
  values.every((value) => {
    const scaled = Math.round(value * power);
    return Math.abs(scaled) < 2 ** 50 && scaled / power === value && !Object.is(value, -0);
  });

/** Writes decimals as differences of whole numbers where that is exact, else float64. */
export const writeNumbers = (out: ByteWriter, values: readonly number[]): void => {
  const digits = POWERS_OF_TEN.findIndex((power, at) => at <= MAX_DIGITS && areDecimals(values, power));
  const power = POWERS_OF_TEN[digits];
  out.byte(power === undefined ? FLOATS : digits);
  let before = 0;
  for (const value of values) {
    if (power === undefined) {
      out.float64(value);
      continue;
    }
    const scaled = Math.round(value * power);
    out.signed(scaled - before);
    before = scaled;
  }
};

/** Reads decimals, each as the difference from the one before. @param power of ten that they were multiplied by */
export const readDifferences = (
  input: ByteReader,
  filled: ArrayLike<number>,
  power: number,
  into: Float64Array,
): void => {
  const count = filled.length;
  const differences = scratchOf(count);
  input.signeds(differences, count);
  let scaled = 0;
  for (let at = 0; at < count; at += 1) {
    scaled += differences[at] ?? 0;
    into[filled[at] ?? 0] = scaled / power;
  }
};

/** Reads what {@link writeNumbers} wrote. */
export const readNumbers = (input: ByteReader, filled: ArrayLike<number>, into: Float64Array): void => {
  const digits = input.byte();
  if (digits === FLOATS) {
    for (let at = 0; at < filled.length; at += 1) into[filled[at] ?? 0] = input.float64();
    return;
  }
  const power = digits <= MAX_DIGITS ? POWERS_OF_TEN[digits] : undefined;
  if (power === undefined) throw new MalformedBytes('a number of digits is unknown');
  readDifferences(input, filled, power, into);
};

/** Writes numbers by {@link writeNumbers}, texts and truth values as JSON. */
export const writeValues = (out: ByteWriter, values: readonly Value[], numeric: boolean): void => {
  if (numeric) writeNumbers(out, values.map(Number));
  else for (const value of values) out.text(JSON.stringify(value));
};

/** Reads what {@link writeValues} wrote. */
export const readValues = (
  input: ByteReader,
  filled: ArrayLike<number>,
  windows: number,
  numeric: boolean,
): ArrayLike<Value> => {
  if (numeric) {
    const numbers = new Float64Array(windows);
    readNumbers(input, filled, numbers);
    return numbers;
  }
  const values = new Array<Value>(windows).fill(0);
  for (let at = 0; at < filled.length; at += 1) {
    const value: unknown = JSON.parse(input.text());
    if (typeof value !== 'string' && typeof value !== 'boolean')
      throw new MalformedBytes('a value is neither text nor truth value');
    values[filled[at] ?? 0] = value;
  }
  return values;
};

const writeBins = (out: ByteWriter, bins: Bins): void => {
  out.unsigned(bins.length);
  let before = 0;
  for (const [bin, count] of bins) {
    out.signed(bin - before);
    out.unsigned(count);
    before = bin;
  }
};

const readBins = (input: ByteReader): [number, number][] => {
  const bins: [number, number][] = [];
  let bin = 0;
  for (let left = input.count(2); left > 0; left -= 1) {
    bin += input.signed();
    bins.push([bin, input.unsigned()]);
  }
  return bins;
};

export const writeSketch = (out: ByteWriter, { above, below, zeros }: Sketch): void => {
  writeBins(out, above);
  writeBins(out, below);
  out.unsigned(zeros);
};

export const readSketch = (input: ByteReader): Sketch =>
  new Sketch(readBins(input), readBins(input), input.unsigned());
