/** Columns of summaries as bytes, and back: counts and offsets, values, exact sums, sketches. */
import type { Value } from '../../contracts/payload/message.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from './bytes.ts';
import { ExactSum } from './exact.ts';
import { type Bins, Sketch } from './sketch.ts';
import { type Sums, SumsBuilder } from './slots.ts';

const greatestDivisor = (values: Iterable<number>): number => {
  let divisor = 0;
  for (const value of values) {
    let rest = value;
    while (rest !== 0) [divisor, rest] = [rest, divisor % rest];
    if (divisor === 1) return 1;
  }
  return divisor;
};

const SAME = 0;
const EACH = 1;

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

const kindOf = (input: ByteReader): number => {
  const kind = input.byte();
  if (kind !== SAME && kind !== EACH) throw new MalformedBytes('whole numbers of an unknown kind');
  return kind;
};

/** Reads whole numbers of some slots into their places. */
export const readWhole = (input: ByteReader, places: ArrayLike<number>, into: Float64Array): void => {
  const kind = kindOf(input);
  const unit = input.unsigned();
  for (let at = 0; at < places.length; at += 1)
    into[places[at] ?? 0] = kind === SAME ? unit : input.unsigned() * unit;
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

/** Reads whole numbers of all slots. Nobody may write into them: other columns may be the same. */
export const readCounts = (input: ByteReader, slots: number): Float64Array => {
  const kind = kindOf(input);
  const unit = input.unsigned();
  if (kind === SAME) return uniformOf(unit, slots);
  const counts = new Float64Array(slots);
  for (let at = 0; at < slots; at += 1) counts[at] = input.unsigned() * unit;
  return counts;
};

const POWERS = Array.from({ length: 16 }, (_, digits) => 10 ** digits);
/** Digits of values, and of sums of their products. */
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

export const readNumbers = (
  input: ByteReader,
  count: number,
  put: (at: number, value: number) => void,
): void => {
  const digits = input.byte();
  const power = digits < VALUE_DIGITS ? POWERS[digits] : undefined;
  if (power === undefined && digits !== FLOATS) throw new MalformedBytes('a number of digits is unknown');
  let scaled = 0;
  for (let at = 0; at < count; at += 1) {
    if (power === undefined) {
      put(at, input.float64());
      continue;
    }
    scaled += input.signed();
    put(at, scaled / power);
  }
};

/** Numbers as {@link writeNumbers} has them, all else as JSON. */
export const writeValues = (out: ByteWriter, values: readonly Value[], numeric: boolean): void => {
  if (numeric) writeNumbers(out, values.map(Number));
  else for (const value of values) out.text(JSON.stringify(value));
};

export const readValues = (
  input: ByteReader,
  count: number,
  numeric: boolean,
  put: (at: number, value: Value) => void,
): void => {
  if (numeric) {
    readNumbers(input, count, put);
    return;
  }
  for (let at = 0; at < count; at += 1) {
    const value: unknown = JSON.parse(input.text());
    if (typeof value !== 'string' && typeof value !== 'boolean')
      throw new MalformedBytes('a value is neither text nor truth value');
    put(at, value);
  }
};

const BEYOND = 255;
const TERMS = 0;
const NEAR_DECIMALS = 1;
/** The rest of a sum beside its decimal is of two digits to this base. */
const REST_BASE = 2 ** 40;
/** Powers of two below it might not be exact any more. */
const LEAST_EXPONENT = -900;

const bits = new DataView(new ArrayBuffer(8));

/** Exponent of the last binary digit of a number that is not 0. */
const lastBit = (value: number): number => {
  bits.setFloat64(0, value);
  const high = bits.getUint32(0);
  const low = bits.getUint32(4);
  const exponent = (high >>> 20) & 0x7ff;
  const zeros = (word: number): number => 31 - Math.clz32(word & -word);
  // The digit before the point is there in all numbers but the least ones, which have an exponent of their own.
  const trailing = low === 0 ? 32 + zeros((high & 0xfffff) | 0x100000) : zeros(low);
  return Math.max(exponent, 1) - 1075 + trailing;
};

interface NearDecimal {
  readonly digits: number;
  readonly exponent: number;
  readonly decimals: readonly number[];
  readonly high: readonly number[];
  readonly low: readonly number[];
}

/**
 * Sums of decimals are all but decimals: what is between is what the float64 of each term was off, a few last binary
 * digits. A sum is told as decimal · 10^-digits + (high · 2^40 + low) · 2^exponent, exactly.
 * @returns `undefined` where the sums are of no decimals
 */
const nearDecimals = (sums: readonly ExactSum[]): NearDecimal | undefined => {
  const digits = POWERS.findIndex((power) =>
    sums.every(({ value }) => {
      const scaled = value * power;
      return Math.abs(scaled) < 2 ** 50 && Math.abs(scaled - Math.round(scaled)) < 1 / 16;
    }),
  );
  const power = POWERS[digits];
  if (power === undefined) return undefined;
  const decimals = sums.map(({ value }) => Math.round(value * power));
  const rests = sums.map((sum, at) => {
    const rest = new ExactSum(sum.parts);
    rest.add(-(decimals[at] ?? 0) / power);
    return rest;
  });
  const last = rests.flatMap((rest) => rest.parts.map(lastBit));
  const exponent = last.length === 0 ? 0 : last.reduce((least, each) => Math.min(least, each));
  if (exponent < LEAST_EXPONENT) return undefined;
  const unit = 2 ** exponent;
  const high = rests.map(({ value }) => Math.round(value / unit / REST_BASE));
  const low = rests.map((rest, at) => {
    rest.add(-(high[at] ?? 0) * REST_BASE * unit);
    return rest.value / unit;
  });
  const fits = (value: number): boolean => Number.isInteger(value) && Math.abs(value) < 2 ** 50;
  return high.every(fits) && low.every(fits) ? { digits, exponent, decimals, high, low } : undefined;
};

const writeSigned = (out: ByteWriter, values: readonly number[]): void => {
  const same = values.every((value) => value === 0);
  out.byte(same ? SAME : EACH);
  if (!same) for (const value of values) out.signed(value);
};

const readSigned = (input: ByteReader, count: number): Float64Array => {
  if (kindOf(input) === SAME) return uniformOf(0, count);
  const values = new Float64Array(count);
  for (let at = 0; at < count; at += 1) values[at] = input.signed();
  return values;
};

/** Exact sums: as decimals and what they are off where they are of decimals, else term by term. */
export const writeSums = (out: ByteWriter, sums: readonly ExactSum[]): void => {
  const near = sums.some(({ beyond }) => beyond) ? undefined : nearDecimals(sums);
  if (near === undefined) {
    out.byte(TERMS);
    for (const { beyond, parts } of sums) {
      out.byte(beyond ? BEYOND : parts.length);
      for (const part of parts) out.float64(part);
    }
    return;
  }
  out.byte(NEAR_DECIMALS);
  out.byte(near.digits);
  out.signed(near.exponent);
  writeSigned(
    out,
    near.decimals.map((decimal, at) => decimal - (near.decimals[at - 1] ?? 0)),
  );
  writeSigned(out, near.high);
  writeSigned(out, near.low);
};

/** Reads the terms of sums as {@link writeSums} writes those that are of no decimals. */
export const readTerms = (input: ByteReader, places: ArrayLike<number>, slots: number): Sums => {
  const sums = new SumsBuilder(slots);
  for (let at = 0; at < places.length; at += 1) {
    const place = places[at] ?? 0;
    const length = input.byte();
    if (length === BEYOND) sums.beyond(place);
    else for (let part = 0; part < length; part += 1) sums.add(place, input.float64());
  }
  return sums.build();
};

/** @param places of slots that have a sum, among so many */
export const readSums = (input: ByteReader, places: ArrayLike<number>, slots: number): Sums => {
  const kind = input.byte();
  if (kind === TERMS) return readTerms(input, places, slots);
  const power = POWERS[input.byte()];
  if (kind !== NEAR_DECIMALS || power === undefined) throw new MalformedBytes('sums of an unknown kind');
  const unit = 2 ** input.signed();
  const { length } = places;
  const steps = readSigned(input, length);
  const high = readSigned(input, length);
  const low = readSigned(input, length);
  const sums = new SumsBuilder(slots);
  let decimal = 0;
  for (let at = 0; at < length; at += 1) {
    const place = places[at] ?? 0;
    decimal += steps[at] ?? 0;
    if (decimal !== 0) sums.add(place, decimal / power);
    const [more = 0, less = 0] = [high[at], low[at]];
    if (more !== 0) sums.add(place, more * REST_BASE * unit);
    if (less !== 0) sums.add(place, less * unit);
  }
  return sums.build();
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
