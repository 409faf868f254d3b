/** Answers of the series route. */
import { LIMITS } from '../../contracts/limits.ts';
import type { Bucket, Point, SeriesQuery } from '../../contracts/series.ts';
import { formatTime } from '../../contracts/time.ts';
import { negotiate } from '../runtime/http/accept.ts';
import { jsonResponse } from '../runtime/http/api.ts';
import { writeCursor } from '../runtime/http/cursor.ts';
import { nextLink } from '../runtime/http/page.ts';
import { streamResponse } from '../runtime/http/stream.ts';
import type { Measurements } from '../store/measurements.ts';
import { linesOf, SERIES_TYPES, textOf } from './formats.ts';
import { type Placed, readBuckets, readPoints } from './read-series.ts';
import { positionOf, resolveSeries, type Series } from './series-query.ts';

type Rows = AsyncGenerator<Placed<Point | Bucket>>;

/** At most so many rows, and the cursor to go on with, `null` at the end. */
const pageOf = async (
  rows: Rows,
  limit: number,
  series: Series,
): Promise<{ readonly items: (Point | Bucket)[]; readonly next: string | null }> => {
  const items: (Point | Bucket)[] = [];
  let last: Placed<Point | Bucket> | undefined;
  for await (const row of rows) {
    // One row more is looked for: it tells whether there is a next page at all.
    if (items.length === limit && last !== undefined)
      return { items, next: writeCursor(series.identity, positionOf(series, last.position)) };
    items.push(row.item);
    last = row;
  }
  return { items, next: null };
};

async function* itemsOf(rows: Rows): AsyncGenerator<Point | Bucket> {
  for await (const { item } of rows) yield item;
}
async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/**
 * Answers a request for a series that the caller may see: JSON in pages, lines whole as a stream or, where a limit
 * is given, in pages.
 * @throws {ProblemError} `invalid-request`, `invalid-cursor`, `not-acceptable`
 */
export const seriesResponse = async (
  measurements: Measurements,
  request: {
    readonly device: string;
    readonly query: SeriesQuery;
    readonly url: URL;
    readonly accept: string;
    readonly now: Date;
  },
): Promise<Response> => {
  const { query, url } = request;
  const type = negotiate(request.accept, SERIES_TYPES);
  const now = request.now.getTime() * 1000;
  const series = resolveSeries(request.device, query, now);
  const rows: Rows =
    series.width === undefined ? readPoints(measurements, series) : readBuckets(measurements, series, now);
  const vary = { vary: 'accept' };
  if (type === 'application/json') {
    const { items, next } = await pageOf(rows, query.limit ?? LIMITS.seriesDefault, series);
    const every = url.searchParams.get('every');
    const body = {
      device: series.device,
      from: formatTime(series.from),
      to: formatTime(series.to),
      ...(every === null ? {} : { every }),
      items,
      next,
    };
    return jsonResponse(body, 200, next === null ? vary : { ...vary, link: nextLink(url, next) });
  }
  const lines = linesOf(type, series.width !== undefined, series.aggregates);
  const headers = { ...vary, 'content-type': lines.contentType };
  if (query.limit === undefined) return await streamResponse(textOf(itemsOf(rows), lines), headers);
  const { items, next } = await pageOf(rows, query.limit, series);
  return await streamResponse(
    textOf(each(items), lines),
    next === null ? headers : { ...headers, link: nextLink(url, next) },
  );
};
