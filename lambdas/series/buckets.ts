/**
 * Summaries of points over buckets of time. Only buckets that hold a point exist; see `fill.ts` for the others.
 *
 * Quantiles are exact in buckets that can be shorter than an hour, and within 1 % (DDSketch) in all others: one
 * rule, whatever they are made of.
 */
import type { ValueType } from '../../contracts/instrument-types.ts';
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

interface Entry {
  readonly unit: string;
  readonly summary: Summary;
  /** Numbers that entered, for exact quantiles. */
  readonly numbers: number[] | undefined;
}

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
  readonly #open = new Map<Micros, { readonly end: Micros; readonly channels: Map<string, Entry> }>();

  constructor(options: BucketOptions) {
    this.#options = options;
    const { fine } = options.grid;
    this.#kept = keptFor(options.aggregates, !fine);
    this.#exact = fine && asksQuantile(options.aggregates);
    this.#tellers = options.aggregates.map(tellerOf);
  }

  /** @param columns sorted by time; no earlier than what was added before */
  add(columns: readonly SeriesColumn[]): void {
    for (const column of columns) {
      let end = Number.NEGATIVE_INFINITY;
      let entry: Entry | undefined;
      const { time: times, value: values, quality: qualities, channel } = column;
      for (let at = 0; at < times.length; at += 1) {
        const time = times[at] ?? 0;
        const value = values[at];
        if (value === undefined) continue;
        if (entry === undefined || time >= end) {
          const span = this.#options.grid.at(time);
          ({ end } = span);
          entry = this.#entry(span, channel, column.unit, column.type);
        }
        const quality = qualities?.[at] ?? 0;
        entry.summary.add(time, value, quality);
        if (entry.numbers !== undefined && typeof value === 'number' && this.#takes(quality))
          entry.numbers.push(value);
      }
    }
  }

  /**
   * Takes summaries of slots, each of which lies in one bucket whole.
   * @param from no earlier than what was added before; slots in `[from, to)` are taken
   */
  addSummaries(run: SummaryRun, from: Micros, to: Micros): void {
    const { first, end: stop } = placesIn(run, from, to);
    for (const { channel, unit, type, slots } of run.columns) {
      const { good, uncertain, bad } = slots;
      let end = Number.NEGATIVE_INFINITY;
      let entry: Entry | undefined;
      for (let at = first; at < stop; at += 1) {
        if (good[at] === 0 && uncertain[at] === 0 && bad[at] === 0) continue;
        const time = run.start + at * run.width;
        if (entry === undefined || time >= end) {
          const span = this.#options.grid.at(time);
          ({ end } = span);
          entry = this.#entry(span, channel, unit, type);
        }
        entry.summary.merge(slots, at);
      }
    }
  }

  #takes(quality: number): boolean {
    return this.#options.taken.includes(quality === 0 ? 'good' : statusOf(quality));
  }

  #entry(span: Span, channel: string, unit: string, type: ValueType): Entry {
    let bucket = this.#open.get(span.start);
    if (bucket === undefined) {
      bucket = { end: span.end, channels: new Map() };
      this.#open.set(span.start, bucket);
    }
    let entry = bucket.channels.get(channel);
    if (entry === undefined) {
      const { kindOf, taken } = this.#options;
      const numeric = isNumeric(type);
      entry = {
        unit,
        summary: new Summary(kindOf(channel), numeric, this.#kept, taken),
        numbers: this.#exact && numeric ? [] : undefined,
      };
      bucket.channels.set(channel, entry);
    }
    return entry;
  }

  /** Takes out the buckets that end at a time or before, in order. */
  *takeUntil(time: Micros): Generator<FilledBucket> {
    const done = [...this.#open].filter(([, { end }]) => end <= time).sort(([left], [right]) => left - right);
    for (const [start, { end, channels }] of done) {
      this.#open.delete(start);
      const rows = [...channels].map(([channel, entry]) => this.#row(channel, entry));
      rows.sort((left, right) => (left.channel < right.channel ? -1 : 1));
      yield { start, end, rows };
    }
  }

  #row(channel: string, { unit, summary, numbers }: Entry): BucketRow {
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
