/**
 * Quantiles of any number of values in little memory: DDSketch (C. Masson, J. E. Rim, H. K. Lee, "DDSketch: A Fast and
 * Fully-Mergeable Quantile Sketch with Relative-Error Guarantees", VLDB 2019), relative error 1 %.
 *
 * Values are counted in bins whose bounds grow geometrically; a quantile is within 1 % of the value that has its rank.
 * Bins are never collapsed, so that merging in any order gives the same sketch. Values that span a factor of ten fill
 * some 115 bins.
 */

/** Greatest relative error of a quantile. */
export const SKETCH_ERROR = 0.01;
const GAMMA = (1 + SKETCH_ERROR) / (1 - SKETCH_ERROR);
const LOG_GAMMA = Math.log(GAMMA);

const binOf = (magnitude: number): number => Math.ceil(Math.log(magnitude) / LOG_GAMMA);
/** The value that is within the relative error of all values of a bin. */
const middleOf = (bin: number): number => (2 * Math.exp(bin * LOG_GAMMA)) / (GAMMA + 1);

/** Bins in ascending order, with how many values each holds. */
export type Bins = readonly (readonly [bin: number, count: number])[];

export class Sketch {
  /** Bins of the positive values. */
  readonly #above: Map<number, number>;
  /** Bins of the negative values, by their magnitude. */
  readonly #below: Map<number, number>;
  #zeros: number;

  constructor(above: Bins = [], below: Bins = [], zeros = 0) {
    this.#above = new Map(above);
    this.#below = new Map(below);
    this.#zeros = zeros;
  }

  add(value: number): void {
    if (value > 0) count(this.#above, binOf(value), 1);
    else if (value < 0) count(this.#below, binOf(-value), 1);
    else this.#zeros += 1;
  }

  merge(other: Sketch): void {
    for (const [bin, more] of other.#above) count(this.#above, bin, more);
    for (const [bin, more] of other.#below) count(this.#below, bin, more);
    this.#zeros += other.#zeros;
  }

  get above(): Bins {
    return sorted(this.#above);
  }
  get below(): Bins {
    return sorted(this.#below);
  }
  get zeros(): number {
    return this.#zeros;
  }

  /**
   * The value of a quantile.
   * @param share from 0 to 1
   * @param bounds least and greatest of the values; the answer is kept between them
   */
  quantile(share: number, { min, max }: { readonly min: number; readonly max: number }): number {
    const below = sorted(this.#below).reverse();
    const above = sorted(this.#above);
    const total = (bins: Bins): number => bins.reduce((sum, [, held]) => sum + held, 0);
    let rank = share * (total(below) + this.#zeros + total(above) - 1);
    const clamped = (value: number): number => Math.min(max, Math.max(min, value));
    for (const [bin, held] of below) {
      rank -= held;
      if (rank < 0) return clamped(-middleOf(bin));
    }
    rank -= this.#zeros;
    if (rank < 0) return clamped(0);
    for (const [bin, held] of above) {
      rank -= held;
      if (rank < 0) return clamped(middleOf(bin));
    }
    // Not reached while there are values: the rank is below their number.
    return max;
  }
}

const count = (bins: Map<number, number>, bin: number, more: number): void => {
  bins.set(bin, (bins.get(bin) ?? 0) + more);
};
const sorted = (bins: ReadonlyMap<number, number>): [number, number][] =>
  [...bins].sort(([left], [right]) => left - right);
