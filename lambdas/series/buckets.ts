/**
 * Summaries of points over buckets of time. Only buckets that hold a point exist; see `fill.ts` for the others.
 *
 * Quantiles are exact in buckets that can be shorter than an hour, and within 1 % (DDSketch) in all others: one
 * rule, whatever they are made of.
 */
import type { Value } from '../../contracts/payload/message.ts';
import { type Status, statusOf } from '../../contracts/quality.ts';
import type { Aggregate } from '../../contracts/series.ts';
import type { Micros } from '../../contracts/time.ts';
import { asksQuantile, keptFor, type Teller, tellerOf } from './aggregates.ts';
import type { SeriesColumn } from './column.ts';
import { convertAggregate } from './convert.ts';
import { placesIn } from './slots.ts';
import { type ChannelKind, isNumeric, type Kept, Summary } from './summary.ts';
import type { SummaryRun } from './summary-codec.ts';
import type { Conversion } from './units.ts';
import type { Grid, Span } from './width.ts';

/** What is known of the points of one channel in one bucket. */
export interface BucketRow {
  readonly channel: string;
  readonly unit: string;
  /** Points that entered the aggregates. */
  readonly count: number;
  /** In the order that was asked for. */
  readonly values: readonly (Value | null)[];
  /** All points, whatever enters the aggregates. */
  readonly quality: Readonly<Record<Status, number>>;
}

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
  unit: string;
  numeric: boolean;
  /** One for all buckets: a day of minutes would take hundreds. */
  summary: Summary;
  /** Numbers that entered, for exact quantiles. */
  numbers: number[] | undefined;
  start: Micros;
  /** Minus infinity when none is open. */
  end: Micros;
}

/** A row and its bucket. */
interface FullRow extends Span {
  readonly row: BucketRow;
}

const NONE = Number.NEGATIVE_INFINITY;

/** Rows of one bucket, by channel name. */
export interface FilledBucket extends Span {
  readonly rows: readonly BucketRow[];
}

/** Sorts points into buckets, piece by piece in order of time, and gives buckets away as soon as they are full. */
export class Buckets {
  readonly #options: BucketOptions;
  readonly #kept: Kept;
  readonly #exact: boolean;
  readonly #tellers: readonly Teller[];
  readonly #lanes = new Map<string, Lane>();
  #full: FullRow[] = [];

  constructor(options: BucketOptions) {
    this.#options = options;
    const { fine } = options.grid;
    this.#kept = keptFor(options.aggregates, !fine);
    this.#exact = fine && asksQuantile(options.aggregates);
    this.#tellers = options.aggregates.map(tellerOf);
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
   * Takes summaries of slots, each of which lies in one bucket whole.
   * @param from no earlier than what was added before; slots in `[from, to)` are taken
   */
  addSummaries(run: SummaryRun, from: Micros, to: Micros): void {
    const { first, end: stop } = placesIn(run, from, to);
    for (const column of run.columns) {
      const { slots } = column;
      const { good, uncertain, bad } = slots;
      const lane = this.#laneOf(column, run.start + first * run.width);
      for (let at = first; at < stop; at += 1) {
        if (good[at] === 0 && uncertain[at] === 0 && bad[at] === 0) continue;
        const time = run.start + at * run.width;
        if (time >= lane.end) this.#open(lane, column, time);
        lane.summary.merge(slots, at);
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
      lane = { channel, unit: '', numeric, summary, numbers: undefined, start: NONE, end: NONE };
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
    lane.unit = unit;
    const numeric = isNumeric(type);
    if (lane.numeric === numeric) lane.summary.clear();
    else lane.summary = this.#summary(lane.channel, numeric);
    lane.numeric = numeric;
    lane.numbers = this.#exact && numeric ? [] : undefined;
  }

  #close(lane: Lane): void {
    const { start, end } = lane;
    if (end === NONE) return;
    this.#full.push({ start, end, row: this.#row(lane) });
    lane.end = NONE;
  }

  /** Takes out the buckets that end at a time or before, in order. */
  takeUntil(time: Micros): FilledBucket[] {
    for (const lane of this.#lanes.values()) if (lane.end <= time) this.#close(lane);
    const full = this.#full;
    this.#full = full.filter(({ end }) => end > time);
    const done = this.#full.length === 0 ? full : full.filter(({ end }) => end <= time);
    // Those of one channel came in order.
    if (this.#lanes.size > 1)
      done.sort((left, right) => left.start - right.start || (left.row.channel < right.row.channel ? -1 : 1));
    const buckets: FilledBucket[] = [];
    let rows: BucketRow[] = [];
    let last = NONE;
    for (const { start, end, row } of done) {
      if (start === last) rows.push(row);
      else {
        rows = [row];
        buckets.push({ start, end, rows });
      }
      last = start;
    }
    return buckets;
  }

  #row({ channel, unit, summary, numbers }: Lane): BucketRow {
    const { aggregates, conversions } = this.#options;
    const sorted = numbers === undefined ? undefined : Float64Array.from(numbers).sort();
    const conversion = conversions?.get(channel);
    return {
      channel,
      unit: conversion?.unit ?? unit,
      count: summary.count,
      values: this.#tellers.map((tell, at) => {
        const value = tell(summary, sorted);
        const name = conversion === undefined ? undefined : aggregates[at];
        return conversion === undefined || name === undefined
          ? value
          : convertAggregate(name, value, summary.count, conversion);
      }),
      quality: summary.counts,
    };
  }
}
