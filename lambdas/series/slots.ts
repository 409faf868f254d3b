/**
 * Summaries of one channel in slots of one width, column by column: what rollups hold. A day of minutes is merged
 * into buckets without an object for each.
 */
import type { Value } from '../../contracts/payload/message.ts';
import type { Micros } from '../../contracts/time.ts';
import type { ExactSum } from './exact.ts';
import type { Sketch } from './sketch.ts';

/** Exact sums, each as terms that come to it. */
export interface Sums {
  readonly terms: Float64Array;
  /** Where the terms of a slot end; those of the next begin there. */
  readonly ends: Uint32Array;
  /** Slots whose sum is not known, because a term was too great. */
  readonly beyond: ReadonlySet<number>;
}

/** First and last points by slot. */
export interface Ends {
  readonly firstTimes: Float64Array;
  readonly lastTimes: Float64Array;
  readonly firsts: readonly Value[];
  readonly lasts: readonly Value[];
}

/** The earliest least and the earliest greatest number by slot. */
export interface Extremes {
  readonly minTimes: Float64Array;
  readonly maxTimes: Float64Array;
  readonly mins: Float64Array;
  readonly maxs: Float64Array;
}

/** By slot; what is `undefined` was not kept, or not read. Slots that no point enters hold nothing but counts. */
export interface Slots {
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

/** Points of a slot that entered the aggregates: rollups are of good and uncertain ones. */
export const countAt = ({ good, uncertain }: Slots, at: number): number =>
  (good[at] ?? 0) + (uncertain[at] ?? 0);

/** Adds the sum of a slot to another. */
export const addSum = ({ terms, ends, beyond }: Sums, at: number, sum: ExactSum): void => {
  // What cannot be added makes a sum that is not known.
  if (beyond.size > 0 && beyond.has(at)) sum.add(Number.POSITIVE_INFINITY);
  const end = ends[at] ?? 0;
  for (let place = at === 0 ? 0 : (ends[at - 1] ?? 0); place < end; place += 1) sum.add(terms[place] ?? 0);
};

/** Collects the terms of sums, slot after slot. */
export class SumsBuilder {
  readonly #terms: number[] = [];
  readonly #ends: Uint32Array;
  readonly #beyond = new Set<number>();
  #filled = 0;

  constructor(slots: number) {
    this.#ends = new Uint32Array(slots);
  }

  /** Gives a term to a slot no earlier than the one before. */
  add(at: number, term: number): void {
    this.#close(at);
    this.#terms.push(term);
  }

  beyond(at: number): void {
    this.#beyond.add(at);
  }

  #close(at: number): void {
    for (; this.#filled < at; this.#filled += 1) this.#ends[this.#filled] = this.#terms.length;
  }

  build(): Sums {
    this.#close(this.#ends.length);
    return { terms: Float64Array.from(this.#terms), ends: this.#ends, beyond: this.#beyond };
  }
}

/** The slots in `[from, to)` of a run that begins at `start`, and the time of the first of them. */
export const placesIn = (
  { start, width, slots }: { readonly start: Micros; readonly width: Micros; readonly slots: number },
  from: Micros,
  to: Micros,
): { readonly first: number; readonly end: number } => ({
  first: Math.max(0, Math.ceil((from - start) / width)),
  end: Math.min(slots, Math.floor((to - start) / width)),
});
