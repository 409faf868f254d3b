/**
 * Summaries of points over buckets of time. Only buckets that hold a point exist; see `fill.ts` for the others.
 *
 * Quantiles are exact in buckets that can be shorter than an hour, and within 1 % (DDSketch) in all others: one
 * rule, whatever they are made of.
 */
import { type Status, statusOf } from '../../contracts/quality.ts';
import type { Aggregate } from '../../contracts/resources/series.ts';
import type { Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from '../points/column.ts';
import { type ChannelKind, isNumeric, type Kept, Summary } from '../summaries/summary.ts';
import type { SummaryRun } from '../summaries/summary-codec.ts';
import { placesIn } from '../summaries/windows.ts';
import type { Conversion } from '../units/units.ts';
import { type AggregateReader, asksQuantile, keptFor, readerOf } from './aggregates.ts';
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

/** What is made of points. */
export interface BucketOptions {
  readonly grid: Grid;
  readonly aggregates: readonly Aggregate[];
  /** Qualities that enter the aggregates. */
  readonly taken: readonly Status[];
  readonly kindOf: (channel: string) => ChannelKind;
  /** By channel: those that are told in another unit. */
  readonly conversions?: ReadonlyMap<string, Conversion>;
}

/** A channel, and its bucket that is being filled. */
interface Lane {
  readonly channel: string;
  readonly conversion: Conversion | undefined;
  unit: string | undefined;
  /** Of the channel with its unit. */
  place: number;
  numeric: boolean;
  /** One for all buckets: a day of minutes would take hundreds. */
  summary: Summary;
  /** Numbers that entered, for exact quantiles. */
  numbers: number[] | undefined;
  start: Micros;
  /** Minus infinity when none is open. */
  end: Micros;
}

const NONE = Number.NEGATIVE_INFINITY;

/** Sorts points into buckets, piece by piece in order of time, and gives buckets away as soon as they are full. */
export class Buckets {
  readonly #options: BucketOptions;
  readonly #kept: Kept;
  readonly #exact: boolean;
  readonly #readers: readonly AggregateReader[];
  readonly #lanes = new Map<string, Lane>();
  readonly #channels = new BucketChannels();
  /** Buckets that are full: of each channel in order. */
  #full: GrowingLists;

  constructor(options: BucketOptions) {
    this.#options = options;
    const { fine } = options.grid;
    this.#kept = keptFor(options.aggregates, !fine);
    this.#exact = fine && asksQuantile(options.aggregates);
    this.#readers = options.aggregates.map(readerOf);
    this.#full = emptyLists(this.#readers.length);
  }

  /** @param columns sorted by time; of a channel no earlier than what was added before */
  add(columns: readonly SeriesColumn[]): void {
    for (const column of columns) {
      const { time: times, value: values, quality: qualities } = column;
      if (times.length === 0) continue;
      const lane = this.#laneOf(column, times[0] ?? 0);
      for (let at = 0; at < times.length; at += 1) {
        const time = times[at] ?? 0;
        const value = values[at];
        if (value === undefined) continue;
        if (time >= lane.end) this.#open(lane, column, time);
        const quality = qualities?.[at] ?? 0;
        lane.summary.add(time, value, quality);
        if (lane.numbers !== undefined && typeof value === 'number' && this.#takes(quality))
          lane.numbers.push(value);
      }
    }
  }

  /**
   * Takes summaries of windows, each of which lies in one bucket whole.
   * @param from no earlier than what was added before; windows in `[from, to)` are taken
   */
  addSummaries(run: SummaryRun, from: Micros, to: Micros): void {
    const { first, end: stop } = placesIn(run, from, to);
    for (const column of run.columns) {
      const { windows } = column;
      const { good, uncertain, bad } = windows;
      const lane = this.#laneOf(column, run.start + first * run.width);
      for (let at = first; at < stop; ) {
        if (good[at] === 0 && uncertain[at] === 0 && bad[at] === 0) {
          at += 1;
          continue;
        }
        const time = run.start + at * run.width;
        if (time >= lane.end) this.#open(lane, column, time);
        const end = Math.min(stop, Math.ceil((lane.end - run.start) / run.width));
        lane.summary.merge(windows, at, end);
        at = end;
      }
    }
  }

  #takes(quality: number): boolean {
    return this.#options.taken.includes(quality === 0 ? 'good' : statusOf(quality));
  }

  #summary(channel: string, numeric: boolean): Summary {
    const { kindOf, taken } = this.#options;
    return new Summary(kindOf(channel), numeric, this.#kept, taken);
  }

  /** @throws {RangeError} when its bucket is later than what is to be added */
  #laneOf({ channel, type }: Pick<SeriesColumn, 'channel' | 'type'>, time: Micros): Lane {
    let lane = this.#lanes.get(channel);
    if (lane === undefined) {
      const numeric = isNumeric(type);
      const summary = this.#summary(channel, numeric);
      const conversion = this.#options.conversions?.get(channel);
      const unit = undefined;
      const none = { numbers: undefined, start: NONE, end: NONE };
      lane = { channel, conversion, unit, place: 0, numeric, summary, ...none };
      this.#lanes.set(channel, lane);
    }
    if (time < lane.start) throw new RangeError(`points of ${channel} come after later ones`);
    return lane;
  }

  /** Opens the bucket of a time; the one before is full. */
  #open(lane: Lane, { unit, type }: Pick<SeriesColumn, 'unit' | 'type'>, time: Micros): void {
    this.#close(lane);
    const { start, end } = this.#options.grid.at(time);
    lane.start = start;
    lane.end = end;
    if (lane.unit !== unit) {
      lane.place = this.#channels.placeOf(lane.channel, lane.conversion?.unit ?? unit);
      lane.unit = unit;
    }
    const numeric = isNumeric(type);
    if (lane.numeric === numeric) lane.summary.clear();
    else lane.summary = this.#summary(lane.channel, numeric);
    lane.numeric = numeric;
    lane.numbers = this.#exact && numeric ? [] : undefined;
  }

  #close(lane: Lane): void {
    const { place, start, end, summary, numbers, conversion } = lane;
    if (end === NONE) return;
    lane.end = NONE;
    const { count, counts } = summary;
    const full = this.#full;
    full.place.push(place);
    full.start.push(start);
    full.end.push(end);
    full.count.push(count);
    full.quality.good.push(counts.good);
    full.quality.uncertain.push(counts.uncertain);
    full.quality.bad.push(counts.bad);
    const sorted = numbers === undefined ? undefined : Float64Array.from(numbers).sort();
    for (let at = 0; at < this.#readers.length; at += 1) {
      const value = this.#readers[at]?.(summary, sorted) ?? null;
      const name = conversion === undefined ? undefined : this.#options.aggregates[at];
      full.values[at]?.push(
        conversion === undefined || name === undefined
          ? value
          : convertAggregate(name, value, count, conversion),
      );
    }
  }

  /** Takes out the buckets that are full at a time, which is no earlier than what was added. */
  takeUntil(time: Micros): BucketColumns {
    for (const lane of this.#lanes.values()) if (lane.end <= time) this.#close(lane);
    const full = this.#full;
    this.#full = emptyLists(this.#readers.length);
    const channels = this.#channels.list;
    // Those of one channel came in order.
    if (this.#lanes.size < 2) return { channels, ...full };
    const order = orderOf(full, channels);
    return { channels, ...ofEachList(full, <T>(list: readonly T[]) => order.map((at) => list[at] as T)) };
  }
}
