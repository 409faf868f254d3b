/**
 * Summary of the points of one channel in an interval of time. Summaries of neighbouring intervals can be merged.
 *
 * Merging a summary with later windows gives the very summary that all of their points would give: sums are exact (see
 * `exact-sum.ts`), and the area between the last point of the one and the first of the other is added. Results are
 * rounded once, when they are asked for, see `statistics.ts`.
 *
 * Points of quality bad are counted and nothing else, unless other qualities are chosen.
 */
import type { Value } from '../../contracts/messages/message.ts';
import { type Quality, type Status, statusOf } from '../../contracts/quality.ts';
import type { Channel } from '../../contracts/resources/instrument-types.ts';
import type { Micros } from '../../contracts/time.ts';
import { ExactSum } from './exact-sum.ts';
import { KEEP_ALL, type Kept } from './kept.ts';
import { Sketch } from './sketch.ts';
import { addSums, countAt, type Sums, type Windows } from './windows.ts';

/** How a channel behaves between points: along a straight line, or holding its value. */
export type ChannelKind = Channel['kind'];

/** A value and when it was measured. */
export interface TimedValue<T extends Value = Value> {
  readonly time: Micros;
  readonly value: T;
}

/** What a summary holds. What is not kept is `undefined`. */
export interface SummaryState {
  /** All points by quality. */
  readonly counts: Readonly<Record<Status, number>>;
  /** Points whose quality is among the chosen ones: all below is of these. */
  readonly count: number;
  readonly first: TimedValue | undefined;
  readonly last: TimedValue | undefined;
  /** The earliest of the least numbers, and of the greatest. */
  readonly min: TimedValue<number> | undefined;
  readonly max: TimedValue<number> | undefined;
  readonly sum: ExactSum | undefined;
  readonly squares: ExactSum | undefined;
  /** In value · µs; twice that for continuous channels, so that it stays exact. */
  readonly area: ExactSum | undefined;
  readonly sketch: Sketch | undefined;
}

/** Qualities that enter aggregates unless others are chosen. */
const USABLE: readonly Status[] = ['good', 'uncertain'];

export class Summary implements SummaryState {
  readonly kind: ChannelKind;
  counts: Record<Status, number> = { good: 0, uncertain: 0, bad: 0 };
  count = 0;
  first: TimedValue | undefined;
  last: TimedValue | undefined;
  min: TimedValue<number> | undefined;
  max: TimedValue<number> | undefined;
  sum: ExactSum | undefined;
  squares: ExactSum | undefined;
  area: ExactSum | undefined;
  sketch: Sketch | undefined;
  readonly #numeric: boolean;
  readonly #kept: Kept;
  readonly #qualities: readonly Status[];
  #keepsEnds = false;
  #keepsExtremes = false;

  /**
   * An empty summary.
   * @param numeric whether values are numbers; of others only counts, first and last are kept
   * @param qualities of points that enter the aggregates
   */
  constructor(
    kind: ChannelKind,
    numeric: boolean,
    kept: Kept = KEEP_ALL,
    qualities: readonly Status[] = USABLE,
  ) {
    this.kind = kind;
    this.#numeric = numeric;
    this.#kept = kept;
    this.#qualities = qualities;
    this.clear();
  }

  /** Begins anew, empty. */
  clear(): void {
    const { ends, extremes, sum, squares, area, sketch } = this.#kept;
    const numeric = this.#numeric;
    this.counts.good = 0;
    this.counts.uncertain = 0;
    this.counts.bad = 0;
    this.count = 0;
    this.first = undefined;
    this.last = undefined;
    this.min = undefined;
    this.max = undefined;
    this.sum = emptied(this.sum, numeric && sum);
    this.squares = emptied(this.squares, numeric && squares);
    this.area = emptied(this.area, numeric && area);
    this.sketch = numeric && sketch ? new Sketch() : undefined;
    this.#keepsEnds = ends;
    this.#keepsExtremes = numeric && extremes;
  }

  /** Adds a point that is later than all before. */
  add(time: Micros, value: Value, quality: Quality): void {
    const status = quality === 0 ? 'good' : statusOf(quality);
    this.counts[status] += 1;
    if (!this.#qualities.includes(status)) return;
    this.count += 1;
    if (typeof value === 'number') this.#addNumber(time, value);
    if (!this.#keepsEnds) return;
    this.last = { time, value };
    this.first ??= this.last;
  }

  #addNumber(time: Micros, value: number): void {
    if (this.#keepsExtremes) this.#widen(time, value, time, value);
    this.sum?.add(value);
    this.squares?.addProduct(value, value);
    this.sketch?.add(value);
    if (this.area !== undefined && this.last !== undefined) this.#addArea(this.area, this.last, time, value);
  }

  #widen(minTime: Micros, min: number, maxTime: Micros, max: number): void {
    if (this.min === undefined || min < this.min.value) this.min = { time: minTime, value: min };
    if (this.max === undefined || max > this.max.value) this.max = { time: maxTime, value: max };
  }

  /** Adds the area between a point and the next one: by the trapezoidal rule, or by holding the value. */
  #addArea(area: ExactSum, last: TimedValue, time: Micros, value: Value | undefined): void {
    if (typeof last.value !== 'number' || typeof value !== 'number') return;
    const duration = time - last.time;
    area.addProduct(duration, last.value);
    if (this.kind === 'continuous') area.addProduct(duration, value);
  }

