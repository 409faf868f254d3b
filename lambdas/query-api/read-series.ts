/** Rows of a series, hour by hour: no more than an hour of points is held at a time. */
import { qualityName } from '../../contracts/quality.ts';
import type { Aggregate, Bucket, Point } from '../../contracts/series.ts';
import { formatTime, MICROS_PER_HOUR, type Micros } from '../../contracts/time.ts';
import { Buckets, bucketAt, type FilledBucket, type Summary } from '../series/buckets.ts';
import { type Row, rowsOf } from '../series/rows.ts';
import { type Measurements, readHours } from '../store/measurements.ts';
import type { Position, Series } from './series-query.ts';

/** A row as it goes out, and the place from where a later page goes on. */
export interface Placed<T extends Point | Bucket> {
  readonly item: T;
  readonly position: Position;
}

const isAfter = (time: Micros, channel: string, after: Position | undefined): boolean =>
  after === undefined || time > after.time || (time === after.time && channel > after.channel);

const pointOf = ({ time, channel, unit, value, quality }: Row): Point => ({
  n: channel,
  t: formatTime(time),
  v: value,
  u: unit,
  q: qualityName(quality),
});

const rangeOf = (series: Series, from: Micros) => ({
  from: Math.max(series.from, from),
  to: series.to,
  ...(series.channels === undefined ? {} : { channels: series.channels }),
});

/** Points by time and channel. */
export async function* readPoints(measurements: Measurements, series: Series): AsyncGenerator<Placed<Point>> {
  const range = rangeOf(series, series.after?.time ?? series.from);
  for await (const { columns } of readHours(measurements, series.device, range))
    for (const row of rowsOf(columns))
      if (isAfter(row.time, row.channel, series.after))
        yield { item: pointOf(row), position: { time: row.time, channel: row.channel } };
}

const bucketOf = (
  { start, end }: FilledBucket,
  { channel, unit, quality, ...values }: Summary,
  { from, to, aggregates }: Series,
  now: Micros,
): Bucket => {
  const wanted: Partial<Record<Aggregate, Bucket['first']>> = {};
  for (const name of aggregates) wanted[name] = values[name];
  return {
    n: channel,
    t: formatTime(start),
    u: unit,
    ...(wanted as Pick<Bucket, Aggregate>),
    quality: { ...quality },
    partial: start < from || end > to || end > now,
  };
};

/** Buckets by start and channel. A page that begins within a bucket reads that bucket again. */
export async function* readBuckets(
  measurements: Measurements,
  series: Series,
  now: Micros,
): AsyncGenerator<Placed<Bucket>> {
  const { width, after, device } = series;
  if (width === undefined) throw new TypeError('buckets need a width');
  const buckets = new Buckets(width);
  function* filled(until: Micros): Generator<Placed<Bucket>> {
    for (const bucket of buckets.takeUntil(until))
      for (const summary of bucket.summaries)
        if (isAfter(bucket.start, summary.channel, after))
          yield {
            item: bucketOf(bucket, summary, series, now),
            position: { time: bucket.start, channel: summary.channel },
          };
  }
  const from = after === undefined ? series.from : bucketAt(after.time, width).start;
  for await (const { hour, columns } of readHours(measurements, device, rangeOf(series, from))) {
    yield* filled(hour);
    buckets.add(columns);
    yield* filled(hour + MICROS_PER_HOUR);
  }
  yield* filled(Number.POSITIVE_INFINITY);
}
