/** Rows of a series as they go through the engine, in batches: what is held at a time is an hour of one device. */
import type { Value } from '../../contracts/payload/message.ts';
import type { Quality, Status } from '../../contracts/quality.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../contracts/time.ts';
import { asksQuantile } from '../series/aggregates.ts';
import { Buckets, type FilledBucket } from '../series/buckets.ts';
import { type DenseBucket, type DenseRow, Filler } from '../series/fill.ts';
import { readPieces, type Source } from '../series/plan.ts';
import type { BucketQuery, Series } from './series-query.ts';

/** A point. */
export interface PointRow {
  /** Place of the device among those that were asked for. */
  readonly device: number;
  readonly time: Micros;
  readonly channel: string;
  readonly unit: string;
  readonly value: Value;
  /** `undefined` for a point that was chosen among summaries. */
  readonly quality: Quality | undefined;
}

/** A bucket of one channel. */
export interface BucketRow extends DenseRow {
  readonly device: number;
  /** Its start. */
  readonly time: Micros;
  readonly filled: boolean;
  readonly partial: boolean;
}

/** Rows of one batch, so that no one has to wait for each. */
const BATCH = 1024;

/** Rows in batches, of those that come after the last page. */
class Batches {
  readonly #after: { readonly time: Micros; readonly channel: string } | undefined;
  #rows: BucketRow[] = [];

  constructor(after: { readonly time: Micros; readonly channel: string } | undefined) {
    this.#after = after;
  }

  /** @returns whether a batch is full */
  add(row: BucketRow): boolean {
    const after = this.#after;
    if (
      after === undefined ||
      row.time > after.time ||
      (row.time === after.time && row.channel > after.channel)
    )
      this.#rows.push(row);
    return this.#rows.length >= BATCH;
  }

  take(): BucketRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }
}

/** Where reading a device goes on after the last page. */
const afterOf = (series: Series, device: number) =>
  series.after?.device === device ? series.after : undefined;

const isUsual = (taken: readonly Status[]): boolean =>
  taken.includes('good') && taken.includes('uncertain') && !taken.includes('bad');

/** Bytes of a point, of a block beside its points, and of what is read of the minutes of a day; of one channel. */
const POINT_BYTES = 2.3;
const BLOCK_BYTES = 500;
const MINUTES_BYTES = 12_000;
/** Seconds between points of a channel that does not say. */
const USUAL_INTERVAL = 1;

/** Whether summaries of minutes are less to read than the points of a range. */
const areMinutesLess = (series: Series, from: Micros, device: number): boolean => {
  const channels = Object.entries(series.instruments[device]?.channels ?? {});
  const wanted = channels.filter(([channel]) => series.channels?.has(channel) ?? true);
  const to = Math.min(series.to, series.now);
  const hours = Math.ceil((to - from) / MICROS_PER_HOUR);
  const days = Math.ceil(to / MICROS_PER_DAY) - Math.floor(from / MICROS_PER_DAY);
  const pointsAnHour = wanted.reduce((sum, [, { interval = USUAL_INTERVAL }]) => sum + 3600 / interval, 0);
  return days * wanted.length * MINUTES_BYTES < hours * (BLOCK_BYTES + pointsAnHour * POINT_BYTES);
};

/** Width of summaries that buckets of a range can be made of; `undefined` when points have to be read. */
export const slotOf = (query: BucketQuery, from: Micros, to: Micros): Micros | undefined => {
  const { grid, aggregates, taken } = query;
  if (!isUsual(taken)) return undefined;
  const slot = grid.slot(from, to);
  // Summaries of a minute hold nothing that quantiles could be told from.
  return slot === MICROS_PER_MINUTE && asksQuantile(aggregates) ? undefined : slot;
};

/** As {@link slotOf}, where summaries are less to read than points. */
const slotFor = (query: BucketQuery, series: Series, from: Micros, device: number): Micros | undefined => {
  const slot = slotOf(query, from, series.to);
  return slot === MICROS_PER_MINUTE && !areMinutesLess(series, from, device) ? undefined : slot;
};

/** Channels of a device that buckets are filled for. */
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
): AsyncGenerator<BucketRow[]> {
  const { grid, aggregates, fill, taken } = query;
  const after = afterOf(series, device);
  // What fills a bucket may lie any time before.
  const again = after !== undefined && (fill === 'none' || fill === 'null');
  const from = again ? Math.max(series.from, grid.at(after.time).start) : series.from;
  const channels = series.instruments[device]?.channels ?? {};
  const kindOf = (channel: string) => channels[channel]?.kind ?? 'continuous';
  const buckets = new Buckets({ grid, aggregates, taken, kindOf, conversions: series.conversions });
  const to = Math.min(series.to, series.now);
  const filler = new Filler({ fill, grid, from, to, aggregates, channels: channelsOf(series, device) });
  const { from: cutBefore, to: cutAfter, now } = series;
  const batches = new Batches(after);
  /** @returns whether a batch is full */
  const put = ({ start, end, rows }: DenseBucket): boolean => {
    const partial = start < cutBefore || end > cutAfter || end > now;
    let isFull = false;
    for (const { channel, unit, count, values, quality, filled = false } of rows)
      isFull = batches.add({ device, time: start, channel, unit, count, values, quality, filled, partial });
    return isFull;
  };
  function* putAll(dense: Iterable<DenseBucket>): Generator<BucketRow[]> {
    for (const bucket of dense) if (put(bucket)) yield batches.take();
  }
  function* putFilled(full: readonly FilledBucket[]): Generator<BucketRow[]> {
    if (fill === 'none') yield* putAll(full);
    else for (const bucket of full) yield* putAll(filler.add(bucket));
  }
  for await (const piece of readPieces(source, from, series.to, slotFor(query, series, from, device))) {
    if ('run' in piece) buckets.addSummaries(piece.run, piece.from, piece.until);
    else buckets.add(piece.columns);
    yield* putFilled(buckets.takeUntil(piece.until));
    const rows = batches.take();
    if (rows.length > 0) yield rows;
  }
  yield* putFilled(buckets.takeUntil(Number.POSITIVE_INFINITY));
  yield* putAll(filler.finish());
  const rows = batches.take();
  if (rows.length > 0) yield rows;
}
