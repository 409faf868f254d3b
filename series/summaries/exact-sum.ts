/**
 * Sums without rounding: a list of float64 numbers that do not overlap, after J. R. Shewchuk, "Adaptive Precision
 * Floating-Point Arithmetic and Fast Robust Geometric Predicates" (1997). However the terms are grouped, the list
 * stands for the same real number, and {@link ExactSum.value} rounds that number once.
 *
 * Why not two float64 with a compensation (A. Neumaier, 1974)? The same range is answered from points while its hours
 * are open, from hours once they are compacted, and from minutes once the day is archived, and the answer and its ETag
 * must not change on the way. Measured with compensated sums and exact products: the standard deviation of a constant
 * 21.1 is 1e-13 instead of 0, and it differed between points and minutes in 360 of 360 buckets; with exact sums in
 * none. The cost: the minutes of a device for a day take 50 KB instead of 45 KB, its hours 1.8 KB instead of 2.0 KB;
 * means of 100 devices by 5 minutes take 8 ms instead of 12 ms of computing, with `stddev` and `twmean` 65 ms instead
 * of 40 ms. Means alone are faster because sums of decimals are stored in few bytes, see `sums-codec.ts`.
 */

/** Terms are smaller than this, so that sums of very many stay far from the end of float64. */
const TERM_LIMIT = 2 ** 980;
/** Factors are smaller than this, so that they can be split. */
const FACTOR_LIMIT = 2 ** 960;

/** 2^27 + 1: splits a float64 into two halves of 26 bits (T. J. Dekker, 1971). */
const SPLITTER = 134_217_729;

/** A sum of float64 numbers without rounding. */
export class ExactSum {
  readonly #parts: number[] = [];
  #count = 0;
  #overflowed = false;

  constructor(terms: readonly number[] = []) {
    for (const term of terms) this.add(term);
  }

  /** Forgets all terms, and keeps the memory. */
  clear(): this {
    this.#count = 0;
    this.#overflowed = false;
    return this;
  }

  /** Whether a term was too great to be added, or not finite: the sum is not known then. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  add(term: number): void {
    if (Math.abs(term) < TERM_LIMIT) this.#grow(term);
    else this.#overflowed = true;
  }

  /** Shewchuk's Grow-Expansion with zero elimination. */
  #grow(term: number): void {
    const parts = this.#parts;
    const length = this.#count;
    let kept = 0;
    let high = term;
    for (let index = 0; index < length; index += 1) {
      const part = parts[index] ?? 0;
      const sum = high + part;
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
      this.#overflowed = true;
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
    if (other.#overflowed) this.#overflowed = true;
    for (let index = 0; index < other.#count; index += 1) this.#grow(other.#parts[index] ?? 0);
  }

  /** The sum, rounded once to the nearest float64, ties to even; NaN when it is not known. */
  get value(): number {
    return this.#overflowed ? Number.NaN : rounded(this.#parts, this.#count);
  }

  /**
   * Numbers that add up to the sum, greatest first: each is what is left of it, rounded. They are the same for every
   * grouping of the same terms, so that stored sums can be compared byte by byte. Empty when the sum is zero or not
   * known.
   */
  get parts(): number[] {
    if (this.#overflowed) return [];
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

/** Rounds as Python's `math.fsum` does: half-even across all parts. @param parts least first */
const rounded = (parts: readonly number[], count: number): number => {
  if (count === 0) return 0;
  let index = count;
  let high = parts[--index] ?? 0;
  let low = 0;
  while (index > 0) {
    const before = high;
    const part = parts[--index] ?? 0;
    high = before + part;
    low = part - (high - before);
    if (low !== 0) break;
  }
  if (index === 0) return high;
  const next = parts[index - 1] ?? 0;
  if ((low < 0 && next < 0) || (low > 0 && next > 0)) {
    const twice = low * 2;
    const up = high + twice;
    if (twice === up - high) high = up;
  }
  return high;
};

const deviations = new ExactSum();

/**
 * `count · Σx² − (Σx)²`, exactly, then rounded once: what a variance is made of, without cancellation.
 * @returns NaN when a sum is not known
 */
export const squaredDeviations = (count: number, sum: ExactSum, squares: ExactSum): number => {
  if (sum.overflowed || squares.overflowed) return Number.NaN;
  const total = deviations.clear();
  for (const part of squares.parts) total.addProduct(count, part);
  const parts = sum.parts;
  for (const left of parts) for (const right of parts) total.addProduct(-left, right);
  return Math.max(0, total.value);
};
