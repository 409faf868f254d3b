/**
 * Aggregates of points over time buckets. Only buckets that hold a point exist; `fill.ts` adds the others.
 *
 * Quantiles are exact where all numbers of a bucket are at hand: always in buckets that can be shorter than an hour, and
 * in others where points are given beside summaries. Else they are within 1 % (DDSketch), and rounded to that.
 */

import type { Value } from '../../contracts/messages/message.ts';
import { type Status, statusOf } from '../../contracts/quality.ts';
import { type Aggregate, quantileOf } from '../../contracts/resources/series.ts';
import type { Micros } from '../../contracts/time.ts';
import { isNumeric, type SeriesColumn } from '../points/column.ts';
import type { Kept } from '../summaries/kept.ts';
import { type SummaryRun, windowsIn } from '../summaries/run.ts';
import { SKETCH_ERROR } from '../summaries/sketch.ts';
import { type ChannelKind, Summary } from '../summaries/summary.ts';
import type { Conversion } from '../units/conversion.ts';
import { type AggregateReader, asksQuantile, isWithin, keptFor, readerOf, roundedTo } from './aggregates.ts';
import {
  BucketChannels,
  type BucketColumns,
  emptyLists,
  type GrowingLists,
  ofEachList,
  orderOf,
} from './bucket-columns.ts';
import { convertAggregate } from './convert.ts';
import type { Grid } from './width.ts';

/** What buckets are made of. */
export interface BucketOptions {
  readonly grid: Grid;
  readonly aggregates: readonly Aggregate[];
  /** Qualities of points that enter the aggregates. */
  readonly qualities: readonly Status[];
  readonly kindOf: (channel: string) => ChannelKind;
  /** By channel, for those that are wanted in another unit. */
  readonly conversions?: ReadonlyMap<string, Conversion>;
  /** Whether quantiles of buckets of an hour and more are to be exact: points are given beside their summaries. */
  readonly exactQuantiles?: boolean;
}

/** The bucket of a channel that is being filled. One object serves all buckets of its channel in turn. */
interface OpenBucket {
  readonly channel: string;
  readonly conversion: Conversion | undefined;
  /** Unit of its points. */
  unit: string | undefined;
  /** Index of the channel in the unit that it is given in. */
  place: number;
  numeric: boolean;
  summary: Summary;
  /** Numbers that entered, where quantiles are to be exact. */
  numbers: number[] | undefined;
  start: Micros;
  /** {@link CLOSED} when no bucket is open. */
  end: Micros;
}

const CLOSED = Number.NEGATIVE_INFINITY;
/** Numbers that are held at once for exact quantiles: 16 MB. A bucket with more is told by its sketch. */
const MOST_HELD = 2_000_000;

/** Sorts points and summaries into buckets, piece by piece in order of time, and gives away buckets that are full. */
export class Buckets {
  readonly #options: BucketOptions;
  readonly #kept: Kept;
  readonly #exactQuantiles: boolean;
  /** By aggregate: whether it comes from a sketch where numbers are not at hand. */
  readonly #sketched: readonly boolean[];
  #held = 0;
  #approximate = false;
  readonly #readers: readonly AggregateReader[];
  readonly #open = new Map<string, OpenBucket>();
  readonly #channels = new BucketChannels();
  /** Full buckets, those of each channel in order of time. */
  #full: GrowingLists;

  constructor(options: BucketOptions) {
    this.#options = options;
    const { isBelowHour } = options.grid;
    this.#kept = keptFor(options.aggregates, !isBelowHour);
    this.#exactQuantiles =
      (isBelowHour || options.exactQuantiles === true) && asksQuantile(options.aggregates);
    this.#sketched = options.aggregates.map((name) => !isBelowHour && isWithin(quantileOf(name)));
    this.#readers = options.aggregates.map(readerOf);
    this.#full = emptyLists(this.#readers.length);
  }

  /**
   * Adds points.
   * @param columns times ascending, and no point of a channel earlier than what was added before
   * @throws {RangeError} for points of a bucket that is over
   */
  add(columns: readonly SeriesColumn[]): void {
    for (const column of columns) {
      const { time: times, value: values, quality: qualities } = column;
      if (times.length === 0) continue;
      const bucket = this.#bucketOf(column, times[0] ?? 0);
      for (let at = 0; at < times.length; at += 1) {
        const time = times[at] ?? 0;
        const value = values[at];
        if (value === undefined) continue;
        if (time >= bucket.end) this.#begin(bucket, column, time);
        const quality = qualities?.[at] ?? 0;
        bucket.summary.add(time, value, quality);
        if (typeof value === 'number') this.#hold(bucket, value, quality);
      }
    }
  }

