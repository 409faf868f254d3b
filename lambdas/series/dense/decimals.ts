/**
 * Decimal fractions as whole numbers, where that is exact to the bit. Numbers that were single precision once are
 * taken as the decimal that a sensor wrote: 21.1 instead of 21.100000381469727.
 *
 * Few numbers that are no decimals, −0 among them, are kept aside (as ALP does: Afroozeh, Kuffo, Boncz 2023).
 */
import { MAX_SPAN } from './integers.ts';

/** All powers of ten up to here are exact, and so are the quotients of whole numbers by them as correct rounding goes. */
export const MAX_DIGITS = 15;
const POWERS = Float64Array.from({ length: MAX_DIGITS + 1 }, (_, digits) => 10 ** digits);
export const powerOfTen = (digits: number): number => POWERS[digits] ?? 1;

const LIMIT = MAX_SPAN / 2;
/** Bits that a number kept aside takes, about. */
const ASIDE_BITS = 80;
const BITS_PER_DIGIT = 3.33;
const SAMPLES = 32;

const digitsOf = (value: number, single: boolean): number | undefined => {
  for (let digits = 0; digits <= MAX_DIGITS; digits += 1)
    if (isExact(value, POWERS[digits] ?? 1, single)) return digits;
  return undefined;
};

const isExact = (value: number, power: number, single: boolean): boolean => {
  const scaled = Math.round(value * power);
  if (scaled >= LIMIT || scaled <= -LIMIT) return false;
  const back = scaled / power;
  return (single ? Math.fround(back) : back) === value && !Object.is(value, -0);
};

/** Numbers as decimals. */
export interface Decimals {
  readonly digits: number;
  /** Whether what comes back is to be rounded to single precision. */
  readonly single: boolean;
  /** Places of numbers that are kept aside; the one before stands there instead. */
  readonly aside: readonly number[];
}

const scale = (
  values: readonly number[],
  digits: number,
  single: boolean,
  scaled: Float64Array,
): Decimals | undefined => {
  const power = POWERS[digits] ?? 1;
  const aside: number[] = [];
  const most = values.length / 8;
  let before = 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    const number = Math.round(value * power);
    const back = number / power;
    const exact = (single ? Math.fround(back) : back) === value && number < LIMIT && number > -LIMIT;
    // Only a zero can be a negative one.
    if (exact && (number !== 0 || !Object.is(value, -0))) before = number + 0;
    else if (aside.push(at) > most) return undefined;
    scaled[at] = before;
  }
  return { digits, single, aside };
};

/** The digits that most of some values need. */
const guess = (values: readonly number[], single: boolean): number | undefined => {
  const stride = Math.max(1, Math.floor(values.length / SAMPLES));
  let most = -1;
  let misses = 0;
  let looks = 0;
  for (let at = 0; at < values.length; at += stride) {
    const digits = digitsOf(values[at] ?? 0, single);
    looks += 1;
    if (digits === undefined) misses += 1;
    else most = Math.max(most, digits);
  }
  return most < 0 || misses * 8 > looks ? undefined : most;
};

const find = (values: readonly number[], single: boolean, scaled: Float64Array): Decimals | undefined => {
  const guessed = guess(values, single);
  if (guessed === undefined) return undefined;
  const found = scale(values, guessed, single, scaled);
  // The sample may have missed values with more digits.
  let needed = guessed;
  if (found === undefined)
    for (const value of values) needed = Math.max(needed, digitsOf(value, single) ?? 0);
  else for (const at of found.aside) needed = Math.max(needed, digitsOf(values[at] ?? 0, single) ?? 0);
  if (needed === guessed) return found;
  const more = (needed - guessed) * BITS_PER_DIGIT * values.length;
  if (found !== undefined && found.aside.length * ASIDE_BITS <= more) return found;
  return scale(values, needed, single, scaled) ?? (found && scale(values, guessed, single, scaled));
};

/**
 * Scales values.
 * @param scaled receives whole numbers
 * @returns `undefined` when values are no decimals
 */
export const toDecimals = (values: readonly number[], scaled: Float64Array): Decimals | undefined => {
  const decimals = find(values, false, scaled);
  // Single precision needs 17 digits as a decimal of double precision, if any suffice.
  if (decimals !== undefined && decimals.digits < 9) return decimals;
  if (!values.every((value) => Object.is(Math.fround(value), value))) return decimals;
  const single = find(values, true, scaled);
  if (single !== undefined && (decimals === undefined || single.digits < decimals.digits)) return single;
  return decimals === undefined ? undefined : scale(values, decimals.digits, false, scaled);
};
