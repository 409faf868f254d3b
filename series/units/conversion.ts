/** Conversion of values and their aggregates from one unit to another. */
import { type Fraction, parseUnit, type Unit, UnitError } from './unit.ts';

/** How values in one unit are given in another. */
export interface Conversion {
  /** The other unit. */
  readonly unit: string;
  /** Converts a value, such as a temperature. */
  value(value: number): number;
  /** Converts a difference of two values. */
  difference(value: number): number;
  /** Converts a sum of so many values. */
  sum(value: number, count: number): number;
}

const ZERO: Fraction = [0n, 1n];

const haveSameDimensions = (left: Unit, right: Unit): boolean =>
  left.dimensions.size === right.dimensions.size &&
  [...left.dimensions].every(([name, exponent]) => right.dimensions.get(name) === exponent);

const gcd = (left: bigint, right: bigint): bigint => {
  let [a, b] = [left < 0n ? -left : left, right < 0n ? -right : right];
  while (b > 0n) [a, b] = [b, a % b];
  return a === 0n ? 1n : a;
};

/** A quotient of whole numbers of any size, to some 17 digits. */
const quotient = (num: bigint, den: bigint): number => {
  if (num === 0n) return 0;
  const [sign, size] = num < 0n ? [-1, -num] : [1, num];
  const digits = Math.max(0, 20 + den.toString().length - size.toString().length);
  return sign * Number(`${(size * 10n ** BigInt(digits)) / den}e-${digits}`);
};

/**
 * How values of one unit are given in another. With u and v the factors of the two, and z and w their zeros, both units
 * say (value + z) · u = (converted + w) · v.
 * @param from UCUM code
 * @param to UCUM code
 * @throws {UnitError} for a code that is not known, and for units of different dimensions
 */
export const conversion = (from: string, to: string): Conversion => {
  const [source, target] = [parseUnit(from), parseUnit(to)];
  if (!haveSameDimensions(source, target)) throw new UnitError(`${from} and ${to} do not measure the same`);
  const [uNum, uDen] = source.factor;
  const [vNum, vDen] = target.factor;
  const [zNum, zDen] = source.zero ?? ZERO;
  const [wNum, wDen] = target.zero ?? ZERO;
  // converted = (value · times + plus) / by, in whole numbers.
  let times = uNum * vDen * zDen * wDen;
  let plus = uNum * vDen * zNum * wDen - wNum * uDen * vNum * zDen;
  let by = uDen * vNum * zDen * wDen;
  const common = gcd(gcd(times, plus), by);
  [times, plus, by] = [times / common, plus / common, by / common];
  const pi = Math.PI ** (source.pi - target.pi);
  const isExact = [times, plus, by].every((part) => part < 2n ** 53n && part > -(2n ** 53n));
  if (isExact && pi === 1) {
    const [t, p, b] = [Number(times), Number(plus), Number(by)];
    const difference = (value: number): number => (value * t) / b;
    return {
      unit: to,
      // Without an offset −0 stays −0.
      value: p === 0 ? difference : (value) => (value * t + p) / b,
      difference,
      sum: (value, count) => (value * t + count * p) / b,
    };
  }
  const ratio = quotient(times, by) * pi;
  const offset = quotient(plus, by);
  const difference = (value: number): number => value * ratio;
  return {
    unit: to,
    value: plus === 0n ? difference : (value) => value * ratio + offset,
    difference,
    sum: (value, count) => value * ratio + count * offset,
  };
};
