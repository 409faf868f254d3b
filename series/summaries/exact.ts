/**
 * Sums without rounding: an expansion of float64 numbers that do not overlap, after J. R. Shewchuk, "Adaptive
 * Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates" (1997). However the terms of a sum are
 * grouped, the expansion stands for the same real number, and {@link ExactSum.value} rounds that one once: summaries
 * of minutes, hours and days come to the very float64 that one flat list would.
 */

/** No term is as great: sums of very many stay far from the end of float64. */
const TERM_LIMIT = 2 ** 980;
/** No factor is as great: it can be split. */
const FACTOR_LIMIT = 2 ** 960;

/** 2^27 + 1: splits a float64 into two halves of 26 bits (T. J. Dekker, 1971). */
const SPLITTER = 134_217_729;

export class ExactSum {
  readonly #parts: number[];
  #count: number;
  #beyond: boolean;

  constructor(parts: readonly number[] = [], beyond = false) {
    this.#parts = [];
    this.#count = 0;
    this.#beyond = beyond;
    for (const part of parts) this.add(part);
  }

  /** Forgets all terms. */
  clear(): this {
    this.#count = 0;
    this.#beyond = false;
    return this;
  }

  /** Whether a term was too great to be added; the sum is not known then. */
  get beyond(): boolean {
    return this.#beyond;
  }

  add(term: number): void {
    if (!(Math.abs(term) < TERM_LIMIT)) {
      this.#beyond = true;
      return;
    }
    this.#grow(term);
  }

  /** Adds terms of a list from a place to another, excluded. */
  addAll(terms: Float64Array, from: number, to: number): void {
    const parts = this.#parts;
    let at = from;
    if (this.#count <= 2) {
      // Most sums are two parts: as long as the lower one takes what the higher one rounds off, without loss.
      let high = this.#count === 0 ? 0 : (parts[this.#count - 1] ?? 0);
      let low = this.#count === 2 ? (parts[0] ?? 0) : 0;
      for (; at < to; at += 1) {
        const term = terms[at] ?? 0;
        if (!(Math.abs(term) < TERM_LIMIT)) break;
        // Two-sums of terms in any order (D. E. Knuth).
        const sum = high + term;
        const more = sum - high;
        const off = high - (sum - more) + (term - more);
        const rest = low + off;
        const less = rest - low;
        if (low - (rest - less) + (off - less) !== 0) break;
        high = sum;
        low = rest;
      }
      const sum = high + low;
      const more = sum - high;
      const off = high - (sum - more) + (low - more);
      let kept = 0;
      if (off !== 0) parts[kept++] = off;
      if (sum !== 0) parts[kept++] = sum;
      this.#count = kept;
    }
    for (; at < to; at += 1) this.add(terms[at] ?? 0);
  }

  #grow(term: number): void {
    const parts = this.#parts;
    const length = this.#count;
    let kept = 0;
    let high = term;
    for (let at = 0; at < length; at += 1) {
      const part = parts[at] ?? 0;
      const sum = high + part;
      // Two-sum of the greater and the lesser magnitude.
      const low = Math.abs(high) < Math.abs(part) ? high - (sum - part) : part - (sum - high);
      if (low !== 0) parts[kept++] = low;
      high = sum;
    }
    if (high !== 0) parts[kept++] = high;
    this.#count = kept;
  }

  /** Adds a product, exactly (Dekker's two-product); below 1e-290 as exactly as float64 can hold the rest. */
  addProduct(left: number, right: number): void {
    const product = left * right;
    if (
      !(Math.abs(product) < TERM_LIMIT && Math.abs(left) < FACTOR_LIMIT && Math.abs(right) < FACTOR_LIMIT)
    ) {
      this.#beyond = true;
      return;
    }
    const leftSplit = SPLITTER * left;
    const leftHigh = leftSplit - (leftSplit - left);
    const leftLow = left - leftHigh;
    const rightSplit = SPLITTER * right;
    const rightHigh = rightSplit - (rightSplit - right);
    const rightLow = right - rightHigh;
    const error =
      leftLow * rightLow - (product - leftHigh * rightHigh - leftLow * rightHigh - leftHigh * rightLow);
    if (error !== 0) this.#grow(error);
    this.#grow(product);
  }

  merge(other: ExactSum): void {
    if (other.#beyond) this.#beyond = true;
    for (let at = 0; at < other.#count; at += 1) this.#grow(other.#parts[at] ?? 0);
  }

  /** The sum, rounded once to the nearest float64, ties to even; NaN when it is not known. */
  get value(): number {
    return this.#beyond ? Number.NaN : rounded(this.#parts, this.#count);
  }

  /**
   * The expansion of which each part is the rest rounded, greatest first: the same for every grouping of the same
   * terms, so that stored sums are comparable byte by byte. Empty when the sum is zero or not known.
   */
  get parts(): number[] {
    if (this.#beyond) return [];
    if (this.#count <= 2) return rounds(this.#parts, this.#count);
    const rest = new ExactSum();
    rest.merge(this);
    const parts: number[] = [];
    while (rest.#count > 0) {
      const part = rounded(rest.#parts, rest.#count);
      parts.push(part);
      rest.#grow(-part);
    }
    return parts;
  }
}

/** Rounds an expansion as Python's `math.fsum` does: half-even across all of its parts. */
const rounded = (parts: readonly number[], count: number): number => {
  if (count === 0) return 0;
  if (count === 2) return (parts[0] ?? 0) + (parts[1] ?? 0);
  let at = count;
  let high = parts[--at] ?? 0;
  let low = 0;
  while (at > 0) {
    const before = high;
    const part = parts[--at] ?? 0;
    high = before + part;
    low = part - (high - before);
    if (low !== 0) break;
  }
  if (at === 0) return high;
  const next = parts[at - 1] ?? 0;
  if ((low < 0 && next < 0) || (low > 0 && next > 0)) {
    const twice = low * 2;
    const up = high + twice;
    if (twice === up - high) high = up;
  }
  return high;
};

/** Two parts at most, the greater one as their sum rounded and the other as what that is off. */
const rounds = (parts: readonly number[], count: number): number[] => {
  if (count === 0) return [];
  const [low = 0, high = 0] = count === 1 ? [0, parts[0]] : parts;
  const sum = high + low;
  const less = sum - high;
  const off = high - (sum - less) + (low - less);
  return off === 0 ? [sum] : [sum, off];
};

const deviations = new ExactSum();

/** `count · squares − sum²`, exactly, then rounded once: what a variance is made of, without cancellation. */
export const squaredDeviations = (count: number, sum: ExactSum, squares: ExactSum): number => {
  if (sum.beyond || squares.beyond) return Number.NaN;
  const total = deviations.clear();
  for (const part of squares.parts) total.addProduct(count, part);
  const parts = sum.parts;
  for (const left of parts) for (const right of parts) total.addProduct(-left, right);
  return Math.max(0, total.value);
};
