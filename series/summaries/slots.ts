/**
 * Summaries of one channel in slots of one width, column by column: what rollups hold. A day of minutes is merged
 * into buckets without an object for each.
 */
import type { Value } from '../../contracts/messages/message.ts';
import type { Micros } from '../../contracts/time.ts';
import type { ExactSum } from './exact.ts';
import type { Sketch } from './sketch.ts';

/** Exact sums by slot, each as terms that come to it: the first of each slot, the second of each, and so on. */
export interface Sums {
  readonly terms: readonly Float64Array[];
  /** Slots whose sum is not known, because a term was too great; `undefined`: none. */
  readonly beyond: ReadonlySet<number> | undefined;
}

/** First and last points by slot. */
export interface Ends {
  readonly firstTimes: Float64Array;
  readonly lastTimes: Float64Array;
  readonly firsts: ArrayLike<Value>;
  readonly lasts: ArrayLike<Value>;
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

/** Adds the sums of slots from a place to another, excluded, to another sum. */
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
  readonly #slots: number;
  readonly #terms: Float64Array[] = [];
  /** How many terms each slot has. */
  readonly #counts: Uint32Array;
  readonly #beyond = new Set<number>();

  constructor(slots: number) {
    this.#slots = slots;
    this.#counts = new Uint32Array(slots);
  }

  add(at: number, term: number): void {
    const place = this.#counts[at] ?? 0;
    this.#counts[at] = place + 1;
    let column = this.#terms[place];
    if (column === undefined) {
      column = new Float64Array(this.#slots);
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

/** The slots in `[from, to)` of a run that begins at `start`, and the time of the first of them. */
export const placesIn = (
  { start, width, slots }: { readonly start: Micros; readonly width: Micros; readonly slots: number },
  from: Micros,
  to: Micros,
): { readonly first: number; readonly end: number } => ({
  first: Math.max(0, Math.ceil((from - start) / width)),
  end: Math.min(slots, Math.floor((to - start) / width)),
});
