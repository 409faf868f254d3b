/**
 * The shortest digits of numbers that have many, without a text between: means and sums mostly take 16 or 17.
 *
 * A number x with 17 digits is n + r units of its last digit, n whole and |r| at most a half, of which products of
 * two parts (T. J. Dekker, 1971) tell both. All decimals within half a step of float64 come back as x; that is between
 * half a unit and 11.2, so that at most one of them has 15 digits or fewer. The shortest is that one, else the nearest
 * of 16 digits, else n itself.
 */
import { POINT, TRIPLES, USED } from './digit-tables.ts';

/** Numbers from here on, and below, are written. */
const LEAST = 0.01;
const MOST = 1e6;
/** In place of an end: the number is no such, or too close to another decimal to tell. */
export const NOT_SURE = -1;

const DIGITS = 17;
/** Decimals that are written, of which the last are zeros where fewer are enough. */
const DECIMALS = 18;
const HALF = 9;
const BILLION = 1e9;
/** Products are told to 1e-15. */
const CLOSE = 1e-9;

/** 2^27 + 1: splits a float64 into two halves of 26 bits. */
const SPLITTER = 134_217_729;

const powers = Float64Array.from({ length: DECIMALS + 1 }, (_, at) => Number(`1e${at}`));
const powerHighs = powers.map((power) => SPLITTER * power - (SPLITTER * power - power));
const powerLows = powers.map((power, at) => power - (powerHighs[at] ?? 0));

const LEAST_EXPONENT = -7;
/** Half of the step to the next float64, by the exponent of a number. */
const halfSteps = Float64Array.from({ length: 32 }, (_, at) => 2 ** (at + LEAST_EXPONENT - 53));

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const [LOW, HIGH] = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? [0, 1] : [1, 0];

/** Decimals of a number of 17 digits. */
const decimalsOf = (size: number): number => {
  if (size < 10) return size >= 1 ? DIGITS - 1 : size >= 0.1 ? DIGITS : DIGITS + 1;
  if (size < 1000) return size < 100 ? DIGITS - 2 : DIGITS - 3;
  return size < 10_000 ? DIGITS - 4 : size < 100_000 ? DIGITS - 5 : DIGITS - 6;
};

/** How far the whole number n is from the one that is written. */
const distanceTo = (last: number, rest: number, reach: number): number => {
  const hundreds = (last | 0) % 100;
  const toHundred = hundreds > 50 ? 100 - hundreds : -hundreds;
  const ofHundred = Math.abs(toHundred - rest) - reach;
  if (Math.abs(ofHundred) < CLOSE) return Number.NaN;
  if (ofHundred < 0) return toHundred;
  const tens = hundreds % 10;
  // Of two that are as near neither is told.
  if (tens === 5 && Math.abs(rest) < CLOSE) return Number.NaN;
  const toTen = tens > 5 || (tens === 5 && rest > 0) ? 10 - tens : -tens;
  const ofTen = Math.abs(toTen - rest) - reach;
  if (Math.abs(ofTen) < CLOSE) return Number.NaN;
  if (ofTen < 0) return toTen;
  return Math.abs(rest) > 0.5 - CLOSE ? Number.NaN : 0;
};

/** Three triples. @returns the end without zeros */
const writeNine = (view: DataView, at: number, digits: number): number => {
  // Whole numbers below 2^31.
  const all = digits | 0;
  const thousandths = (all / 1000) | 0;
  const millions = (thousandths / 1000) | 0;
  const thousands = thousandths - millions * 1000;
  const ones = all - thousandths * 1000;
  view.setInt32(at, (TRIPLES[millions] ?? 0) << 8);
  view.setInt32(at + 3, (TRIPLES[thousands] ?? 0) << 8);
  view.setInt32(at + 6, (TRIPLES[ones] ?? 0) << 8);
  if (ones > 0) return at + 6 + (USED[ones] ?? 0);
  return thousands > 0 ? at + 3 + (USED[thousands] ?? 0) : at + (USED[millions] ?? 0);
};

/**
 * Writes what follows the whole part of a number: the point and the decimals.
 * @param size the number, not whole
 * @param before its whole part
 * @returns the end, or {@link NOT_SURE}
 */
export const writeLong = (view: DataView, at: number, size: number, before: number): number => {
  if (!(size >= LEAST && size < MOST)) return NOT_SURE;
  float[0] = size;
  const high = words[HIGH] ?? 0;
  // Below a power of two the steps are half as wide.
  if ((high & 0xfffff) === 0 && words[LOW] === 0) return NOT_SURE;
  const decimals = decimalsOf(size);
  const power = powers[decimals] ?? 1;
  const reach = (halfSteps[(high >>> 20) - 1023 - LEAST_EXPONENT] ?? 0) * power;

  const part = size - before;
  const product = part * power;
  const split = SPLITTER * part;
  const partHigh = split - (split - part);
  const partLow = part - partHigh;
  const powerHigh = powerHighs[decimals] ?? 0;
  const powerLow = powerLows[decimals] ?? 0;
  const error =
    partLow * powerLow - (product - partHigh * powerHigh - partLow * powerHigh - partHigh * powerLow);

  const whole = Math.floor(product);
  const rest = product - whole + error;
  const step = Math.round(rest);
  // Nine decimals, and those after them.
  const unit = powers[decimals - HALF] ?? 1;
  let first = Math.floor(whole / unit);
  let last = whole - first * unit + step;
  const distance = distanceTo(last < 0 ? last + unit : last, rest - step, reach);
  if (!(Math.abs(distance) <= 100)) return NOT_SURE;
  last += distance;
  if (last < 0) {
    last += unit;
    first -= 1;
  } else if (last >= unit) {
    last -= unit;
    first += 1;
  }
  if (first < 0 || first >= BILLION) return NOT_SURE;
  view.setUint8(at, POINT);
  const end = writeNine(view, at + 1, first);
  return last === 0 ? end : writeNine(view, at + 1 + HALF, last * (powers[DECIMALS - decimals] ?? 1));
};
