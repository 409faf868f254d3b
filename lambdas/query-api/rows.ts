/** Rows of a series as they go through the engine, in batches: what is held at a time is an hour of one device. */
import type { Value } from '../../contracts/payload/message.ts';
import type { Quality, Status } from '../../contracts/quality.ts';
import type { Micros } from '../../contracts/time.ts';
import { MICROS_PER_MINUTE } from '../../contracts/time.ts';
import { asksQuantile } from '../series/aggregates.ts';
import { Buckets } from '../series/buckets.ts';
import { type DenseRow, Filler } from '../series/fill.ts';
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
  readonly partial: boolean;
}

/** Rows of one batch, so that no one has to wait for each. */
const BATCH = 1024;

/** Collects rows of one device into batches, of those that come after the last page. */
function* batches<T extends { readonly time: Micros; readonly channel: string }>(
  rows: Iterable<T>,
  after: { readonly time: Micros; readonly channel: string } | undefined,
): Generator<T[]> {
  let batch: T[] = [];
  for (const row of rows) {
    if (
      after !== undefined &&
      (row.time < after.time || (row.time === after.time && row.channel <= after.channel))
    )
      continue;
    batch.push(row);
    if (batch.length === BATCH) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Where reading a device goes on after the last page. */
const afterOf = (series: Series, device: number) =>
  series.after?.device === device ? series.after : undefined;

const isUsual = (taken: readonly Status[]): boolean =>
  taken.includes('good') && taken.includes('uncertain') && !taken.includes('bad');

/** Points that are rarer than this, in seconds, take no more to read than summaries of their minutes. */
const RARE = 5;

/** Width of summaries that buckets can be made of; `undefined` when points have to be read, or are as cheap. */
const slotFor = (query: BucketQuery, series: Series, from: Micros, device: number): Micros | undefined => {
  const { grid, aggregates, taken } = query;
  if (!isUsual(taken)) return undefined;
  const slot = grid.slot(from, series.to);
  if (slot !== MICROS_PER_MINUTE) return slot;
  // Summaries of a minute hold nothing that quantiles could be told from.
  if (asksQuantile(aggregates)) return undefined;
  const channels = Object.entries(series.instruments[device]?.channels ?? {});
  const rare = channels.every(
    ([channel, { interval }]) =>
      series.channels?.has(channel) === false || (interval !== undefined && interval >= RARE),
  );
  return rare ? undefined : slot;
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
  function* rows(dense: ReturnType<Filler['add']>): Generator<BucketRow> {
    for (const { start, end, rows: inside } of dense) {
      const partial = start < cutBefore || end > cutAfter || end > now;
      for (const row of inside) yield { ...row, device, time: start, partial };
    }
  }
  for await (const piece of readPieces(source, from, series.to, slotFor(query, series, from, device))) {
    if ('run' in piece) buckets.addSummaries(piece.run, piece.from, piece.until);
    else buckets.add(piece.columns);
    for (const bucket of buckets.takeUntil(piece.until)) yield* batches(rows(filler.add(bucket)), after);
  }
  for (const bucket of buckets.takeUntil(Number.POSITIVE_INFINITY))
    yield* batches(rows(filler.add(bucket)), after);
  yield* batches(rows(filler.finish()), after);
}