  /**
   * Adds all points of the windows `[from, to)` of the same channel, which are later than all before. What the
   * windows do not keep is not kept from then on.
   */
  merge(windows: Windows, from: number, to: number): void {
    const { good, uncertain, bad } = windows;
    const { counts } = this;
    let [goods, uncertains, bads] = [0, 0, 0];
    for (let at = from; at < to; at += 1) {
      goods += good[at] ?? 0;
      uncertains += uncertain[at] ?? 0;
      bads += bad[at] ?? 0;
    }
    counts.good += goods;
    counts.uncertain += uncertains;
    counts.bad += bads;
    const count = goods + uncertains;
    if (count === 0) return;
    this.count += count;
    this.sum = withSums(this.sum, windows.sums, from, to);
    this.squares = withSums(this.squares, windows.squares, from, to);
    this.#mergeAreas(windows, from, to);
    if (this.sketch !== undefined) this.sketch = withSketches(this.sketch, windows.sketches, from, to);
    if (this.#keepsEnds) this.#mergeEnds(windows, from, to);
    if (this.#keepsExtremes) this.#mergeExtremes(windows, from, to);
  }

  /** Adds areas, and those between windows. Comes before {@link #mergeEnds}: `last` is still that of before. */
  #mergeAreas(windows: Windows, from: number, to: number): void {
    const { ends, areas } = windows;
    if (this.area === undefined) return;
    if (ends === undefined || areas === undefined) {
      this.area = undefined;
      return;
    }
    addSums(areas, from, to, this.area);
    let { last } = this;
    for (let at = from; at < to; at += 1) {
      if (countAt(windows, at) === 0) continue;
      if (last !== undefined) this.#addArea(this.area, last, ends.firstTimes[at] ?? 0, ends.firsts[at]);
      last = { time: ends.lastTimes[at] ?? 0, value: ends.lasts[at] ?? 0 };
    }
  }

  #mergeEnds(windows: Windows, from: number, to: number): void {
    const { ends } = windows;
    if (ends === undefined) {
      this.#keepsEnds = false;
      this.first = undefined;
      this.last = undefined;
      return;
    }
    const { firstTimes, firsts, lastTimes, lasts } = ends;
    if (this.first === undefined) {
      let at = from;
      while (countAt(windows, at) === 0) at += 1;
      this.first = { time: firstTimes[at] ?? 0, value: firsts[at] ?? 0 };
    }
    let at = to - 1;
    while (countAt(windows, at) === 0) at -= 1;
    this.last = { time: lastTimes[at] ?? 0, value: lasts[at] ?? 0 };
  }

  #mergeExtremes(windows: Windows, from: number, to: number): void {
    const { extremes } = windows;
    if (extremes === undefined) {
      this.#keepsExtremes = false;
      this.min = undefined;
      this.max = undefined;
      return;
    }
    const { minTimes, mins, maxTimes, maxs } = extremes;
    let [least, greatest] = [-1, -1];
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let at = from; at < to; at += 1) {
      if (countAt(windows, at) === 0) continue;
      const [low, high] = [mins[at] ?? 0, maxs[at] ?? 0];
      if (least < 0 || low < min) [least, min] = [at, low];
      if (greatest < 0 || high > max) [greatest, max] = [at, high];
    }
    this.#widen(minTimes[least] ?? 0, min, maxTimes[greatest] ?? 0, max);
  }
}

const emptied = (sum: ExactSum | undefined, isKept: boolean): ExactSum | undefined =>
  isKept ? (sum?.clear() ?? new ExactSum()) : undefined;

/** @returns `undefined` when either does not keep it */
const withSums = (
  sum: ExactSum | undefined,
  windows: Sums | undefined,
  from: number,
  to: number,
): ExactSum | undefined => {
  if (sum === undefined || windows === undefined) return undefined;
  addSums(windows, from, to, sum);
  return sum;
};

/** @returns `undefined` when the windows do not keep it */
const withSketches = (
  sketch: Sketch,
  windows: Windows['sketches'],
  from: number,
  to: number,
): Sketch | undefined => {
  if (windows === undefined) return undefined;
  for (let at = from; at < to; at += 1) {
    const window = windows[at];
    if (window !== undefined) sketch.merge(window);
  }
  return sketch;
};
