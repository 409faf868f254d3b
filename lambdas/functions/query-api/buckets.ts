/** Buckets of a series, read hour by hour: at most an hour of one device is held at a time. */
import type { Status } from '../../../contracts/quality.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import { asksQuantile } from '../../../series/buckets/aggregates.ts';
import { type BucketColumns, bucketsFrom } from '../../../series/buckets/bucket-columns.ts';
import { Buckets } from '../../../series/buckets/buckets.ts';
import { Filler } from '../../../series/buckets/fill.ts';
import { type Piece, readPieces, type Source } from '../../../series/buckets/plan.ts';
import { channelAt } from '../../../series/points/channels.ts';
import { pointsAnHour } from './expected-points.ts';
import type { BucketQuery, Series } from './series-query.ts';

/** Buckets of one device. */
export interface BucketBatch extends BucketColumns {
  readonly length: number;
  /** Place of the device among those that were asked for. */
  readonly device: number;
  /** `undefined`: none is. */
  readonly partial: readonly boolean[] | undefined;
  /** `undefined`: none is. */
  readonly filled: readonly boolean[] | undefined;
}

/** A part of a batch. */
export const bucketPart = (batch: BucketBatch, from: number, to: number): BucketBatch => ({
  length: to - from,
  device: batch.device,
  ...bucketsFrom(batch, from, to),
  partial: batch.partial?.slice(from, to),
  filled: batch.filled?.slice(from, to),
});

/** Whether each bucket is cut by an end of the range, or by now; `undefined`: none is. */
const partialOf = ({ start, end }: BucketColumns, { from, to, now }: Series): boolean[] | undefined => {
  const until = Math.min(to, now);
  // They are in order of time.
  if ((start[0] ?? from) >= from && (end[end.length - 1] ?? until) <= until) return undefined;
  return start.map((time, at) => time < from || (end[at] ?? until) > until);
};

/** The last row of the page before, where it is of this device. */
const afterOf = (series: Series, device: number) =>
  series.after?.device === device ? series.after : undefined;

/** Buckets of a batch that come after a row. */
const partAfter = (batch: BucketBatch, after: ReturnType<typeof afterOf>): BucketBatch => {
  if (after === undefined) return batch;
  const first = batch.start.findIndex(
    (time, at) =>
      time > after.time || (time === after.time && (channelAt(batch, at)?.channel ?? '') > after.channel),
  );
  return first === 0 ? batch : bucketPart(batch, first < 0 ? batch.length : first, batch.length);
};

const isUsual = (qualities: readonly Status[]): boolean =>
  qualities.includes('good') && qualities.includes('uncertain') && !qualities.includes('bad');

/** About so many bytes are read: for a point, for a block beside its points, and for the minutes of a day; of one channel. */
const POINT_BYTES = 2.3;
const BLOCK_BYTES = 500;
const MINUTES_BYTES = 12_000;

/** So many points are read for the sake of quantiles. */
const EXACT_POINTS = 500_000;

/** Whether quantiles of hours and days are told from the points themselves: one rule for all pages of a request. */
export const areQuantilesExact = (series: Series): boolean => {
  const hours = (Math.min(series.to, series.now) - series.from) / MICROS_PER_HOUR;
  const anHour = series.instruments.reduce((sum, _, device) => sum + pointsAnHour(series, device), 0);
  return hours * anHour <= EXACT_POINTS;
};

/** What came out of reading buckets, told once they are read. */
export interface Accuracy {
  /** Whether any quantile is an approximation. */
  approximate: boolean;
}

/** Summaries of a piece, hour by hour with the numbers of the points that they are of. */
async function* addWithNumbers(
  source: Source,
  buckets: Buckets,
  { run, from, until }: Extract<Piece, { readonly run: unknown }>,
): AsyncGenerator<Micros> {
  let given = from;
  for await (const { columns } of source.hours(from, until)) {
    const last = columns.reduce((latest, { time }) => Math.max(latest, time.at(-1) ?? given), given);
    const ends = Math.min(until, (Math.floor(last / MICROS_PER_HOUR) + 1) * MICROS_PER_HOUR);
    buckets.addSummaries(run, given, ends);
    buckets.addNumbers(columns);
    given = ends;
    yield ends;
  }
  buckets.addSummaries(run, given, until);
  yield until;
}

