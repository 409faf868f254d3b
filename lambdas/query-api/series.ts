/** Answers of the series routes. */
import { MICROS_PER_MINUTE } from '../../contracts/time.ts';
import { keptFor } from '../series/aggregates.ts';
import type { Measurements } from '../store/measurements.ts';
import { align, alignedSeries, placedBuckets, placedPoints } from './aligned.ts';
import { limitOf, respond, type SeriesRequest } from './answer.ts';
import { inOrder } from './in-order.ts';
import type { Instrument } from './instruments.ts';
import { batchesOf, readPoints } from './points.ts';
import { readBuckets } from './rows.ts';
import { resolveSeries, type Series } from './series-query.ts';
import { KEEP_CORNERS, readShape } from './shape.ts';
import { sourcesOf } from './source.ts';
import { alignedTable, bucketTable, pointTable } from './table.ts';

/** Devices that are read at a time: of those whose summaries of minutes come a hundred in a call, more. */
const AT_ONCE = 16;
const MOST_AT_ONCE = 100;
const FEWEST_AT_ONCE = 4;

/** Devices that are read at a time: no more than a page has room for. */
const devicesAtOnce = ({ buckets, from, to, now, channels }: Series, limit: number | undefined): number => {
  if (buckets === undefined || buckets.grid.slot(from, to) !== MICROS_PER_MINUTE) return AT_ONCE;
  if (limit === undefined) return MOST_AT_ONCE;
  const { start, end } = buckets.grid.at(from);
  const rows = Math.ceil((Math.min(to, now) - from) / (end - start)) * (channels?.size ?? 1);
  return Math.min(MOST_AT_ONCE, Math.max(FEWEST_AT_ONCE, Math.ceil((limit + 1) / Math.max(1, rows))));
};

/**
 * Answers a request for series that the caller may see: JSON in pages, other formats whole as a stream or, where a
 * limit is given, in pages.
 * @throws {ProblemError} `invalid-request`, `invalid-cursor`, `not-acceptable`
 */
export const seriesResponse = async (
  measurements: Measurements,
  instruments: readonly Instrument[],
  request: SeriesRequest & { readonly now: Date; readonly several: boolean },
): Promise<Response> => {
  const now = request.now.getTime() * 1000;
  const series = resolveSeries(instruments, request.query, { several: request.several, now });
  const { buckets } = series;
  const sources = sourcesOf(measurements, {
    devices: instruments.slice(series.after?.device ?? 0).map(({ id }) => id),
    channels: series.channels,
    kept: buckets === undefined ? KEEP_CORNERS : keptFor(buckets.aggregates, true),
  });
  const source = (device: number) => sources(instruments[device]?.id ?? '');
  const ofAll = <B>(read: (device: number) => AsyncGenerator<B>): AsyncGenerator<B> =>
    inOrder(
      instruments
        .slice(series.after?.device ?? 0)
        .map((_, at) => () => read(at + (series.after?.device ?? 0))),
      devicesAtOnce(series, limitOf(request)),
    );
  if (series.aligned) {
    const names = alignedSeries(series);
    const places = new Map(names.map(({ name }, at) => [name, at]));
    const started = { ...series, after: undefined, from: series.after?.time ?? series.from };
    const devices = instruments.map((_, device) =>
      buckets === undefined
        ? placedPoints(series, places, readPoints(source(device), started, device))
        : placedBuckets(series, places, readBuckets(source(device), series, buckets, device)),
    );
    return await respond(series, { table: alignedTable(names), rows: align(devices, names.length) }, request);
  }
  if (series.points !== undefined)
    return await respond(
      series,
      {
        table: pointTable(series),
        rows: ofAll((device) => batchesOf(readShape(source(device), series, device))),
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
      rows: ofAll((device) => readBuckets(source(device), series, buckets, device)),
    },
    request,
  );
};
