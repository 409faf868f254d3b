/**
 * Units after UCUM, The Unified Code for Units of Measure (ucum.org), case-sensitive: atoms, prefixes, products,
 * quotients, powers, annotations. Factors are fractions of whole numbers, so that a conversion rounds as little as
 * float64 can.
 *
 * What is decided here beyond UCUM:
 * - A temperature scale (`Cel`, `[degF]`, `[degRe]`) alone, with a prefix or multiplied by a number keeps its zero, which
 *   is scaled as well (UCUM §22): 10 Cel are 0.01 kCel. In any other product, quotient or power it is an interval,
 *   without a zero: 5 Cel/min are 5 K/min. UCUM leaves these undefined, laboratories use them.
 * - Arbitrary units (`[IU]`, `[CFU]`), scales that are neither proportional nor temperatures (`[pH]`, `B[V]`), and units
 *   that are bare counts of something (`bit`, `[HPF]`) are each of a kind of its own, and convert only to multiples of
 *   themselves.
 * - Amount of substance is a kind of its own as well: `mol` is never a mere number.
 */
import { ATOMS, PREFIXES } from './atoms.ts';

/** A unit that cannot be read, or two units that measure different things. */
export class UnitError extends Error {
  override readonly name = 'UnitError';
}

/** A quotient of whole numbers. */
export type Fraction = readonly [num: bigint, den: bigint];

/** A unit, as a multiple of base units. */
export interface Unit {
  readonly factor: Fraction;
  /** Exponent of π in the factor. */
  readonly pi: number;
  /** Exponent of each base unit; none is 0. */
  readonly dimensions: ReadonlyMap<string, number>;
  /** Of a temperature scale: its zero, in this unit above absolute zero. */
  readonly zero?: Fraction;
}

const ONE: Unit = { factor: [1n, 1n], pi: 0, dimensions: new Map() };
const PI = '[pi]';
/** Greatest exponent of a unit. */
const MAX_EXPONENT = 24;
/** Deepest nesting of brackets, and of definitions. */
const MAX_DEPTH = 12;

const times = ([num, den]: Fraction, [otherNum, otherDen]: Fraction): Fraction => [
  num * otherNum,
  den * otherDen,
];
const inverse = ([num, den]: Fraction): Fraction => [den, num];

const power = (unit: Unit, exponent: number): Unit => {
  if (exponent === 1) return unit;
  const [num, den] = exponent < 0 ? inverse(unit.factor) : unit.factor;
  const size = BigInt(Math.abs(exponent));
  const dimensions = new Map([...unit.dimensions].map(([name, has]) => [name, has * exponent] as const));
  return { factor: [num ** size, den ** size], pi: unit.pi * exponent, dimensions };
};

const isNumber = ({ dimensions, pi }: Unit): boolean => dimensions.size === 0 && pi === 0;

const product = (left: Unit, right: Unit): Unit => {
  const dimensions = new Map(left.dimensions);
  for (const [name, more] of right.dimensions) {
    const sum = (dimensions.get(name) ?? 0) + more;
    if (sum === 0) dimensions.delete(name);
    else dimensions.set(name, sum);
  }
  const unit = { factor: times(left.factor, right.factor), pi: left.pi + right.pi, dimensions };
  if (left.zero !== undefined && isNumber(right))
    return { ...unit, zero: times(left.zero, inverse(right.factor)) };
  if (right.zero !== undefined && isNumber(left))
    return { ...unit, zero: times(right.zero, inverse(left.factor)) };
  return unit;
};

/** Reads a decimal numeral such as `133.322` or `1.602e-19`. */
const fractionOf = (numeral: string): Fraction => {
  const [mantissa = '', exponent = '0'] = numeral.split('e');
  const [whole = '', digits = ''] = mantissa.split('.');
  const shift = Number(exponent) - digits.length;
  const size = 10n ** BigInt(Math.abs(shift));
  return shift < 0 ? [BigInt(whole + digits), size] : [BigInt(whole + digits) * size, 1n];
};

const atoms = new Map<string, Unit>();

