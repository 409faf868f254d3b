/**
 * Aggregates of points over buckets of time.
 *
 * Buckets are aligned to the epoch in UTC: a width of months and years counts calendar months from 1970-01, any
 * other width counts from 1970-01-01T00:00:00Z (so `P1W` begins on Thursdays, as the epoch did). Only buckets
 * that hold a point exist.
 *
 * Points of quality bad are counted and nothing else: aggregates are over good and uncertain ones. What is
 * numeric (min, max, mean, sum, stddev) is `null` for channels of text or truth values.
 */
import type { Value } from '../../contracts/payload/message.ts';
import { type Quality, type Status, statusOf } from '../../contracts/quality.ts';
import { type Duration, MICROS_PER_DAY, type Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from './column.ts';

/** Whether buckets of this width can be aligned: months do not mix with days and clock time. */
export const isBucketWidth = ({ months, days, micros }: Duration): boolean =>
  months === 0 || (days === 0 && micros === 0);

const monthIndex = (time: Micros): number => {
  const date = new Date(Math.floor(time / 1000));
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
};
const monthStart = (index: number): Micros => Date.UTC(1970, index) * 1000;

/** Bounds `[start, end)` of the bucket that a time falls into. */
export const bucketAt = (time: Micros, width: Duration): { readonly start: Micros; readonly end: Micros } => {
  if (width.months > 0) {
    const index = Math.floor(monthIndex(time) / width.months) * width.months;
    return { start: monthStart(index), end: monthStart(index + width.months) };
  }
  const micros = width.days * MICROS_PER_DAY + width.micros;
  const start = Math.floor(time / micros) * micros;
  return { start, end: start + micros };
};

/** What is known of the points of one channel in one bucket. */
export interface Summary {
  readonly channel: string;
  readonly unit: string;
  /** Good and uncertain points. */
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly first: Value | null;
  readonly last: Value | null;
  readonly sum: number | null;
  /** Of the sample (n − 1); `null` below two points. */
  readonly stddev: number | null;
  readonly quality: Readonly<Record<Status, number>>;
}

/**
 * Takes points in order of time. Mean and variance by Welford's recurrence (Knuth, TAOCP vol. 2, 4.2.2), the
 * sum with Neumaier's compensation.
 */
export class Aggregator {
  readonly #channel: string;
  readonly #unit: string;
  readonly #numeric: boolean;
  readonly #quality = { good: 0, uncertain: 0, bad: 0 };
  #count = 0;
  #first: Value | null = null;
  #last: Value | null = null;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #mean = 0;
  #squares = 0;
  #sum = 0;
  #lost = 0;

  constructor(column: Pick<SeriesColumn, 'channel' | 'unit' | 'type'>) {
    this.#channel = column.channel;
    this.#unit = column.unit;
    this.#numeric = column.type === 'number' || column.type === 'integer';
  }

  add(value: Value, quality: Quality): void {
    const status = statusOf(quality);
    this.#quality[status] += 1;
    if (status === 'bad') return;
    this.#count += 1;
    if (this.#count === 1) this.#first = value;
    this.#last = value;
    if (typeof value === 'number') this.#addNumber(value);
  }

  #addNumber(value: number): void {
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    const off = value - this.#mean;
    this.#mean += off / this.#count;
    this.#squares += off * (value - this.#mean);
    const sum = this.#sum + value;
    this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum;
    this.#sum = sum;
  }

  get summary(): Summary {
    const numeric = this.#numeric && this.#count > 0;
    const when = (holds: boolean, value: number): number | null =>
      holds && Number.isFinite(value) ? value : null;
    return {
      channel: this.#channel,
      unit: this.#unit,
      count: this.#count,
      min: when(numeric, this.#min),
      max: when(numeric, this.#max),
      mean: when(numeric, this.#mean),
      first: this.#first,
      last: this.#last,
      sum: when(numeric, this.#sum + this.#lost),
      stddev: when(numeric && this.#count > 1, Math.sqrt(this.#squares / (this.#count - 1))),
      quality: { ...this.#quality },
    };
  }
}

/** Summaries of one bucket, by channel name. */
export interface FilledBucket {
  readonly start: Micros;
  readonly end: Micros;
  readonly summaries: readonly Summary[];
}

/** Sorts columns into buckets, piece by piece in order of time, and gives buckets away as soon as they are full. */
export class Buckets {
  readonly #width: Duration;
  readonly #open = new Map<Micros, { readonly end: Micros; readonly channels: Map<string, Aggregator> }>();

  constructor(width: Duration) {
    this.#width = width;
  }

  /** @param columns sorted by time; no earlier than those before */
  add(columns: readonly SeriesColumn[]): void {
    for (const column of columns) {
      let end = Number.NEGATIVE_INFINITY;
      let aggregator: Aggregator | undefined;
      for (const [at, time] of column.time.entries()) {
        if (aggregator === undefined || time >= end) {
          const bounds = bucketAt(time, this.#width);
          ({ end } = bounds);
          aggregator = this.#aggregator(bounds, column);
        }
        const value = column.value[at];
        if (value !== undefined) aggregator.add(value, column.quality?.[at] ?? 0);
      }
    }
  }

  #aggregator(bounds: { readonly start: Micros; readonly end: Micros }, column: SeriesColumn): Aggregator {
    let bucket = this.#open.get(bounds.start);
    if (bucket === undefined) {
      bucket = { end: bounds.end, channels: new Map() };
      this.#open.set(bounds.start, bucket);
    }
    let aggregator = bucket.channels.get(column.channel);
    if (aggregator === undefined) {
      aggregator = new Aggregator(column);
      bucket.channels.set(column.channel, aggregator);
    }
    return aggregator;
  }

  /** Takes out the buckets that end at a time or before, in order. */
  *takeUntil(time: Micros): Generator<FilledBucket> {
    const done = [...this.#open].filter(([, { end }]) => end <= time).sort(([left], [right]) => left - right);
    for (const [start, { end, channels }] of done) {
      this.#open.delete(start);
      const summaries = [...channels.values()].map(({ summary }) => summary);
      summaries.sort((left, right) => (left.channel < right.channel ? -1 : 1));
      yield { start, end, summaries };
    }
  }
}
