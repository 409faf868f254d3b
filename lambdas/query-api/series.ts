/** Answers of the series routes. */
import { LIMITS } from '../../contracts/limits.ts';
import type { ManySeriesQuery, SeriesQuery } from '../../contracts/series.ts';
import { formatTime } from '../../contracts/time.ts';
import { negotiate } from '../runtime/http/accept.ts';
import { writeCursor } from '../runtime/http/cursor.ts';
import { nextLink } from '../runtime/http/page.ts';
import { streamResponse } from '../runtime/http/stream.ts';
import { keptFor } from '../series/aggregates.ts';
import type { Measurements } from '../store/measurements.ts';
import { align, alignedSeries } from './aligned.ts';
import { cacheable } from './caching.ts';
import { encoded, encoderOf, SERIES_TYPES } from './formats.ts';
import { inOrder } from './in-order.ts';
import type { Instrument } from './instruments.ts';
import { readBuckets, readPoints } from './rows.ts';
import { positionOf, resolveSeries, type Series } from './series-query.ts';
import { readShape } from './shape.ts';
import { sourcesOf } from './source.ts';
import { alignedTable, bucketTable, pointTable, type Table } from './table.ts';

/** Devices that are read at a time. */
const AT_ONCE = 16;

/** Rows in batches, and what they are made into. */
interface Answer<R> {
  readonly table: Table<R>;
  readonly rows: AsyncIterable<readonly R[]>;
}

/** At most so many rows, and the cursor to go on with, `null` at the end. */
const pageOf = async <R>(
  { rows, table }: Answer<R>,
  limit: number,
  series: Series,
): Promise<{ readonly page: readonly R[]; readonly next: string | null }> => {
  const page: R[] = [];
  for await (const batch of rows) {
    const room = limit - page.length;
    for (let at = 0; at < Math.min(room, batch.length); at += 1) page.push(...batch.slice(at, at + 1));
    // One row more is looked for: it tells whether there is a next page at all.
    const last = page.at(-1);
    if (batch.length > room && last !== undefined)
      return { page, next: writeCursor(series.identity, positionOf(series, table.position(last))) };
  }
  return { page, next: null };
};

async function* once<T>(item: T): AsyncGenerator<T> {
  yield item;
}

/** A page with the members of its rows as lists. */
const columnsOf = <R>({ columns }: Table<R>, page: readonly R[]) =>
  Object.fromEntries(
    columns.map(({ short, kind, of }) => [
      short,
      page.map((row) => (kind === 'time' ? formatTime(Number(of(row))) : of(row))),
    ]),
  );

interface Request {
  readonly query: SeriesQuery | ManySeriesQuery;
  readonly url: URL;
  readonly accept: string;
  readonly ifNoneMatch: string | undefined;
}

const respond = async <R>(series: Series, answer: Answer<R>, request: Request): Promise<Response> => {
  const { query, url } = request;
  const type = negotiate(request.accept, SERIES_TYPES);
  const { table, rows } = answer;
  const headers = { vary: 'accept' };
  if (type === 'application/json') {
    const { page, next } = await pageOf(answer, query.limit ?? LIMITS.seriesDefault, series);
    const every = url.searchParams.get('every');
    const body = {
      ...(series.several
        ? { devices: series.instruments.map(({ id }) => id) }
        : { device: series.instruments[0]?.id }),
      from: formatTime(series.from),
      to: formatTime(series.to),
      ...(every === null ? {} : { every }),
      ...(query.tz === undefined ? {} : { tz: query.tz }),
      ...(query.layout === 'columns'
        ? { columns: columnsOf(table, page) }
        : { items: page.map((row) => table.item(row)) }),
      next,
    };
    const link = next === null ? {} : { link: nextLink(url, next) };
    return cacheable(series, query.to, request.ifNoneMatch, JSON.stringify(body), {
      ...headers,
      ...link,
      'content-type': 'application/json',
    });
  }
  const encoder = encoderOf(type, table);
  if (query.limit === undefined)
    return await streamResponse(encoded(rows, encoder), { ...headers, 'content-type': encoder.contentType });
  const { page, next } = await pageOf(answer, query.limit, series);
  const link = next === null ? {} : { link: nextLink(url, next) };
  return await streamResponse(encoded(once(page), encoder), {
    ...headers,
    ...link,
    'content-type': encoder.contentType,
  });
};

/** Values of the series of one device by place, for joining. */
const placed = async function* (
  series: Series,
  places: ReadonlyMap<string, number>,
  rows: AsyncIterable<readonly { device: number; time: number; channel: string; value: Placeable }[]>,
) {
  for await (const batch of rows) {
    yield batch.flatMap(({ device, time, channel, value }) => {
      const place = places.get(`${series.instruments[device]?.id}/${channel}`);
      return place === undefined || time <= (series.after?.time ?? Number.NEGATIVE_INFINITY)
        ? []
        : [{ time, series: place, value }];
    });
  }
};
type Placeable = number | string | boolean | null;

/**
 * Answers a request for series that the caller may see: JSON in pages, other formats whole as a stream or, where a
 * limit is given, in pages.
 * @throws {ProblemError} `invalid-request`, `invalid-cursor`, `not-acceptable`
 */
export const seriesResponse = async (
  measurements: Measurements,
  instruments: readonly Instrument[],
  request: Request & { readonly now: Date; readonly several: boolean },
): Promise<Response> => {
  const now = request.now.getTime() * 1000;
  const series = resolveSeries(instruments, request.query, { several: request.several, now });
  const { buckets } = series;
  const sources = sourcesOf(measurements, {
    channels: series.channels,
    kept: keptFor(buckets?.aggregates ?? [], true),
  });
  const source = (device: number) => sources(instruments[device]?.id ?? '');
  const ofAll = <R>(read: (device: number) => AsyncGenerator<R[]>): AsyncGenerator<R[]> =>
    inOrder(
      instruments
        .slice(series.after?.device ?? 0)
        .map((_, at) => () => read(at + (series.after?.device ?? 0))),
      AT_ONCE,
    );
  if (series.aligned) {
    const names = alignedSeries(series);
    const places = new Map(names.map(({ name }, at) => [name, at]));
    const started = { ...series, after: undefined, from: series.after?.time ?? series.from };
    const devices = instruments.map((_, device) =>
      buckets === undefined
        ? placed(series, places, readPoints(source(device), started, device))
        : placed(series, places, valuesOf(readBuckets(source(device), series, buckets, device))),
    );
    return await respond(series, { table: alignedTable(names), rows: align(devices, names.length) }, request);
  }
  if (series.points !== undefined)
    return await respond(
      series,
      { table: pointTable(series), rows: ofAll((device) => readShape(source(device), series, device)) },
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

/** Buckets with their one aggregate as the value. */
async function* valuesOf(batches: ReturnType<typeof readBuckets>) {
  for await (const batch of batches) yield batch.map((row) => ({ ...row, value: row.values[0] ?? null }));
}
