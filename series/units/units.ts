/**
 * Units after UCUM (The Unified Code for Units of Measure, ucum.org), case-sensitive: those of a laboratory, their
 * metric prefixes, products, quotients, powers and annotations. Factors are fractions of whole numbers, so that a
 * conversion rounds as little as float64 can.
 *
 * Other than UCUM, amount of substance is a dimension of its own: `mol` is never a mere number. Arbitrary units
 * (`[iU]`, `[pH]`, `[CFU]`) are commensurable only with themselves.
 */
import { ATOMS, type Atom, PREFIXES } from './unit-atoms.ts';

/** A unit that cannot be read, or two that measure different things. */
export class UnitError extends Error {
  override readonly name = 'UnitError';
}

interface Unit {
  /** Of base units, as `num / den · π^pi`. */
  readonly num: bigint;
  readonly den: bigint;
  readonly pi: number;
  /** Exponent of each base unit; none is 0. */
  readonly dimensions: ReadonlyMap<string, number>;
  /** Where zero lies, in this unit above the zero of the base: of a temperature alone. */
  readonly zero?: readonly [num: bigint, den: bigint];
}

const ONE: Unit = { num: 1n, den: 1n, pi: 0, dimensions: new Map() };
/** Greatest exponent: beyond it is no unit of a laboratory. */
const MAX_EXPONENT = 24;
const MAX_DEPTH = 8;

const power = (unit: Unit, exponent: number): Unit => {
  const size = BigInt(Math.abs(exponent));
  const [num, den] = exponent < 0 ? [unit.den, unit.num] : [unit.num, unit.den];
  const dimensions = new Map([...unit.dimensions].map(([name, has]) => [name, has * exponent] as const));
  return { num: num ** size, den: den ** size, pi: unit.pi * exponent, dimensions };
};

const product = (left: Unit, right: Unit): Unit => {
  const dimensions = new Map(left.dimensions);
  for (const [name, more] of right.dimensions) {
    const sum = (dimensions.get(name) ?? 0) + more;
    if (sum === 0) dimensions.delete(name);
    else dimensions.set(name, sum);
  }
  return { num: left.num * right.num, den: left.den * right.den, pi: left.pi + right.pi, dimensions };
};

/** A decimal such as `133.322` as a fraction. */
const fraction = (text: string): readonly [bigint, bigint] => {
  const [whole = '', digits = ''] = text.split('.');
  return [BigInt(whole + digits), 10n ** BigInt(digits.length)];
};

const known = new Map<string, Unit>();

const ofAtom = (name: string, atom: Atom, depth: number): Unit => {
  const found = known.get(name);
  if (found !== undefined) return found;
  let unit: Unit;
  if ('base' in atom) unit = { ...ONE, dimensions: new Map([[name, 1]]) };
  else {
    const [num, den] = fraction(atom.factor);
    const [by, per] = fraction(atom.per ?? '1');
    unit = product(
      { ...ONE, num: num * per, den: den * by, pi: atom.pi ?? 0 },
      new Parser(atom.of, depth + 1).whole(),
    );
    if (atom.zero !== undefined) unit = { ...unit, zero: fraction(atom.zero) };
  }
  known.set(name, unit);
  return unit;
};

class Parser {
  readonly #text: string;
  readonly #depth: number;
  #at = 0;

  constructor(text: string, depth = 0) {
    this.#text = text;
    this.#depth = depth;
    if (depth > MAX_DEPTH) this.#refuse('it is nested too deeply');
  }

