/** Buckets as columns: a day of minutes of a hundred devices makes no object for any of them. */
import type { Value } from '../../contracts/messages/message.ts';
import type { Status } from '../../contracts/quality.ts';
import type { Micros } from '../../contracts/time.ts';

/** A channel of some buckets. */
export interface BucketChannel {
  readonly channel: string;
  /** In which the values are. */
  readonly unit: string;
}

/** Lists of one length, an item of each for each bucket. */
export interface BucketLists {
  /** Place of the channel. */
  readonly place: readonly number[];
  readonly start: readonly Micros[];
  readonly end: readonly Micros[];
  /** Points that entered the aggregates. */
  readonly count: readonly number[];
  /** By aggregate, in the order that was asked for. */
  readonly values: readonly (readonly (Value | null)[])[];
  /** All points, whatever enters the aggregates. */
  readonly quality: Readonly<Record<Status, readonly number[]>>;
}

/** Buckets by start and channel. */
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

/** Makes the same of each list. */
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

/** A part of buckets. */
export const bucketsFrom = (columns: BucketColumns, from: number, to?: number): BucketColumns => ({
  channels: columns.channels,
  ...ofEachList(columns, (list) => list.slice(from, to)),
});

/** Places of buckets by start and channel, where those of each channel are in order of time. */
export const orderOf = ({ start, place }: BucketLists, channels: readonly BucketChannel[]): number[] => {
  const names = [...new Set(channels.map(({ channel }) => channel))].sort();
  const nameOf = channels.map(({ channel }) => names.indexOf(channel));
  const lanes = names.map((): number[] => []);
  for (let at = 0; at < place.length; at += 1) lanes[nameOf[place[at] ?? 0] ?? 0]?.push(at);
  const END = Number.POSITIVE_INFINITY;
  const startAt = (at: number | undefined): Micros => (at === undefined ? END : (start[at] ?? END));
  const taken = lanes.map(() => 0);
  const heads = lanes.map(([first]) => startAt(first));
  const order: number[] = [];
  while (order.length < place.length) {
    let first = END;
    for (let lane = 0; lane < heads.length; lane += 1) first = Math.min(first, heads[lane] ?? END);
    for (let lane = 0; lane < heads.length; lane += 1) {
      if (heads[lane] !== first) continue;
      const next = (taken[lane] ?? 0) + 1;
      order.push(lanes[lane]?.[next - 1] ?? 0);
      taken[lane] = next;
      heads[lane] = startAt(lanes[lane]?.[next]);
    }
  }
  return order;
};

/** The channels of some buckets, each with the units that it had. */
export class BucketChannels {
  /** Never changed: who has it may keep it. */
  list: readonly BucketChannel[] = [];

  placeOf(channel: string, unit: string): number {
    const found = this.list.findIndex((known) => known.channel === channel && known.unit === unit);
    if (found >= 0) return found;
    this.list = [...this.list, { channel, unit }];
    return this.list.length - 1;
  }
}
