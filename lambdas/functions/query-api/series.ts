/** Answers of the series routes. */
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import { keptFor } from '../../../series/buckets/aggregates.ts';
import { wholeWindows } from '../../../series/buckets/plan.ts';
import { SERIES_TYPES } from '../../../series/formats/encoders.ts';
import { KEEP_M4 } from '../../../series/points/downsample.ts';
import { negotiate } from '../../runtime/http/accept.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import type { Measurements } from '../../store/measurements/index.ts';
import { align, alignedSeries, placedBuckets, placedPoints } from './aligned.ts';
import { limitOf, respond, type SeriesRequest } from './answer.ts';
import { refuseTooLarge } from './answer-size.ts';
import { devicesHeld, refuseTooWide } from './bounds.ts';
import { type Accuracy, readBuckets, windowOf } from './buckets.ts';
import { inOrder } from './in-order.ts';
import type { Instrument } from './instruments.ts';
import { readPoints } from './points.ts';
import { type ParsedQuery, parseQuery, resolveSeries, type Series } from './series-query.ts';
import { readShape } from './shape.ts';
import { type Prefetch, sourcesOf } from './source.ts';
import { alignedTable, bucketTable, pointTable } from './table.ts';

/** Devices that are read at the same time. Summaries of minutes come a hundred devices in a call: of these, more. */
const AT_ONCE = 16;
const MOST_AT_ONCE = 100;
const FEWEST_AT_ONCE = 4;

/** Devices that are read at the same time: no more than a page has room for. */
const devicesAtOnce = (series: Series, limit: number | undefined): number => {
  const { buckets, from, to, now, channels } = series;
  const held = devicesHeld(series, AT_ONCE);
  if (buckets === undefined || buckets.grid.window(from, to) !== MICROS_PER_MINUTE) return held;
  if (limit === undefined) return MOST_AT_ONCE;
  const { start, end } = buckets.grid.at(from);
  const rows = Math.ceil((Math.min(to, now) - from) / (end - start)) * (channels?.size ?? 1);
  return Math.min(MOST_AT_ONCE, Math.max(FEWEST_AT_ONCE, Math.ceil((limit + 1) / Math.max(1, rows))));
};

/** Devices that are asked for: their identifiers, and how they are read for a caller who may see them. */
export interface Devices {
  readonly ids: readonly string[];
  read(): Promise<readonly Instrument[]>;
}

/** Of shorter ranges, points may be fewer bytes than summaries. */
const LEAST_SUMMARIZED = 2 * MICROS_PER_HOUR;

/** What will surely be asked of the sources: it is read for all devices at once. */
const prefetchOf = (
  { query, several }: SeriesRequest & { readonly several: boolean },
  { buckets }: ParsedQuery,
  now: Micros,
): Prefetch | undefined => {
  const { from, to = now } = query;
  if (buckets === undefined) return several || query.points !== undefined ? undefined : { from, to };
  const width = windowOf(buckets, from, to);
  if (width === undefined || to - from < LEAST_SUMMARIZED) return undefined;
  const { first, end } = wholeWindows(from, to, width);
  return first < end ? { width, from: first, to: end } : undefined;
};

/**
 * Answers a request for series that the caller may see: JSON in pages, other formats whole as a stream or, where a
 * limit is given, in pages.
 * @throws {ProblemError} `invalid-request`, `invalid-cursor`, `answer-too-large`, `not-acceptable`
 */
export const seriesResponse = async (
  measurements: Measurements,
  devices: Devices,
  request: SeriesRequest & { readonly now: Date; readonly several: boolean },
): Promise<Response> => {
  const now = request.now.getTime() * 1000;
  if (request.query.csv !== undefined && negotiate(request.accept, SERIES_TYPES) !== 'text/csv')
    throw new ProblemError('invalid-request', {
      errors: [{ pointer: '?csv', detail: 'goes with Accept: text/csv' }],
    });
  const parsed = parseQuery(request.query);
  const { buckets } = parsed;
  const asked = {
    channels: parsed.channels && new Set(parsed.channels),
    kept: buckets === undefined ? KEEP_M4 : keptFor(buckets.aggregates, true),
  };
  // Nothing is read of devices before it is known that the caller may see them.
  const instruments = await devices.read();
  const series = resolveSeries(instruments, request.query, { ...parsed, several: request.several, now });
  refuseTooWide(series, request.query.limit);
  // Where a later page begins is known only from its cursor.
  const prefetch = request.query.cursor === undefined ? prefetchOf(request, parsed, now) : undefined;
  const sources = sourcesOf(measurements, {
    ...asked,
    prefetch,
    instruments: instruments.slice(series.after?.device ?? 0),
  });
  // What is surely asked for is on its way meanwhile.
  if (limitOf(request) === undefined)
    await refuseTooLarge(measurements, series, negotiate(request.accept, SERIES_TYPES));
  const source = (device: number) => sources(instruments[device]?.id ?? '');
  const ofAll = <B>(read: (device: number) => AsyncGenerator<B>): AsyncGenerator<B> =>
    inOrder(
      instruments
        .slice(series.after?.device ?? 0)
        .map((_, at) => () => read(at + (series.after?.device ?? 0))),
      devicesAtOnce(series, limitOf(request)),
    );
  const accuracy: Accuracy = { approximate: false };
  if (series.aligned) {
    const names = alignedSeries(series);
    const places = new Map(names.map(({ name }, at) => [name, at]));
    const started = { ...series, after: undefined, from: series.after?.time ?? series.from };
    const placed = instruments.map((_, device) =>
      buckets === undefined
        ? placedPoints(series, places, readPoints(source(device), started, device))
        : placedBuckets(series, places, readBuckets(source(device), series, buckets, device, accuracy)),
    );
    const isPoints = buckets === undefined;
    const rows = align(placed, names.length, isPoints);
    return await respond(series, { table: alignedTable(names, isPoints), rows, accuracy }, request);
  }
  if (series.points !== undefined)
    return await respond(
      series,
      {
        table: pointTable(series),
        rows: ofAll((device) => readShape(source(device), series, device)),
      },
      request,
    );
  if (buckets === undefined)
    return await respond(
      series,
      { table: pointTable(series), rows: ofAll((device) => readPoints(source(device), series, device)) },
      request,
    );
  return await respond(
    series,
    {
      table: bucketTable(series),
      rows: ofAll((device) => readBuckets(source(device), series, buckets, device, accuracy)),
      accuracy,
    },
    request,
  );
};