/** Whether reading summaries of minutes takes fewer bytes than reading the points of a range. */
const areMinutesLess = (series: Series, from: Micros, device: number): boolean => {
  const channels = Object.entries(series.instruments[device]?.channels ?? {});
  const wanted = channels.filter(([channel]) => series.channels?.has(channel) ?? true);
  const to = Math.min(series.to, series.now);
  const hours = Math.ceil((to - from) / MICROS_PER_HOUR);
  const days = Math.ceil(to / MICROS_PER_DAY) - Math.floor(from / MICROS_PER_DAY);
  const points = pointsAnHour(series, device) * POINT_BYTES;
  return days * wanted.length * MINUTES_BYTES < hours * (BLOCK_BYTES + points);
};

/** Width of summaries that buckets of a range can be made of; `undefined` when points have to be read. */
export const windowOf = (query: BucketQuery, from: Micros, to: Micros): Micros | undefined => {
  const { grid, aggregates, qualities } = query;
  if (!isUsual(qualities)) return undefined;
  const window = grid.window(from, to);
  // Summaries of a minute hold nothing that quantiles could be told from.
  return window === MICROS_PER_MINUTE && asksQuantile(aggregates) ? undefined : window;
};

/** As {@link windowOf}, but `undefined` also where points take fewer bytes to read than summaries. */
const cheapestWindow = (
  query: BucketQuery,
  series: Series,
  from: Micros,
  device: number,
): Micros | undefined => {
  const window = windowOf(query, from, series.to);
  return window === MICROS_PER_MINUTE && !areMinutesLess(series, from, device) ? undefined : window;
};

/** Channels of a device, with the units that are asked for: buckets are filled for each of them. */
const channelsOf = (series: Series, device: number) =>
  Object.entries(series.instruments[device]?.channels ?? {})
    .filter(([channel]) => series.channels?.has(channel) ?? true)
    .map(([channel, { unit }]) => ({ channel, unit: series.conversions.get(channel)?.unit ?? unit }))
    .sort((left, right) => (left.channel < right.channel ? -1 : 1));

/** Buckets of one device by start and channel. A page that begins within a bucket reads that bucket again. */
export async function* readBuckets(
  source: Source,
  series: Series,
  query: BucketQuery,
  device: number,
  accuracy: Accuracy,
): AsyncGenerator<BucketBatch> {
  const { grid, aggregates, fill, qualities } = query;
  const after = afterOf(series, device);
  // Otherwise a bucket may be filled from points of any time before.
  const again = after !== undefined && (fill === 'none' || fill === 'null');
  const from = again ? Math.max(series.from, grid.at(after.time).start) : series.from;
  const channels = series.instruments[device]?.channels ?? {};
  const kindOf = (channel: string) => channels[channel]?.kind ?? 'continuous';
  const exactQuantiles = asksQuantile(aggregates) && !grid.isBelowHour && areQuantilesExact(series);
  const { conversions } = series;
  const buckets = new Buckets({ grid, aggregates, qualities, kindOf, conversions, exactQuantiles });
  const to = Math.min(series.to, series.now);
  const filler =
    fill === 'none'
      ? undefined
      : new Filler({ fill, grid, from, to, aggregates, channels: channelsOf(series, device) });
  function* given(columns: BucketColumns, filled?: readonly boolean[]): Generator<BucketBatch> {
    const partial = partialOf(columns, series);
    const batch = { length: columns.start.length, device, ...columns, partial, filled };
    const part = partAfter(batch, after);
    if (part.length > 0) yield part;
  }
  function* put(columns: BucketColumns): Generator<BucketBatch> {
    accuracy.approximate ||= buckets.areApproximate;
    if (filler === undefined) yield* given(columns);
    else for (const dense of filler.add(columns)) yield* given(dense, dense.filled);
  }
  for await (const piece of readPieces(
    source,
    from,
    series.to,
    cheapestWindow(query, series, from, device),
  )) {
    if ('run' in piece && exactQuantiles)
      for await (const until of addWithNumbers(source, buckets, piece)) yield* put(buckets.takeUntil(until));
    else if ('run' in piece) buckets.addSummaries(piece.run, piece.from, piece.until);
    else buckets.add(piece.columns);
    yield* put(buckets.takeUntil(piece.until));
  }
  yield* put(buckets.takeUntil(Number.POSITIVE_INFINITY));
  for (const dense of filler?.finish() ?? []) yield* given(dense, dense.filled);
}
