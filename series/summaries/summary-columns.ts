/** Columns of summaries as bytes, and back: counts and offsets, values, sketches. */
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

export const SAME = 0;
export const EACH = 1;

/** Whole numbers from 0: one where all are the same, else each over what divides all of them. */
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

export const kindOf = (input: ByteReader): number => {
  const kind = input.byte();
  if (kind !== SAME && kind !== EACH) throw new MalformedBytes('whole numbers of an unknown kind');
  return kind;
};

/** Numbers on their way to their places. */
let scratch = new Float64Array(1440);
export const scratchOf = (count: number): Float64Array => {
  if (scratch.length < count) scratch = new Float64Array(count);
  return scratch;
};

/** Reads whole numbers of some windows into their places. */
export const readWhole = (input: ByteReader, places: ArrayLike<number>, into: Float64Array): void => {
  const kind = kindOf(input);
  const unit = input.unsigned();
  const count = places.length;
  const values = scratchOf(count);
  if (kind === SAME) values.fill(1, 0, count);
  else input.unsigneds(values, count);
  for (let at = 0; at < count; at += 1) into[places[at] ?? 0] = (values[at] ?? 0) * unit;
};

/** Columns of one number, by it and their length: most counts are such. */
const uniform = new Map<string, Float64Array>();
const MOST_UNIFORM = 64;

const uniformOf = (value: number, length: number): Float64Array => {
  const name = `${value}/${length}`;
  const known = uniform.get(name);
  if (known !== undefined) return known;
  if (uniform.size >= MOST_UNIFORM) uniform.clear();
  const column = new Float64Array(length).fill(value);
  uniform.set(name, column);
  return column;
};

/** Reads whole numbers of all windows. Nobody may write into them: other columns may be the same. */
export const readCounts = (input: ByteReader, windows: number): Float64Array => {
  const kind = kindOf(input);
  const unit = input.unsigned();
  if (kind === SAME) return uniformOf(unit, windows);
  const counts = new Float64Array(windows);
  input.unsigneds(counts, windows);
  if (unit !== 1) for (let at = 0; at < windows; at += 1) counts[at] = (counts[at] ?? 0) * unit;
  return counts;
};

export const POWERS = Array.from({ length: 16 }, (_, digits) => 10 ** digits);
/** Digits of values at most. */
const VALUE_DIGITS = 7;
const FLOATS = 255;

const holds = (values: readonly number[], power: number): boolean =>
  values.every((value) => {
    const scaled = Math.round(value * power);
    return Math.abs(scaled) < 2 ** 50 && scaled / power === value && !Object.is(value, -0);
  });

/** Decimals as differences of whole numbers where that is exact, else float64. */
export const writeNumbers = (out: ByteWriter, values: readonly number[]): void => {
  const digits = POWERS.findIndex((power, at) => at < VALUE_DIGITS && holds(values, power));
  const power = POWERS[digits];
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

/** Reads decimals, of each how much it is more than the one before, into their places. @param power of ten */
export const readSteps = (
  input: ByteReader,
  places: ArrayLike<number>,
  power: number,
  into: Float64Array,
): void => {
  const count = places.length;
  const steps = scratchOf(count);
  input.signeds(steps, count);
  let scaled = 0;
  for (let at = 0; at < count; at += 1) {
    scaled += steps[at] ?? 0;
    into[places[at] ?? 0] = scaled / power;
  }
};

/** Reads numbers into their places. */
export const readNumbers = (input: ByteReader, places: ArrayLike<number>, into: Float64Array): void => {
  const digits = input.byte();
  if (digits === FLOATS) {
    for (let at = 0; at < places.length; at += 1) into[places[at] ?? 0] = input.float64();
    return;
  }
  const power = digits < VALUE_DIGITS ? POWERS[digits] : undefined;
  if (power === undefined) throw new MalformedBytes('a number of digits is unknown');
  readSteps(input, places, power, into);
};

/** Numbers as {@link writeNumbers} has them, all else as JSON. */
export const writeValues = (out: ByteWriter, values: readonly Value[], numeric: boolean): void => {
  if (numeric) writeNumbers(out, values.map(Number));
  else for (const value of values) out.text(JSON.stringify(value));
};

/** Reads values of some windows into their places, among so many. */
export const readValues = (
  input: ByteReader,
  places: ArrayLike<number>,
  windows: number,
  numeric: boolean,
): ArrayLike<Value> => {
  if (numeric) {
    const numbers = new Float64Array(windows);
    readNumbers(input, places, numbers);
    return numbers;
  }
  const values = new Array<Value>(windows).fill(0);
  for (let at = 0; at < places.length; at += 1) {
    const value: unknown = JSON.parse(input.text());
    if (typeof value !== 'string' && typeof value !== 'boolean')
      throw new MalformedBytes('a value is neither text nor truth value');
    values[places[at] ?? 0] = value;
  }
  return values;
};

const writeBins = (out: ByteWriter, bins: Bins): void => {
  out.unsigned(bins.length);
  let before = 0;
  for (const [bin, held] of bins) {
    out.signed(bin - before);
    out.unsigned(held);
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
