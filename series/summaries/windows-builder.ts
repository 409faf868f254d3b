/** Collects summaries of windows as columns. */
import type { Value } from '../../contracts/messages/message.ts';
import type { ExactSum } from './exact-sum.ts';
import type { Sketch } from './sketch.ts';
import type { SummaryState } from './summary.ts';
import { type Extremes, SumsBuilder, type Windows } from './windows.ts';

const missing = (): never => {
  throw new TypeError('a summary lacks what the windows of its channel keep');
};

/** Collects the summaries of one channel, window by window. */
export class WindowsBuilder {
  readonly #good: Float64Array;
  readonly #uncertain: Float64Array;
  readonly #bad: Float64Array;
  readonly #ends;
  readonly #extremes: Extremes;
  readonly #sums: SumsBuilder;
  readonly #squares: SumsBuilder;
  readonly #areas: SumsBuilder;
  readonly #sketches: (Sketch | undefined)[];
  readonly #numeric: boolean;
  readonly #sketched: boolean;

  /**
   * @param windows how many there are
   * @param numeric whether values are numbers; of others only counts, first and last are kept
   * @param sketched whether sketches are kept
   */
  constructor(windows: number, numeric: boolean, sketched: boolean) {
    const column = () => new Float64Array(windows);
    const sums = () => new SumsBuilder(windows);
    this.#good = column();
    this.#uncertain = column();
    this.#bad = column();
    this.#ends = {
      firstTimes: column(),
      lastTimes: column(),
      firsts: new Array<Value>(windows).fill(0),
      lasts: new Array<Value>(windows).fill(0),
    };
    this.#extremes = { minTimes: column(), maxTimes: column(), mins: column(), maxs: column() };
    this.#sums = sums();
    this.#squares = sums();
    this.#areas = sums();
    this.#sketches = new Array(windows).fill(undefined);
    this.#numeric = numeric;
    this.#sketched = sketched;
  }

  put(at: number, summary: SummaryState): void {
    const { counts, count, first, last } = summary;
    this.#good[at] = counts.good;
    this.#uncertain[at] = counts.uncertain;
    this.#bad[at] = counts.bad;
    if (count === 0) return;
    const ends = this.#ends;
    const end = (point: typeof first, times: Float64Array, values: Value[]): void => {
      const { time, value } = point ?? missing();
      times[at] = time;
      values[at] = value;
    };
    end(first, ends.firstTimes, ends.firsts);
    end(last, ends.lastTimes, ends.lasts);
    if (this.#numeric) this.#putNumbers(at, summary);
  }

  #putNumbers(at: number, { min, max, sum, squares, area, sketch }: SummaryState): void {
    const extremes = this.#extremes;
    const extreme = (point: typeof min, times: Float64Array, values: Float64Array): void => {
      const { time, value } = point ?? missing();
      times[at] = time;
      values[at] = value;
    };
    extreme(min, extremes.minTimes, extremes.mins);
    extreme(max, extremes.maxTimes, extremes.maxs);
    const total = (of: ExactSum | undefined, sums: SumsBuilder): void => {
      const { overflowed, parts } = of ?? missing();
      if (overflowed) sums.setOverflowed(at);
      for (const part of parts) sums.addPart(at, part);
    };
    total(sum, this.#sums);
    total(squares, this.#squares);
    total(area, this.#areas);
    if (this.#sketched) this.#sketches[at] = sketch ?? missing();
  }

  build(): Windows {
    const numeric = <T>(column: T): T | undefined => (this.#numeric ? column : undefined);
    return {
      good: this.#good,
      uncertain: this.#uncertain,
      bad: this.#bad,
      ends: this.#ends,
      extremes: numeric(this.#extremes),
      sums: numeric(this.#sums.build()),
      squares: numeric(this.#squares.build()),
      areas: numeric(this.#areas.build()),
      sketches: this.#sketched ? numeric(this.#sketches) : undefined,
    };
  }
}
