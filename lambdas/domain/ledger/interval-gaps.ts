/** Where points of a channel are absent that its declared interval lets expect. */
import type { Micros } from '../../../contracts/time.ts';

/** A time without points, between two of them or an end of the range. */
export interface IntervalGap {
  /** The point before; `undefined`: the range begins with the gap. */
  readonly after: Micros | undefined;
  /** The point after; `undefined`: the range ends with the gap. */
  readonly before: Micros | undefined;
  /** Points that were to be expected in it. */
  readonly points: number;
}

/** Clocks and loops are not exact: points are absent from one and a half intervals on. */
const TOLERATED = 1.5;

/** Counts the points of a channel, in order of time, and notes where some are absent. */
export class IntervalGaps {
  present = 0;
  /** The first of them, as many as are asked for. */
  readonly gaps: IntervalGap[] = [];
  /** How many more there are. */
  left = 0;
  #last: Micros | undefined;
  readonly #interval: Micros | undefined;
  readonly #range: { readonly from: Micros; readonly to: Micros };
  readonly #most: number;

  /**
   * @param interval `undefined`: none is declared, and nothing is absent
   * @param range in which points are expected
   * @param most gaps that are kept
   */
  constructor(
    interval: Micros | undefined,
    range: { readonly from: Micros; readonly to: Micros },
    most: number,
  ) {
    this.#interval = interval;
    this.#range = range;
    this.#most = most;
  }

  /** @param times ascending, none earlier than those before */
  add(times: readonly Micros[]): void {
    this.present += times.length;
    for (const time of times) {
      this.#note(time);
      this.#last = time;
    }
  }

  /** Ends with the range. */
  finish(): void {
    this.#note(undefined);
  }

  #note(before: Micros | undefined): void {
    const interval = this.#interval;
    if (interval === undefined) return;
    const { from, to } = this.#range;
    const start = Math.max(this.#last ?? from, from);
    const end = Math.min(before ?? to, to);
    if (end - start <= TOLERATED * interval) return;
    // Between two points lies one less than intervals do.
    const inner = this.#last !== undefined && before !== undefined ? 1 : 0;
    const points = Math.max(1, Math.round((end - start) / interval) - inner);
    if (this.gaps.length < this.#most) this.gaps.push({ after: this.#last, before, points });
    else this.left += 1;
  }
}
