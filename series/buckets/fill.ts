/**
 * Buckets without points: filled with nulls, with the values of the bucket before, or on a straight line between their
 * neighbours.
 */
import type { Value } from '../../contracts/messages/message.ts';
import type { Aggregate, Fill } from '../../contracts/resources/series.ts';
import type { Micros } from '../../contracts/time.ts';
import {
  BucketChannels,
  type BucketColumns,
  emptyLists,
  type GrowingLists,
  ofEachList,
} from './bucket-columns.ts';
import type { Grid, Interval } from './width.ts';

/** Every bucket of a range, of every channel. */
export interface DenseColumns extends BucketColumns {
  /** Whether each bucket was filled, because no point entered it. */
  readonly filled: readonly boolean[];
}

/** Longest gap, in buckets, that is bridged by a line; longer ones are filled with nulls. */
export const LONGEST_LINE = 1000;
/** Buckets that are given at a time. */
const BATCH = 4096;

export interface FillOptions {
  readonly fill: Exclude<Fill, 'none'>;
  readonly grid: Grid;
  readonly from: Micros;
  readonly to: Micros;
  readonly aggregates: readonly Aggregate[];
  /** Channels that are filled, sorted by name. */
  readonly channels: readonly { readonly channel: string; readonly unit: string }[];
}

type Values = readonly (Value | null)[];

/** The last bucket of a channel that points entered. */
interface LastBucket {
  readonly start: Micros;
  readonly values: Values;
  /** Empty buckets since, which wait for the end of their line: numbers counted from the first bucket ever given. */
  readonly gap: number[];
}

interface FilledChannel {
  readonly channel: string;
  /** Unit of filled buckets. */
  readonly unit: string;
  /** Index of the channel in that unit. */
  readonly place: number;
  /** `undefined` when there is nothing to fill from. */
  last: LastBucket | undefined;
}

/** Takes buckets in order of time and gives every bucket of the range. */
export class Filler {
  readonly #options: FillOptions;
  readonly #channels = new BucketChannels();
  readonly #filledChannels: readonly FilledChannel[];
  #lists: GrowingLists;
  #filled: boolean[] = [];
  /** How many buckets have been given. */
  #given = 0;
  /** Where the next bucket begins. */
  #next: Micros;

