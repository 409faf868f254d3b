/**
 * What is kept of the points of one channel in one span of time, so that spans can be joined.
 *
 * A summary and the window that follows it in time merge into the very summary that all of their points would make:
 * sums are exact (see `exact.ts`), and the area between the last point of the one and the first of the other is
 * added. Results are rounded once, when they are asked for.
 *
 * Points of quality bad are counted and nothing else, unless another choice of qualities is made.
 */

import type { Value } from '../../contracts/messages/message.ts';
import { type Quality, type Status, statusOf } from '../../contracts/quality.ts';
import type { ValueType } from '../../contracts/resources/instrument-types.ts';
import { MICROS_PER_SECOND, type Micros } from '../../contracts/time.ts';
import { ExactSum, squaredDeviations } from './exact.ts';
import { Sketch } from './sketch.ts';
import { addSums, countAt, type Sums, type Windows } from './windows.ts';

/** How a channel behaves between points: along a straight line, or as it was. */
export type ChannelKind = 'continuous' | 'step';

/** A value and when it was measured. */
export interface Dated<T extends Value = Value> {
  readonly time: Micros;
  readonly value: T;
}

/** What is kept besides counts; what is not kept costs nothing and its results are not there. */
export interface Kept {
  /** First and last value, and when. */
  readonly ends: boolean;
  /** Least and greatest number, and when. */
  readonly extremes: boolean;
  readonly sum: boolean;
  /** Sum of squares, for the standard deviation. */
  readonly squares: boolean;
  /** Area under the values over time, for the time-weighted mean; takes the ends. */
  readonly area: boolean;
  readonly sketch: boolean;
}

/** Everything: what rollups of an hour hold. */
export const KEEP_ALL: Kept = {
  ends: true,
  extremes: true,
  sum: true,
  squares: true,
  area: true,
  sketch: true,
};
/** Everything but quantiles: what rollups of a minute hold. */
export const KEEP_SUMS: Kept = { ...KEEP_ALL, sketch: false };

export const isNumeric = (type: ValueType): boolean => type === 'number' || type === 'integer';

/** The state of a summary as it is stored. */
export interface SummaryState {
  readonly counts: Readonly<Record<Status, number>>;
  /** Points that entered the aggregates. */
  readonly count: number;
  readonly first: Dated | undefined;
  readonly last: Dated | undefined;
  /** The earliest least and the earliest greatest number. */
  readonly min: Dated<number> | undefined;
  readonly max: Dated<number> | undefined;
  readonly sum: ExactSum | undefined;
  readonly squares: ExactSum | undefined;
  /** In value · µs; twice that for continuous channels, so that it stays exact. */
  readonly area: ExactSum | undefined;
  readonly sketch: Sketch | undefined;
}

const usable: readonly Status[] = ['good', 'uncertain'];

export class Summary implements SummaryState {
  readonly kind: ChannelKind;
  counts: Record<Status, number>;
  count = 0;
  first: Dated | undefined;
  last: Dated | undefined;
  min: Dated<number> | undefined;
  max: Dated<number> | undefined;
  sum: ExactSum | undefined;
  squares: ExactSum | undefined;
  area: ExactSum | undefined;
  sketch: Sketch | undefined;
  readonly #numeric: boolean;
  readonly #kept: Kept;
  readonly #taken: readonly Status[];
  /** Whether first and last, least and greatest are kept. */
  #ends: boolean;
  #extremes: boolean;

  /**
   * An empty summary.
   * @param numeric whether values are numbers; of others only counts, first and last are kept
   * @param taken qualities that enter the aggregates
   */
  constructor(kind: ChannelKind, numeric: boolean, kept: Kept = KEEP_ALL, taken: readonly Status[] = usable) {
    this.kind = kind;
    this.counts = { good: 0, uncertain: 0, bad: 0 };
    this.sum = numeric && kept.sum ? new ExactSum() : undefined;
    this.squares = numeric && kept.squares ? new ExactSum() : undefined;
    this.area = numeric && kept.area ? new ExactSum() : undefined;
    this.sketch = numeric && kept.sketch ? new Sketch() : undefined;
    this.#numeric = numeric;
    this.#kept = kept;
    this.#taken = taken;
    this.#ends = kept.ends;
    this.#extremes = numeric && kept.extremes;
  }

  /** Begins anew, empty. */
  clear(): void {
    const kept = this.#kept;
    const numeric = this.#numeric;
    const { counts } = this;
    counts.good = 0;
    counts.uncertain = 0;
    counts.bad = 0;
    this.count = 0;
    this.first = undefined;
    this.last = undefined;
    this.min = undefined;
    this.max = undefined;
    this.sum = emptied(this.sum, numeric && kept.sum);
    this.squares = emptied(this.squares, numeric && kept.squares);
    this.area = emptied(this.area, numeric && kept.area);
    this.sketch = numeric && kept.sketch ? new Sketch() : undefined;
    this.#ends = kept.ends;
    this.#extremes = numeric && kept.extremes;
  }