  /** Holds a number for exact quantiles. */
  #hold(bucket: OpenBucket, value: number, quality: number): void {
    if (bucket.numbers === undefined || !this.#enters(quality)) return;
    bucket.numbers.push(value);
    this.#held += 1;
    if (this.#held <= MOST_HELD || this.#options.grid.isBelowHour) return;
    this.#held -= bucket.numbers.length;
    bucket.numbers = undefined;
  }

  /**
   * Adds the numbers of points that summaries were added of: quantiles of their buckets are exact when none is missing.
   * @param columns of the last windows that were added
   */
  addNumbers(columns: readonly SeriesColumn[]): void {
    for (const { channel, time: times, value: values, quality: qualities } of columns) {
      const bucket = this.#open.get(channel);
      if (bucket?.numbers === undefined) continue;
      for (let at = 0; at < times.length; at += 1) {
        const time = times[at] ?? 0;
        const value = values[at];
        if (typeof value === 'number' && time >= bucket.start && time < bucket.end)
          this.#hold(bucket, value, qualities?.[at] ?? 0);
      }
    }
  }

  /** Whether any quantile so far is an approximation. */
  get areApproximate(): boolean {
    return this.#approximate;
  }

  /**
   * Adds summaries of the windows in `[from, to)`, each of which lies in one bucket whole.
   * @param from no earlier than what was added before
   * @throws {RangeError} for windows of a bucket that is over
   */
  addSummaries(run: SummaryRun, from: Micros, to: Micros): void {
    const { first, end: stop } = windowsIn(run, from, to);
    for (const column of run.columns) {
      const { windows } = column;
      const { good, uncertain, bad } = windows;
      const bucket = this.#bucketOf(column, run.start + first * run.width);
      for (let at = first; at < stop; ) {
        if (good[at] === 0 && uncertain[at] === 0 && bad[at] === 0) {
          at += 1;
          continue;
        }
        const time = run.start + at * run.width;
        if (time >= bucket.end) this.#begin(bucket, column, time);
        const end = Math.min(stop, Math.ceil((bucket.end - run.start) / run.width));
        bucket.summary.merge(windows, at, end);
        at = end;
      }
    }
  }

  #enters(quality: number): boolean {
    return this.#options.qualities.includes(quality === 0 ? 'good' : statusOf(quality));
  }

  #emptySummary(channel: string, numeric: boolean): Summary {
    const { kindOf, qualities } = this.#options;
    return new Summary(kindOf(channel), numeric, this.#kept, qualities);
  }

  #bucketOf({ channel, type }: Pick<SeriesColumn, 'channel' | 'type'>, time: Micros): OpenBucket {
    let bucket = this.#open.get(channel);
    if (bucket === undefined) {
      const numeric = isNumeric(type);
      bucket = {
        channel,
        conversion: this.#options.conversions?.get(channel),
        unit: undefined,
        place: 0,
        numeric,
        summary: this.#emptySummary(channel, numeric),
        numbers: undefined,
        start: CLOSED,
        end: CLOSED,
      };
      this.#open.set(channel, bucket);
    }
    if (time < bucket.start) throw new RangeError(`points of ${channel} come after later ones`);
    return bucket;
  }

  /** Begins the bucket that holds a time; the one before is full. */
  #begin(bucket: OpenBucket, { unit, type }: Pick<SeriesColumn, 'unit' | 'type'>, time: Micros): void {
    this.#close(bucket);
    const { start, end } = this.#options.grid.at(time);
    bucket.start = start;
    bucket.end = end;
    if (bucket.unit !== unit) {
      bucket.place = this.#channels.placeOf(bucket.channel, bucket.conversion?.unit ?? unit);
      bucket.unit = unit;
    }
    const numeric = isNumeric(type);
    if (bucket.numeric === numeric) bucket.summary.clear();
    else bucket.summary = this.#emptySummary(bucket.channel, numeric);
    bucket.numeric = numeric;
    bucket.numbers = this.#exactQuantiles && numeric ? [] : undefined;
  }

  #close(bucket: OpenBucket): void {
    const { place, start, end, summary, numbers, conversion } = bucket;
    if (end === CLOSED) return;
    bucket.end = CLOSED;
    const { count, counts } = summary;
    const full = this.#full;
    full.place.push(place);
    full.start.push(start);
    full.end.push(end);
    full.count.push(count);
    full.quality.good.push(counts.good);
    full.quality.uncertain.push(counts.uncertain);
    full.quality.bad.push(counts.bad);
    this.#held -= numbers?.length ?? 0;
    const sorted = numbers?.length === count ? Float64Array.from(numbers).sort() : undefined;
    const spread = summary.min?.value !== summary.max?.value;
    for (let at = 0; at < this.#readers.length; at += 1) {
      const value = this.#readers[at]?.(summary, sorted) ?? null;
      const name = conversion === undefined ? undefined : this.#options.aggregates[at];
      const given =
        conversion === undefined || name === undefined
          ? value
          : convertAggregate(name, value, count, conversion);
      const sketched = sorted === undefined && spread && this.#sketched[at] === true;
      full.values[at]?.push(sketched ? this.#rounded(value, given, conversion) : given);
    }
  }

  /** A quantile of a sketch as far as it is known. @param value as the sketch has it @param given in the unit asked for */
  #rounded(value: Value | null, given: Value | null, conversion: Conversion | undefined): Value | null {
    if (typeof value !== 'number' || typeof given !== 'number') return given;
    this.#approximate = true;
    const error = Math.abs(value) * SKETCH_ERROR;
    return roundedTo(given, conversion === undefined ? error : Math.abs(conversion.difference(error)));
  }

  /** Takes out the buckets that end by a time, in order of start and channel. @param time no earlier than what was added */
  takeUntil(time: Micros): BucketColumns {
    for (const bucket of this.#open.values()) if (bucket.end <= time) this.#close(bucket);
    const full = this.#full;
    this.#full = emptyLists(this.#readers.length);
    const channels = this.#channels.list;
    if (this.#open.size < 2) return { channels, ...full };
    const order = orderOf(full, channels);
    return { channels, ...ofEachList(full, <T>(list: readonly T[]) => order.map((at) => list[at] as T)) };
  }
}