/** The unit of an atom; `undefined` when there is none of this code. */
const atomOf = (code: string, depth: number): Unit | undefined => {
  const known = atoms.get(code);
  if (known !== undefined) return known;
  const atom = ATOMS.get(code);
  if (atom === undefined) return undefined;
  let unit: Unit;
  if (code === PI) unit = { ...ONE, pi: 1 };
  else if ('base' in atom) unit = { ...ONE, dimensions: new Map([[code, 1]]) };
  else {
    unit = product({ ...ONE, factor: fractionOf(atom.factor) }, new Parser(atom.of, depth + 1).read());
    if (atom.zero !== undefined) unit = { ...unit, zero: fractionOf(atom.zero) };
  }
  atoms.set(code, unit);
  return unit;
};

/** An atom with or without a prefix; `undefined` when there is none. */
const symbolOf = (symbol: string, depth: number): Unit | undefined => {
  const atom = atomOf(symbol, depth);
  if (atom !== undefined) return atom;
  for (const [prefix, [base, exponent]] of PREFIXES) {
    const code = symbol.startsWith(prefix) ? symbol.slice(prefix.length) : '';
    const prefixed = ATOMS.get(code)?.metric === true ? atomOf(code, depth) : undefined;
    if (prefixed === undefined) continue;
    return product(power({ ...ONE, factor: [BigInt(base), 1n] }, exponent), prefixed);
  }
  return undefined;
};

/** `10*` or `10^`, or letters and bracketed texts in any order, such as `mm[Hg]`. */
const SYMBOL = /^(?:10[*^]|(?:\[[^\]]*\]|[^\d./(){}[\]+-])+)/;
const FACTOR = /^\d{1,15}/;
const EXPONENT = /^[+-]?\d{1,2}/;
/** `{...}` says something to people and nothing to arithmetic. */
const ANNOTATION = /^\{[^{}]*\}/;

/** Reads a term of the grammar (UCUM §6 to §12) from left to right: operators have no precedence. */
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
    throw new UnitError(`${this.#text} is no UCUM code: ${why}`);
  }

  /** Takes what a pattern matches here; `undefined` when it does not. */
  #take(pattern: RegExp): string | undefined {
    const [found] = pattern.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }

  read(): Unit {
    const unit = this.#term(0);
    if (this.#at < this.#text.length) this.#refuse(`nothing is expected at character ${this.#at + 1}`);
    return unit;
  }

  #term(depth: number): Unit {
    if (depth > MAX_DEPTH) this.#refuse('it is nested too deeply');
    let unit = this.#text[this.#at] === '/' ? ONE : this.#component(depth);
    for (let operator = this.#take(/^[./]/); operator !== undefined; operator = this.#take(/^[./]/)) {
      const right = this.#component(depth);
      unit = product(unit, operator === '.' ? right : power(right, -1));
    }
    return unit;
  }

  #component(depth: number): Unit {
    if (this.#take(/^\(/) !== undefined) {
      const unit = this.#term(depth + 1);
      if (this.#take(/^\)/) === undefined) this.#refuse('a bracket is not closed');
      return unit;
    }
    const symbol = this.#take(SYMBOL);
    const unit = symbol === undefined ? this.#number() : this.#annotatable(symbol);
    this.#take(ANNOTATION);
    return unit;
  }

  #annotatable(symbol: string): Unit {
    const unit = symbolOf(symbol, this.#depth);
    if (unit === undefined) return this.#refuse(`${symbol} is not among its units`);
    const exponent = Number(this.#take(EXPONENT) ?? '1');
    if (Math.abs(exponent) > MAX_EXPONENT) this.#refuse('an exponent is too great');
    return power(unit, exponent);
  }

  /** A factor, or nothing but an annotation, which is 1. */
  #number(): Unit {
    const digits = this.#take(FACTOR);
    if (digits === undefined) {
      if (ANNOTATION.test(this.#text.slice(this.#at))) return ONE;
      return this.#refuse(`a unit is expected at character ${this.#at + 1}`);
    }
    if (BigInt(digits) === 0n) this.#refuse('it holds a zero');
    return { ...ONE, factor: [BigInt(digits), 1n] };
  }
}

/**
 * Reads a UCUM code.
 * @throws {UnitError} saying what is wrong with it
 */
export const parseUnit = (code: string): Unit => new Parser(code).read();
