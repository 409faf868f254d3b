/**
 * Buckets without points that enter the aggregates: nulls, the values before, or a straight line between the neighbours.
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
import type { Grid, Span } from './width.ts';

/** Buckets that points made, and some that were filled in. */
export interface DenseColumns extends BucketColumns {
  readonly filled: readonly boolean[];
}

/** Longest gap, in buckets, that a line is drawn over; longer ones are filled with nulls. */
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

/** The last bucket with points of a channel, and the buckets since that wait for the next one. */
interface Trail {
  readonly start: Micros;
  readonly values: Values;
  /** Their places, counted from the first that was ever given. */
  readonly gap: number[];
}

/** A channel that is filled. */
interface Lane {
  readonly channel: string;
  /** Of what is filled. */
  readonly unit: string;
  /** Place of the channel in that unit. */
  readonly place: number;
  trail: Trail | undefined;
}

/** Takes buckets in order of time and gives every bucket of the range. */
export class Filler {
  readonly #options: FillOptions;
  readonly #channels = new BucketChannels();
  readonly #lanes: readonly Lane[];
  #lists: GrowingLists;
  #filled: boolean[] = [];
  /** How many have been given. */
  #given = 0;
  #next: Micros;

  constructor(options: FillOptions) {
    this.#options = options;
    this.#next = options.from;
    this.#lists = emptyLists(options.aggregates.length);
    this.#lanes = options.channels.map(({ channel, unit }) => ({
      channel,
      unit,
      place: this.#channels.placeOf(channel, unit),
      trail: undefined,
    }));
  }

  /** @param columns later than all before */
  *add(columns: BucketColumns): Generator<DenseColumns> {
    const { start: starts, end: ends } = columns;
    for (let at = 0; at < starts.length; ) {
      const start = starts[at] ?? 0;
      yield* this.#empty(start);
      this.#next = ends[at] ?? start;
      let to = at + 1;
      while (starts[to] === start) to += 1;
      this.#put({ start, end: this.#next }, columns, at, to);
      at = to;
      yield* this.#ready(BATCH);
    }
    yield* this.#ready(1);
  }

  /** The rest of the range. */
  *finish(): Generator<DenseColumns> {
    yield* this.#empty(this.#options.to);
    for (const lane of this.#lanes) lane.trail = undefined;
    yield* this.#ready(1);
  }

  /** Buckets without any point before a time. */
  *#empty(until: Micros): Generator<DenseColumns> {
    while (this.#next < until) {
      const span = this.#options.grid.at(this.#next);
      this.#next = span.end;
      this.#put(span, undefined, 0, 0);
      yield* this.#ready(BATCH);
    }
  }

  /** Puts a bucket of each channel. @param columns of these channels some, by name, from a place to another */
  #put(span: Span, columns: BucketColumns | undefined, from: number, to: number): void {
    const channelAt = (at: number) => columns?.channels[columns.place[at] ?? 0];
    let at = from;
    for (const lane of this.#lanes) {
      while (at < to && (channelAt(at)?.channel ?? '') < lane.channel) at += 1;
      const found = channelAt(at);
      if (columns === undefined || at >= to || found?.channel !== lane.channel)
        this.#fill(lane, span, undefined, 0);
      else if ((columns.count[at] ?? 0) === 0) this.#fill(lane, span, columns, at);
      else this.#copy(lane, found.unit, columns, at);
    }
  }

  #copy(lane: Lane, unit: string, columns: BucketColumns, at: number): void {
    const lists = this.#lists;
    const values = columns.values.map((list) => list[at] ?? null);
    const start = columns.start[at] ?? 0;
    if (lane.trail !== undefined) this.#draw(lane.trail, { start, values });
    lane.trail = { start, values, gap: [] };
    lists.place.push(unit === lane.unit ? lane.place : this.#channels.placeOf(lane.channel, unit));
    lists.count.push(columns.count[at] ?? 0);
    this.#push({ start, end: columns.end[at] ?? start }, values, columns, at);
    this.#filled.push(false);
  }

  /** @param columns where points are counted that entered nothing */
  #fill(lane: Lane, span: Span, columns: BucketColumns | undefined, at: number): void {
    const { fill } = this.#options;
    const { trail } = lane;
    const lists = this.#lists;
    if (fill === 'linear' && trail !== undefined) {
      trail.gap.push(this.#given + lists.start.length);
      if (trail.gap.length > LONGEST_LINE) lane.trail = undefined;
    }
    lists.place.push(lane.place);
    lists.count.push(0);
    this.#push(span, this.#told(fill === 'previous' ? trail?.values : undefined), columns, at);
    this.#filled.push(true);
  }

  /** Values of a bucket that is filled. */
  #told(values: Values | undefined): Values {
    return this.#options.aggregates.map((name, at) => (name === 'count' ? 0 : (values?.[at] ?? null)));
  }

  #push({ start, end }: Span, values: Values, columns: BucketColumns | undefined, at: number): void {
    const lists = this.#lists;
    lists.start.push(start);
    lists.end.push(end);
    for (let place = 0; place < values.length; place += 1) lists.values[place]?.push(values[place] ?? null);
    lists.quality.good.push(columns?.quality.good[at] ?? 0);
    lists.quality.uncertain.push(columns?.quality.uncertain[at] ?? 0);
    lists.quality.bad.push(columns?.quality.bad[at] ?? 0);
  }

  /** Fills the gap of a channel on a line to its next bucket. */
  #draw({ start, values, gap }: Trail, next: { readonly start: Micros; readonly values: Values }): void {
    const lists = this.#lists;
    for (const place of gap) {
      const at = place - this.#given;
      const share = ((lists.start[at] ?? 0) - start) / (next.start - start);
      const between = values.map((left, each) => {
        const right = next.values[each];
        if (typeof left !== 'number' || typeof right !== 'number') return null;
        return left * (1 - share) + right * share;
      });
      for (const [each, value] of this.#told(between).entries()) {
        const list = lists.values[each];
        if (list !== undefined) list[at] = value;
      }
    }
  }

  /** What waits for nothing, when it is so many at least. */
  *#ready(least: number): Generator<DenseColumns> {
    const lists = this.#lists;
    const all = lists.start.length;
    if (all < least) return;
    const ready = this.#lanes.reduce(
      (count, { trail }) => Math.min(count, (trail?.gap[0] ?? Number.POSITIVE_INFINITY) - this.#given),
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
