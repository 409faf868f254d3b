/** Exact sums of windows as bytes, and back. */
import { type ByteReader, type ByteWriter, MalformedBytes } from '../codec/bytes.ts';
import { ExactSum } from './exact.ts';
import { EACH, kindOf, POWERS, readSteps, SAME, scratchOf } from './summary-columns.ts';
import { type Sums, SumsBuilder } from './windows.ts';

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

/** Reads whole numbers, each as often as the unit says, into their places; nothing when all are zero. */
const readSigned = (
  input: ByteReader,
  places: ArrayLike<number>,
  windows: number,
  unit: number,
): Float64Array | undefined => {
  if (kindOf(input) === SAME) return undefined;
  const { length } = places;
  const values = scratchOf(length);
  input.signeds(values, length);
  const terms = new Float64Array(windows);
  for (let at = 0; at < length; at += 1) terms[places[at] ?? 0] = (values[at] ?? 0) * unit;
  return terms;
};

/** Reads decimals by {@link readSteps}; nothing when all are zero. */
const readDecimals = (
  input: ByteReader,
  places: ArrayLike<number>,
  windows: number,
  power: number,
): Float64Array | undefined => {
  if (kindOf(input) === SAME) return undefined;
  const terms = new Float64Array(windows);
  readSteps(input, places, power, terms);
  return terms;
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
const readTerms = (input: ByteReader, places: ArrayLike<number>, windows: number): Sums => {
  const sums = new SumsBuilder(windows);
  for (let at = 0; at < places.length; at += 1) {
    const place = places[at] ?? 0;
    const length = input.byte();
    if (length === BEYOND) sums.beyond(place);
    else for (let part = 0; part < length; part += 1) sums.add(place, input.float64());
  }
  return sums.build();
};

/** @param places of windows that have a sum, among so many */
export const readSums = (input: ByteReader, places: ArrayLike<number>, windows: number): Sums => {
  const kind = input.byte();
  if (kind === TERMS) return readTerms(input, places, windows);
  const power = POWERS[input.byte()];
  if (kind !== NEAR_DECIMALS || power === undefined) throw new MalformedBytes('sums of an unknown kind');
  const unit = 2 ** input.signed();
  const terms = [
    readDecimals(input, places, windows, power),
    readSigned(input, places, windows, REST_BASE * unit),
    readSigned(input, places, windows, unit),
  ];
  return { terms: terms.filter((column) => column !== undefined), beyond: undefined };
};
