/**
 * Summaries of one channel in windows of one width, column by column: what rollups hold. A day of minutes is merged
 * into buckets without an object for each.
 */
import type { Value } from '../../contracts/messages/message.ts';
import type { Micros } from '../../contracts/time.ts';
import type { ExactSum } from './exact.ts';
import type { Sketch } from './sketch.ts';

/** Exact sums by window, each as terms that come to it: the first of each window, the second of each, and so on. */
export interface Sums {
  readonly terms: readonly Float64Array[];
  /** Windows whose sum is not known, because a term was too great; `undefined`: none. */
  readonly beyond: ReadonlySet<number> | undefined;
}

/** First and last points by window. */
export interface Ends {
  readonly firstTimes: Float64Array;
  readonly lastTimes: Float64Array;
  readonly firsts: ArrayLike<Value>;
  readonly lasts: ArrayLike<Value>;
}

/** The earliest least and the earliest greatest number by window. */
export interface Extremes {
  readonly minTimes: Float64Array;
  readonly maxTimes: Float64Array;
  readonly mins: Float64Array;
  readonly maxs: Float64Array;
}

/** By window; what is `undefined` was not kept, or not read. Windows that no point enters hold nothing but counts. */
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

/** Points of a window that entered the aggregates: rollups are of good and uncertain ones. */
export const countAt = ({ good, uncertain }: Windows, at: number): number =>
  (good[at] ?? 0) + (uncertain[at] ?? 0);

/** Adds the sums of windows from a place to another, excluded, to another sum. */
export const addSums = ({ terms, beyond }: Sums, from: number, to: number, sum: ExactSum): void => {
  // What cannot be added makes a sum that is not known.
  if (beyond !== undefined)
    for (let at = from; at < to; at += 1) if (beyond.has(at)) sum.add(Number.POSITIVE_INFINITY);
  for (let place = 0; place < terms.length; place += 1) {
    const column = terms[place];
    if (column !== undefined) sum.addAll(column, from, to);
  }
};

/** Collects the terms of sums. */
export class SumsBuilder {
  readonly #windows: number;
  readonly #terms: Float64Array[] = [];
  /** How many terms each window has. */
  readonly #counts: Uint32Array;
  readonly #beyond = new Set<number>();

  constructor(windows: number) {
    this.#windows = windows;
    this.#counts = new Uint32Array(windows);
  }

  add(at: number, term: number): void {
    const place = this.#counts[at] ?? 0;
    this.#counts[at] = place + 1;
    let column = this.#terms[place];
    if (column === undefined) {
      column = new Float64Array(this.#windows);
      this.#terms.push(column);
    }
    column[at] = term;
  }

  beyond(at: number): void {
    this.#beyond.add(at);
  }

  build(): Sums {
    return { terms: this.#terms, beyond: this.#beyond.size === 0 ? undefined : this.#beyond };
  }
}

/** The windows in `[from, to)` of a run that begins at `start`, and the time of the first of them. */
export const placesIn = (
  { start, width, windows }: { readonly start: Micros; readonly width: Micros; readonly windows: number },
  from: Micros,
  to: Micros,
): { readonly first: number; readonly end: number } => ({
  first: Math.max(0, Math.ceil((from - start) / width)),
  end: Math.min(windows, Math.floor((to - start) / width)),
});