  constructor(options: FillOptions) {
    this.#options = options;
    this.#next = options.from;
    this.#lists = emptyLists(options.aggregates.length);
    this.#filledChannels = options.channels.map(({ channel, unit }) => ({
      channel,
      unit,
      place: this.#channels.placeOf(channel, unit),
      last: undefined,
    }));
  }

  /** Adds buckets that are later than all before. */
  *add(columns: BucketColumns): Generator<DenseColumns> {
    const { start: starts, end: ends } = columns;
    for (let at = 0; at < starts.length; ) {
      const start = starts[at] ?? 0;
      yield* this.#emptyUntil(start);
      this.#next = ends[at] ?? start;
      let to = at + 1;
      while (starts[to] === start) to += 1;
      this.#put({ start, end: this.#next }, columns, at, to);
      at = to;
      yield* this.#takeReady(BATCH);
    }
    yield* this.#takeReady(1);
  }

  /** The rest of the range. */
  *finish(): Generator<DenseColumns> {
    yield* this.#emptyUntil(this.#options.to);
    for (const channel of this.#filledChannels) channel.last = undefined;
    yield* this.#takeReady(1);
  }

  /** Puts buckets without any point until a time. */
  *#emptyUntil(time: Micros): Generator<DenseColumns> {
    while (this.#next < time) {
      const interval = this.#options.grid.at(this.#next);
      this.#next = interval.end;
      this.#put(interval, undefined, 0, 0);
      yield* this.#takeReady(BATCH);
    }
  }

  /** Puts the bucket of each channel in an interval. @param columns holds those that exist in `[from, to)`, by name */
  #put(interval: Interval, columns: BucketColumns | undefined, from: number, to: number): void {
    const channelAt = (at: number) => columns?.channels[columns.place[at] ?? 0];
    let at = from;
    for (const filled of this.#filledChannels) {
      while (at < to && (channelAt(at)?.channel ?? '') < filled.channel) at += 1;
      const found = channelAt(at);
      if (columns === undefined || at >= to || found?.channel !== filled.channel)
        this.#fill(filled, interval, undefined, 0);
      else if ((columns.count[at] ?? 0) === 0) this.#fill(filled, interval, columns, at);
      else this.#copy(filled, found.unit, columns, at);
    }
  }

  #copy(filled: FilledChannel, unit: string, columns: BucketColumns, at: number): void {
    const lists = this.#lists;
    const values = columns.values.map((list) => list[at] ?? null);
    const start = columns.start[at] ?? 0;
    if (filled.last !== undefined) this.#interpolate(filled.last, { start, values });
    filled.last = { start, values, gap: [] };
    lists.place.push(unit === filled.unit ? filled.place : this.#channels.placeOf(filled.channel, unit));
    lists.count.push(columns.count[at] ?? 0);
    this.#push({ start, end: columns.end[at] ?? start }, values, columns, at);
    this.#filled.push(false);
  }

  /** @param columns holds the counts by quality of points that entered no aggregate, if there are any */
  #fill(filled: FilledChannel, interval: Interval, columns: BucketColumns | undefined, at: number): void {
    const { fill } = this.#options;
    const { last } = filled;
    const lists = this.#lists;
    if (fill === 'linear' && last !== undefined) {
      last.gap.push(this.#given + lists.start.length);
      if (last.gap.length > LONGEST_LINE) filled.last = undefined;
    }
    lists.place.push(filled.place);
    lists.count.push(0);
    this.#push(interval, this.#valuesFrom(fill === 'previous' ? last?.values : undefined), columns, at);
    this.#filled.push(true);
  }

  /** Values of a filled bucket: its count is 0 whatever it is filled from. */
  #valuesFrom(values: Values | undefined): Values {
    return this.#options.aggregates.map((name, at) => (name === 'count' ? 0 : (values?.[at] ?? null)));
  }

  #push({ start, end }: Interval, values: Values, columns: BucketColumns | undefined, at: number): void {
    const lists = this.#lists;
    lists.start.push(start);
    lists.end.push(end);
    for (let index = 0; index < values.length; index += 1) lists.values[index]?.push(values[index] ?? null);
    lists.quality.good.push(columns?.quality.good[at] ?? 0);
    lists.quality.uncertain.push(columns?.quality.uncertain[at] ?? 0);
    lists.quality.bad.push(columns?.quality.bad[at] ?? 0);
  }

  /** Fills a gap on a straight line to the next bucket. */
  #interpolate(
    { start, values, gap }: LastBucket,
    next: { readonly start: Micros; readonly values: Values },
  ): void {
    const lists = this.#lists;
    for (const number of gap) {
      const at = number - this.#given;
      const share = ((lists.start[at] ?? 0) - start) / (next.start - start);
      const between = values.map((left, index) => {
        const right = next.values[index];
        if (typeof left !== 'number' || typeof right !== 'number') return null;
        return left * (1 - share) + right * share;
      });
      for (const [index, value] of this.#valuesFrom(between).entries()) {
        const list = lists.values[index];
        if (list !== undefined) list[at] = value;
      }
    }
  }

  /** Gives the buckets before the first that waits for the end of its line, if they are `least` or more. */
  *#takeReady(least: number): Generator<DenseColumns> {
    const lists = this.#lists;
    const all = lists.start.length;
    if (all < least) return;
    const ready = this.#filledChannels.reduce(
      (count, { last }) => Math.min(count, (last?.gap[0] ?? Number.POSITIVE_INFINITY) - this.#given),
      all,
    );
    if (ready < least) return;
    this.#given += ready;
    const filled = this.#filled;
    this.#lists = ofEachList(lists, (list) => list.slice(ready));
    this.#filled = filled.slice(ready);
    yield {
      channels: this.#channels.list,
      ...ofEachList(lists, (list) => list.slice(0, ready)),
      filled: filled.slice(0, ready),
    };
  }
}
