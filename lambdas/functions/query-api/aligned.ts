/** Series of several devices and channels side by side: one row a time, one column a series. */

import type { Value } from '../../../contracts/messages/message.ts';
import { GOOD, type Quality } from '../../../contracts/quality.ts';
import type { ValueType } from '../../../contracts/resources/instrument-types.ts';
import type { Micros } from '../../../contracts/time.ts';
import { rowsWithin } from '../../../series/formats/encoder.ts';
import type { PointBatch } from '../../../series/points/point-batches.ts';
import type { BucketBatch } from './buckets.ts';
import type { Series } from './series-query.ts';

/** A time, and the value of each series there; of points, their qualities as well. */
export interface AlignedValues {
  readonly time: Micros;
  readonly values: readonly (Value | null)[];
  readonly qualities: readonly (Quality | null)[] | undefined;
}

/** A value, and the place of its series among all. */
interface Placed {
  readonly time: Micros;
  readonly series: number;
  readonly value: Value | null;
  readonly quality?: Quality;
}

/** Places of series by {@link AlignedSeries.name}. */
export type Places = ReadonlyMap<string, number>;

/** Whether a time comes after the last one of the page before. */
const isNew = ({ after }: Series, time: Micros): boolean => time > (after?.time ?? Number.NEGATIVE_INFINITY);

/** Points of one device by the place of their series. */
export async function* placedPoints(
  series: Series,
  places: Places,
  batches: AsyncIterable<PointBatch>,
): AsyncGenerator<Placed[]> {
  for await (const batch of batches) {
    const ofChannel = batch.channels.map(({ channel }) =>
      places.get(`${series.instruments[batch.device]?.id}/${channel}`),
    );
    yield batch.time.flatMap((time, at) => {
      const place = ofChannel[batch.place?.[at] ?? 0];
      return place === undefined || !isNew(series, time)
        ? []
        : [{ time, series: place, value: batch.value[at] ?? null, quality: batch.quality?.[at] ?? GOOD }];
    });
  }
}

/** Buckets of one device, their one aggregate as the value, by the place of their series. */
export async function* placedBuckets(
  series: Series,
  places: Places,
  batches: AsyncIterable<BucketBatch>,
): AsyncGenerator<Placed[]> {
  for await (const batch of batches) {
    const ofChannel = batch.channels.map(({ channel }) =>
      places.get(`${series.instruments[batch.device]?.id}/${channel}`),
    );
    yield batch.start.flatMap((time, at) => {
      const place = ofChannel[batch.place[at] ?? 0];
      return place === undefined || !isNew(series, time)
        ? []
        : [{ time, series: place, value: batch.values[0]?.[at] ?? null }];
    });
  }
}

/** One of the series. */
export interface AlignedSeries {
  /** `{device}/{channel}` */
  readonly name: string;
  readonly type: ValueType;
}

/** Every series that is asked for: devices in the order of the request, their channels by name. */
export const alignedSeries = (series: Series): AlignedSeries[] => {
  const [aggregate] = series.buckets?.aggregates ?? [];
  // First and last are values of the channel, any other aggregate is a number.
  const asIs = aggregate === undefined || aggregate === 'first' || aggregate === 'last';
  return series.instruments.flatMap(({ id, channels }) =>
    Object.entries(channels)
      .filter(([channel]) => series.channels?.has(channel) ?? true)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([channel, { type }]) => ({ name: `${id}/${channel}`, type: asIs ? type : 'number' })),
  );
};

/** Rows of one device; the next one can be looked at before it is taken. */
class Cursor {
  readonly #batches: AsyncIterator<readonly Placed[]>;
  #batch: readonly Placed[] = [];
  #at = 0;

  constructor(batches: AsyncIterable<readonly Placed[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  get next(): Placed | undefined {
    return this.#batch[this.#at];
  }

  /** Whether {@link next} is not known yet: there is more to read, or nothing at all. */
  get isEmpty(): boolean {
    return this.#at >= this.#batch.length;
  }

  async read(): Promise<void> {
    let result = await this.#batches.next();
    while (result.done !== true && result.value.length === 0) result = await this.#batches.next();
    this.#batch = result.done === true ? [] : result.value;
    this.#at = 0;
  }

  /** Takes all values of a time into a row, and reads on where a batch ends with that time. */
  async takeAll(
    time: Micros,
    values: (Value | null)[],
    qualities: (Quality | null)[] | undefined,
  ): Promise<void> {
    for (;;) {
      for (let { next } = this; next?.time === time; { next } = this) {
        values[next.series] = next.value;
        if (qualities !== undefined) qualities[next.series] = next.quality ?? null;
        this.#at += 1;
      }
      if (!this.isEmpty) return;
      await this.read();
      if (this.isEmpty) return;
    }
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}

/** Rows of a batch, and cells: rows are wide. */
const BATCH = 2048;
const BATCH_CELLS = 200_000;

/**
 * Joins rows by time (outer join).
 * @param devices rows of each device by time
 * @param count of series
 * @param hasQuality whether the rows are points
 */
export async function* align(
  devices: readonly AsyncIterable<readonly Placed[]>[],
  count: number,
  hasQuality: boolean,
): AsyncGenerator<AlignedValues[]> {
  const most = Math.min(BATCH, rowsWithin(BATCH_CELLS, count));
  let cursors = devices.map((batches) => new Cursor(batches));
  try {
    await Promise.all(cursors.map((cursor) => cursor.read()));
    let batch: AlignedValues[] = [];
    for (;;) {
      cursors = cursors.filter((cursor) => !cursor.isEmpty);
      if (cursors.length === 0) break;
      const time = cursors.reduce(
        (least, { next }) => Math.min(least, next?.time ?? least),
        Number.POSITIVE_INFINITY,
      );
      const values = new Array<Value | null>(count).fill(null);
      const qualities = hasQuality ? new Array<Quality | null>(count).fill(null) : undefined;
      const here = cursors.filter(({ next }) => next?.time === time);
      await Promise.all(here.map((cursor) => cursor.takeAll(time, values, qualities)));
      batch.push({ time, values, qualities });
      if (batch.length === most) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()));
  }
}
