/**
 * Summaries of one channel in consecutive windows of one width, as columns: a day of minutes is merged into buckets
 * without an object for each minute.
 */
import type { Value } from '../../contracts/messages/message.ts';
import type { ExactSum } from './exact-sum.ts';
import type { Sketch } from './sketch.ts';

/** Exact sums by window. */
export interface Sums {
  /** Columns whose numbers add up to the sum of each window; as many as the longest sum has parts. */
  readonly parts: readonly Float64Array[];
  /** Windows whose sum is not known, because a term was too great; `undefined`: none. */
  readonly overflowed: ReadonlySet<number> | undefined;
}

/** First and last points by window. */
export interface Ends {
  readonly firstTimes: Float64Array;
  readonly lastTimes: Float64Array;
  readonly firsts: ArrayLike<Value>;
  readonly lasts: ArrayLike<Value>;
}

/** The earliest of the least numbers, and of the greatest, by window. */
export interface Extremes {
  readonly minTimes: Float64Array;
  readonly maxTimes: Float64Array;
  readonly mins: Float64Array;
  readonly maxs: Float64Array;
}

/**
 * What the summaries of all windows hold, column by column. `undefined`: not kept, or not read. A window without a
 * good or uncertain point holds nothing but counts.
 */
export interface Windows {
  readonly good: Float64Array;
  readonly uncertain: Float64Array;
  readonly bad: Float64Array;
  readonly ends: Ends | undefined;
  readonly extremes: Extremes | undefined;
  readonly sums: Sums | undefined;
  readonly squares: Sums | undefined;
  readonly areas: Sums | undefined;
  readonly sketches: readonly (Sketch | undefined)[] | undefined;
}

/** Good and uncertain points of a window: those that its aggregates are of. */
export const countAt = ({ good, uncertain }: Windows, at: number): number =>
  (good[at] ?? 0) + (uncertain[at] ?? 0);

/** Adds the sums of the windows `[from, to)` to another sum. */
export const addSums = ({ parts, overflowed }: Sums, from: number, to: number, sum: ExactSum): void => {
  if (overflowed !== undefined)
    for (let at = from; at < to; at += 1) if (overflowed.has(at)) sum.add(Number.POSITIVE_INFINITY);
  for (const column of parts) for (let at = from; at < to; at += 1) sum.add(column[at] ?? 0);
};

/** Collects sums, window by window. */
export class SumsBuilder {
  readonly #windows: number;
  readonly #parts: Float64Array[] = [];
  /** How many parts the sum of each window has. */
  readonly #counts: Uint32Array;
  readonly #overflowed = new Set<number>();

  constructor(windows: number) {
    this.#windows = windows;
    this.#counts = new Uint32Array(windows);
  }

  addPart(at: number, part: number): void {
    const count = this.#counts[at] ?? 0;
    this.#counts[at] = count + 1;
    let column = this.#parts[count];
    if (column === undefined) {
      column = new Float64Array(this.#windows);
      this.#parts.push(column);
    }
    column[at] = part;
  }

  setOverflowed(at: number): void {
    this.#overflowed.add(at);
  }

  build(): Sums {
    return { parts: this.#parts, overflowed: this.#overflowed.size === 0 ? undefined : this.#overflowed };
  }
}