  /** Takes a point that is later than all before. */
  add(time: Micros, value: Value, quality: Quality): void {
    const status = quality === 0 ? 'good' : statusOf(quality);
    this.counts[status] += 1;
    if (!this.#taken.includes(status)) return;
    this.count += 1;
    if (typeof value === 'number') this.#addNumber(time, value);
    if (!this.#ends) return;
    this.last = { time, value };
    this.first ??= this.last;
  }

  #addNumber(time: Micros, value: number): void {
    if (this.#extremes) this.#widen(time, value, time, value);
    this.sum?.add(value);
    this.squares?.addProduct(value, value);
    this.sketch?.add(value);
    if (this.area !== undefined && this.last !== undefined) this.#bridge(this.area, this.last, time, value);
  }

  #widen(minTime: Micros, min: number, maxTime: Micros, max: number): void {
    if (this.min === undefined || min < this.min.value) this.min = { time: minTime, value: min };
    if (this.max === undefined || max > this.max.value) this.max = { time: maxTime, value: max };
  }

  /**
   * Takes all of some windows, from a place to another, excluded. They are later than all before, and of the same
   * channel. What they did not keep is not kept from then on.
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
    this.sum = added(this.sum, windows.sums, from, to);
    this.squares = added(this.squares, windows.squares, from, to);
    this.#mergeAreas(windows, from, to);
    if (this.sketch !== undefined) this.sketch = joined(this.sketch, windows.sketches, from, to);
    if (this.#ends) this.#mergeEnds(windows, from, to);
    if (this.#extremes) this.#mergeExtremes(windows, from, to);
  }

  /** Takes areas, and those between windows; the ends still are those of before. */
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
      if (last !== undefined) this.#bridge(this.area, last, ends.firstTimes[at] ?? 0, ends.firsts[at]);
      last = { time: ends.lastTimes[at] ?? 0, value: ends.lasts[at] ?? 0 };
    }
  }

  /** Adds the area between a point and a later one. */
  #bridge(area: ExactSum, last: Dated, time: Micros, value: Value | undefined): void {
    if (typeof last.value !== 'number' || typeof value !== 'number') return;
    const span = time - last.time;
    area.addProduct(span, last.value);
    if (this.kind === 'continuous') area.addProduct(span, value);
  }

  #mergeEnds(windows: Windows, from: number, to: number): void {
    const { ends } = windows;
    if (ends === undefined) {
      this.#ends = false;
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
      this.#extremes = false;
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

  get mean(): number | null {
    return known(this.sum === undefined || this.count === 0 ? Number.NaN : this.sum.value / this.count);
  }

  /**
   * Mean over the time from the first to the last point: along straight lines between points of continuous
   * channels, holding each value until the next of step channels. Of a single point, its value.
   */
  get timeWeightedMean(): number | null {
    const { area, first, last } = this;
    if (area === undefined || first === undefined || last === undefined) return null;
    if (first.time === last.time) return typeof first.value === 'number' ? first.value : null;
    const span = last.time - first.time;
    return known(area.value / (this.kind === 'continuous' ? 2 * span : span));
  }

  /** Of the sample (n − 1); `null` below two points. */
  get stddev(): number | null {
    if (this.sum === undefined || this.squares === undefined || this.count < 2) return null;
    const deviations = squaredDeviations(this.count, this.sum, this.squares);
    return known(Math.sqrt(deviations / this.count / (this.count - 1)));
  }

  get total(): number | null {
    return known(this.sum === undefined || this.count === 0 ? Number.NaN : this.sum.value);
  }

  /** Greatest less least. */
  get range(): number | null {
    if (this.min === undefined || this.max === undefined) return null;
    return known(this.max.value - this.min.value);
  }

  /** Last less first. */
  get delta(): number | null {
    if (typeof this.first?.value !== 'number' || typeof this.last?.value !== 'number') return null;
    return known(this.last.value - this.first.value);
  }

  /** Change per second from the first to the last point; `null` for a single one. */
  get rate(): number | null {
    const { delta, first, last } = this;
    if (delta === null || first === undefined || last === undefined || first.time === last.time) return null;
    return known((delta / (last.time - first.time)) * MICROS_PER_SECOND);
  }

  /** A quantile from the sketch, within 1 %; `null` without a sketch. */
  quantile(share: number): number | null {
    if (this.sketch === undefined || this.min === undefined || this.max === undefined) return null;
    return this.sketch.quantile(share, { min: this.min.value, max: this.max.value });
  }
}

/** What cannot be told as a number is told as `null`. */
const known = (value: number): number | null => (Number.isFinite(value) ? value : null);

const emptied = (sum: ExactSum | undefined, isKept: boolean): ExactSum | undefined =>
  isKept ? (sum?.clear() ?? new ExactSum()) : undefined;

const added = (
  sum: ExactSum | undefined,
  windows: Sums | undefined,
  from: number,
  to: number,
): ExactSum | undefined => {
  if (sum === undefined || windows === undefined) return undefined;
  addSums(windows, from, to, sum);
  return sum;
};

const joined = (
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
