/** Buckets as columns: a day of minutes of a hundred devices needs no object for each bucket. */
import type { Value } from '../../contracts/messages/message.ts';
import type { Status } from '../../contracts/quality.ts';
import type { Micros } from '../../contracts/time.ts';

/** A channel in one unit. */
export interface BucketChannel {
  readonly channel: string;
  readonly unit: string;
}

/** Lists of one length, with an item for each bucket. */
export interface BucketLists {
  /** Index of the channel among `channels`. */
  readonly place: readonly number[];
  readonly start: readonly Micros[];
  readonly end: readonly Micros[];
  /** Points that entered the aggregates. */
  readonly count: readonly number[];
  /** By aggregate, in the order that was asked for. */
  readonly values: readonly (readonly (Value | null)[])[];
  /** All points, also those that entered no aggregate. */
  readonly quality: Readonly<Record<Status, readonly number[]>>;
}

/** Buckets in order of start and channel. */
export interface BucketColumns extends BucketLists {
  readonly channels: readonly BucketChannel[];
}

/** Lists that buckets are added to. */
export interface GrowingLists extends BucketLists {
  readonly place: number[];
  readonly start: Micros[];
  readonly end: Micros[];
  readonly count: number[];
  readonly values: readonly (Value | null)[][];
  readonly quality: Readonly<Record<Status, number[]>>;
}

/** No buckets yet. */
export const emptyLists = (aggregates: number): GrowingLists => ({
  place: [],
  start: [],
  end: [],
  count: [],
  values: Array.from({ length: aggregates }, () => []),
  quality: { good: [], uncertain: [], bad: [] },
});

/** Applies the same to each list. */
export const ofEachList = (
  { place, start, end, count, values, quality: { good, uncertain, bad } }: BucketLists,
  make: <T>(list: readonly T[]) => T[],
): GrowingLists => ({
  place: make(place),
  start: make(start),
  end: make(end),
  count: make(count),
  values: values.map((list) => make(list)),
  quality: { good: make(good), uncertain: make(uncertain), bad: make(bad) },
});

/** The buckets from an index to another, excluded; to the end when absent. */
export const bucketsFrom = (columns: BucketColumns, from: number, to?: number): BucketColumns => ({
  channels: columns.channels,
  ...ofEachList(columns, (list) => list.slice(from, to)),
});

/** Indexes of buckets in order of start and channel. @param lists where the buckets of each channel are in order of time */
export const orderOf = ({ start, place }: BucketLists, channels: readonly BucketChannel[]): number[] => {
  const names = [...new Set(channels.map(({ channel }) => channel))].sort();
  const nameOf = channels.map(({ channel }) => names.indexOf(channel));
  const ofChannel = names.map((): number[] => []);
  for (let at = 0; at < place.length; at += 1) ofChannel[nameOf[place[at] ?? 0] ?? 0]?.push(at);
  const END = Number.POSITIVE_INFINITY;
  const startAt = (at: number | undefined): Micros => (at === undefined ? END : (start[at] ?? END));
  const merged = ofChannel.map(() => 0);
  const heads = ofChannel.map(([first]) => startAt(first));
  const order: number[] = [];
  while (order.length < place.length) {
    let first = END;
    for (let name = 0; name < heads.length; name += 1) first = Math.min(first, heads[name] ?? END);
    for (let name = 0; name < heads.length; name += 1) {
      if (heads[name] !== first) continue;
      const next = (merged[name] ?? 0) + 1;
      order.push(ofChannel[name]?.[next - 1] ?? 0);
      merged[name] = next;
      heads[name] = startAt(ofChannel[name]?.[next]);
    }
  }
  return order;
};

/** Channels of buckets, each once for every unit that it had. */
export class BucketChannels {
  /** Replaced when it grows, never changed: who has it may keep it. */
  list: readonly BucketChannel[] = [];

  /** Index of a channel in a unit. */
  placeOf(channel: string, unit: string): number {
    const found = this.list.findIndex((known) => known.channel === channel && known.unit === unit);
    if (found >= 0) return found;
    this.list = [...this.list, { channel, unit }];
    return this.list.length - 1;
  }
}
