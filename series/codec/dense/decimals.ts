/**
 * Decimal fractions as whole numbers, where that is exact to the bit. A number that was rounded to single precision is
 * written as the decimal that the sensor had: 21.1 instead of 21.100000381469727, or of 21.1000003 after `%f`.
 *
 * Few numbers that are no such decimals, −0 among them, are exceptions and written as they are (A. Afroozeh,
 * L. Kuffo, P. Boncz, "ALP: Adaptive Lossless floating-Point Compression", 2023).
 */
import { MAX_SPAN } from './integers.ts';

/** Powers of ten up to here are exact, so that a whole number divided by one is the correctly rounded decimal. */
export const MAX_DIGITS = 15;
const POWERS = Float64Array.from({ length: MAX_DIGITS + 1 }, (_, digits) => 10 ** digits);
export const powerOfTen = (digits: number): number => POWERS[digits] ?? 1;

/** What a decimal went through before it was sent: nothing, */
export const AS_IT_IS = 0;
/** rounding to single precision, */
export const SINGLE = 1;
/** or rounding to single precision and printing with six digits, as `%f` does. */
export const PRINTED = 2;
export type Rounding = typeof AS_IT_IS | typeof SINGLE | typeof PRINTED;
const PRINTED_POWER = 1e6;

/** Applies a rounding to a decimal. */
export const rounded = (value: number, rounding: Rounding): number => {
  if (rounding === AS_IT_IS) return value;
  const single = Math.fround(value);
  return rounding === SINGLE ? single : Math.round(single * PRINTED_POWER) / PRINTED_POWER;
};

const LIMIT = MAX_SPAN / 2;
/** About as many bits does an exception take. */
const EXCEPTION_BITS = 80;
const BITS_PER_DIGIT = 3.33;
const SAMPLES = 32;

const digitsOf = (value: number, rounding: Rounding): number | undefined => {
  for (let digits = 0; digits <= MAX_DIGITS; digits += 1)
    if (isExact(value, POWERS[digits] ?? 1, rounding)) return digits;
  return undefined;
};

const isExact = (value: number, power: number, rounding: Rounding): boolean => {
  const scaled = Math.round(value * power);
  if (scaled >= LIMIT || scaled <= -LIMIT) return false;
  return rounded(scaled / power, rounding) === value && !Object.is(value, -0);
};

/** Numbers as decimals. */
export interface Decimals {
  readonly digits: number;
  /** To be applied to each decimal that is read. */
  readonly rounding: Rounding;
  /** Indexes of exceptions. In their place the number before is written. */
  readonly exceptions: readonly number[];
}

const scale = (
  values: readonly number[],
  digits: number,
  rounding: Rounding,
  scaled: Float64Array,
): Decimals | undefined => {
  const power = POWERS[digits] ?? 1;
  const exceptions: number[] = [];
  /** With more exceptions float64 takes fewer bytes. */
  const most = values.length / 8;
  let before = 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    const number = Math.round(value * power);
    const exact = rounded(number / power, rounding) === value && number < LIMIT && number > -LIMIT;
    if (exact && !Object.is(value, -0)) before = number + 0;
    else if (exceptions.push(at) > most) return undefined;
    scaled[at] = before;
  }
  return { digits, rounding, exceptions };
};

/** Digits that a sample of the values needs; `undefined` when many are no decimals. */
const guess = (values: readonly number[], rounding: Rounding): number | undefined => {
  const stride = Math.max(1, Math.floor(values.length / SAMPLES));
  let most = -1;
  let misses = 0;
  let looks = 0;
  for (let at = 0; at < values.length; at += stride) {
    const digits = digitsOf(values[at] ?? 0, rounding);
    looks += 1;
    if (digits === undefined) misses += 1;
    else most = Math.max(most, digits);
  }
  return most < 0 || misses * 8 > looks ? undefined : most;
};

const find = (values: readonly number[], rounding: Rounding, scaled: Float64Array): Decimals | undefined => {
  const guessed = guess(values, rounding);
  if (guessed === undefined) return undefined;
  const found = scale(values, guessed, rounding, scaled);
  // The sample may have missed values with more digits.
  let needed = guessed;
  if (found === undefined)
    for (const value of values) needed = Math.max(needed, digitsOf(value, rounding) ?? 0);
  else for (const at of found.exceptions) needed = Math.max(needed, digitsOf(values[at] ?? 0, rounding) ?? 0);
  if (needed === guessed) return found;
  const more = (needed - guessed) * BITS_PER_DIGIT * values.length;
  if (found !== undefined && found.exceptions.length * EXCEPTION_BITS <= more) return found;
  return scale(values, needed, rounding, scaled) ?? (found && scale(values, guessed, rounding, scaled));
};

/**
 * Scales decimals to whole numbers.
 * @param scaled receives them
 * @returns `undefined` when the values are no decimals
 */
export const toDecimals = (values: readonly number[], scaled: Float64Array): Decimals | undefined => {
  const decimals = find(values, AS_IT_IS, scaled);
  // A rounding only pays off where it saves digits of `%f`, which prints six.
  if (decimals !== undefined && decimals.digits < 6) return decimals;
  const other = find(values, decimals?.digits === 6 ? PRINTED : SINGLE, scaled);
  if (other !== undefined && (decimals === undefined || other.digits < decimals.digits)) return other;
  return decimals === undefined ? undefined : scale(values, decimals.digits, AS_IT_IS, scaled);
};