  #refuse(why: string): never {
    throw new UnitError(`${this.#text} is no unit that is known here: ${why}`);
  }

  whole(): Unit {
    const unit = this.#term(0);
    if (this.#at < this.#text.length) this.#refuse(`nothing is expected at character ${this.#at + 1}`);
    return unit;
  }

  #term(depth: number): Unit {
    if (depth > MAX_DEPTH) this.#refuse('it is nested too deeply');
    let unit = this.#text[this.#at] === '/' ? ONE : this.#component(depth);
    for (;;) {
      const operator = this.#text[this.#at];
      if (operator !== '.' && operator !== '/') return unit;
      this.#at += 1;
      const right = this.#component(depth);
      unit = product(unit, operator === '.' ? right : power(right, -1));
    }
  }

  #component(depth: number): Unit {
    if (this.#text[this.#at] === '(') {
      this.#at += 1;
      const unit = this.#term(depth + 1);
      if (this.#text[this.#at] !== ')') this.#refuse('a bracket is not closed');
      this.#at += 1;
      return unit;
    }
    const [token = ''] =
      /^(?:10[*^]|(?:\[[^\]]*\]|[^\d./(){}[\]+-])*)(?:\[[^\]]*\])?/.exec(this.#rest()) ?? [];
    if (token === '') {
      const [digits] = /^\d{1,15}/.exec(this.#rest()) ?? [];
      if (digits !== undefined) {
        this.#at += digits.length;
        if (BigInt(digits) === 0n) this.#refuse('it holds a zero');
        this.#annotation();
        return { ...ONE, num: BigInt(digits) };
      }
      if (this.#annotation()) return ONE;
      this.#refuse(`a unit is expected at character ${this.#at + 1}`);
    }
    this.#at += token.length;
    const unit = this.#simple(token);
    const [exponent] = /^[+-]?\d{1,2}/.exec(this.#rest()) ?? [];
    if (exponent !== undefined) this.#at += exponent.length;
    this.#annotation();
    if (exponent === undefined) return unit;
    if (Math.abs(Number(exponent)) > MAX_EXPONENT) this.#refuse('an exponent is too great');
    return power(unit, Number(exponent));
  }

  #rest(): string {
    return this.#text.slice(this.#at);
  }

  /** `{...}` says something to people and nothing to arithmetic. */
  #annotation(): boolean {
    const [annotation] = /^\{[^{}]*\}/.exec(this.#rest()) ?? [];
    if (annotation === undefined) return false;
    this.#at += annotation.length;
    return true;
  }

  #simple(token: string): Unit {
    const atom = ATOMS.get(token);
    if (atom !== undefined) return ofAtom(token, atom, this.#depth);
    for (const [prefix, exponent] of PREFIXES) {
      if (!token.startsWith(prefix)) continue;
      const name = token.slice(prefix.length);
      const metric = ATOMS.get(name);
      if (metric?.metric !== true) continue;
      const { zero: _, ...unit } = ofAtom(name, metric, this.#depth);
      const scale = power({ ...ONE, num: 10n }, exponent);
      return product(scale, unit);
    }
    return this.#refuse(`${token} is not in its table`);
  }
}

/**
 * Reads a unit.
 * @throws {UnitError} saying what is wrong with it
 */
const parseUnit = (text: string): Unit => new Parser(text).whole();

const sameDimensions = (left: Unit, right: Unit): boolean =>
  left.dimensions.size === right.dimensions.size &&
  [...left.dimensions].every(([name, exponent]) => right.dimensions.get(name) === exponent);

const gcd = (left: bigint, right: bigint): bigint => {
  let [a, b] = [left < 0n ? -left : left, right < 0n ? -right : right];
  while (b > 0n) [a, b] = [b, a % b];
  return a === 0n ? 1n : a;
};

/** From one unit to another. */
export interface Conversion {
  readonly unit: string;
  /** A value on the scale, such as a temperature. */
  value(value: number): number;
  /** A difference of two values. */
  difference(value: number): number;
  /** A sum of so many values. */
  sum(value: number, count: number): number;
}

/**
 * How values of one unit are told in another.
 * @throws {UnitError} for units that are not known or not of the same dimension
 */
export const conversion = (from: string, to: string): Conversion => {
  const [source, target] = [parseUnit(from), parseUnit(to)];
  if (!sameDimensions(source, target)) throw new UnitError(`${from} and ${to} do not measure the same`);
  // target = source · scale + offset, as (source · times + plus) / by in whole numbers.
  const scale = { num: source.num * target.den, den: source.den * target.num };
  const [fromNum, fromDen] = source.zero ?? [0n, 1n];
  const [toNum, toDen] = target.zero ?? [0n, 1n];
  let by = scale.den * fromDen * toDen;
  let times = scale.num * fromDen * toDen;
  let plus = scale.num * fromNum * toDen - toNum * scale.den * fromDen;
  const common = gcd(gcd(times, plus), by);
  [times, plus, by] = [times / common, plus / common, by / common];
  const pi = Math.PI ** (source.pi - target.pi);
  const exact = [times, plus, by].every((part) => part < 2n ** 53n && part > -(2n ** 53n));
  const ratio = ratioOf(times, by) * pi;
  const offset = ratioOf(plus, by);
  const [t, p, b] = [Number(times), Number(plus), Number(by)];
  const plain = exact && pi === 1;
  return {
    unit: to,
    value: plain ? (value) => (value * t + p) / b : (value) => value * ratio + offset,
    difference: plain ? (value) => (value * t) / b : (value) => value * ratio,
    sum: (value, count) => (plain ? (value * t + count * p) / b : value * ratio + count * offset),
  };
};

/** A quotient of whole numbers of any size, to some 17 digits. */
const ratioOf = (num: bigint, den: bigint): number => {
  if (num === 0n) return 0;
  const [sign, size] = num < 0n ? [-1, -num] : [1, num];
  const digits = Math.max(0, 20 + den.toString().length - size.toString().length);
  return sign * Number(`${(size * 10n ** BigInt(digits)) / den}e-${digits}`);
};
