/** Rows of a series as an answer in the format that is asked for: a page, or all of them as a stream. */
import { LIMITS } from '../../../contracts/limits.ts';
import type { ManySeriesQuery, SeriesQuery } from '../../../contracts/resources/series.ts';
import { formatTime } from '../../../contracts/time.ts';
import { encoded } from '../../../series/formats/encoder.ts';
import { encoderOf, SERIES_TYPES } from '../../../series/formats/encoders.ts';
import { jsonPage } from '../../../series/formats/json.ts';
import type { Batch } from '../../../series/formats/table.ts';
import { SKETCH_ERROR } from '../../../series/summaries/sketch.ts';
import { negotiate } from '../../runtime/http/accept.ts';
import { writeCursor } from '../../runtime/http/cursor.ts';
import { nextLink } from '../../runtime/http/page.ts';
import { rowsOfPage } from './bounds.ts';
import type { Accuracy } from './buckets.ts';
import { keepable } from './caching.ts';
import { positionOf, type Series } from './series-query.ts';
import type { PagedTable } from './table.ts';
import { type Fact, tagOfFacts } from './tag.ts';

/** Rows in batches, and the table that they are of. */
export interface Answer<B extends Batch> {
  readonly table: PagedTable<B>;
  readonly rows: AsyncIterable<B>;
  /** Of buckets: known when they are read. */
  readonly accuracy?: Accuracy;
}

export interface SeriesRequest {
  readonly query: SeriesQuery | ManySeriesQuery;
  readonly url: URL;
  readonly accept: string;
  readonly ifNoneMatch: string | undefined;
}

interface Page<B> {
  readonly batches: readonly B[];
  /** The cursor to go on with, `null` at the end. */
  readonly next: string | null;
}

/** Takes a page of at most so many rows. It reads one row more, to know whether there is a next page at all. */
const pageOf = async <B extends Batch>(
  { rows, table }: Answer<B>,
  limit: number,
  series: Series,
): Promise<Page<B>> => {
  const batches: B[] = [];
  let room = limit;
  for await (const batch of rows) {
    if (batch.length <= room) {
      batches.push(batch);
      room -= batch.length;
      continue;
    }
    if (room > 0) batches.push(table.part(batch, 0, room));
    // Batches may be empty: the last row is in the last one that is not.
    const last = batches.findLast(({ length }) => length > 0);
    if (last === undefined) continue;
    const position = table.position(last, last.length - 1);
    return { batches, next: writeCursor(series.identity, positionOf(series, position)) };
  }
  return { batches, next: null };
};

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

/** Members before the rows of a page in JSON: the request, with its times resolved. */
const resolved = (series: Series, { query, url }: SeriesRequest, accuracy: Accuracy | undefined) => {
  const every = url.searchParams.get('every');
  return {
    ...(series.several
      ? { devices: series.instruments.map(({ id }) => id) }
      : { device: series.instruments[0]?.id }),
    from: formatTime(series.from),
    to: formatTime(series.to),
    ...(every === null ? {} : { every }),
    ...(query.tz === undefined ? {} : { tz: query.tz }),
    ...(accuracy?.approximate === true ? { error: SKETCH_ERROR } : {}),
  };
};

/** All that the text of a page depends on: its head, its columns and its rows. */
function* factsOf<B extends Batch>(
  head: readonly unknown[],
  { columns, facts }: PagedTable<B>,
  batches: readonly B[],
): Generator<Fact> {
  yield JSON.stringify([...head, columns.map(({ name, short, types = [] }) => [name, short, ...types])]);
  for (const batch of batches) yield* facts?.(batch) ?? [];
}

/** Rows of a page at most; `undefined` where the answer comes whole. */
export const limitOf = ({ query, accept }: SeriesRequest): number | undefined =>
  query.limit ?? (negotiate(accept, SERIES_TYPES) === 'application/json' ? LIMITS.seriesDefault : undefined);

/**
 * Writes an answer: JSON in pages; other formats whole as a stream or, where a limit is given, in pages.
 * @throws {ProblemError} `not-acceptable`
 */
export const respond = async <B extends Batch>(
  series: Series,
  answer: Answer<B>,
  request: SeriesRequest,
): Promise<Response> => {
  const { query, url, ifNoneMatch } = request;
  const type = negotiate(request.accept, SERIES_TYPES);
  const { table, rows } = answer;
  const usual = limitOf(request);
  const limit = usual === undefined ? undefined : rowsOfPage(series, query.limit, usual);
  const page = limit === undefined ? undefined : await pageOf(answer, limit, series);
  const next = page?.next ?? null;
  // A browser must not show to one person what it has cached for another on the same computer.
  const vary = 'accept, authorization';
  const headers = { vary, ...(next === null ? {} : { link: nextLink(url, next) }) };
  const { layout = 'rows', csv = 'plain' } = query;
  const before = resolved(series, request, answer.accuracy);
  const tag =
    page === undefined || table.facts === undefined
      ? undefined
      : () => tagOfFacts(factsOf([type, layout, csv, before, next], table, page.batches));
  const keeping = { now: series.now, to: query.to, ifNoneMatch, isPage: page !== undefined, tag };
  if (type === 'application/json') {
    const pieces = jsonPage({ before, table, page: page?.batches ?? [], layout, next });
    return await keepable(each(pieces), { ...headers, 'content-type': type }, keeping);
  }
  const encoder = encoderOf(type, table, csv);
  const pieces = encoded(page === undefined ? rows : each(page.batches), encoder);
  return await keepable(pieces, { ...headers, 'content-type': encoder.contentType }, keeping);
};
