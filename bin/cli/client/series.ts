/** Reads series: all pages of a range, or only its last points. */
import type { Bucket } from '../../../contracts/resources/series.ts';
import { formatTime, type Micros, parseTime } from '../../../contracts/time.ts';
import type { Api, Call } from './api.ts';

/** A page of a series, with the resolved range. */
export interface SeriesPage<T> {
  readonly from: string;
  readonly to: string;
  /** Greatest relative error of quantiles; absent where they are exact. */
  readonly error?: number;
  readonly items: readonly T[];
  /** Where to go on; null at the end. */
  readonly next: string | null;
}

/** A request for series. */
export interface SeriesRequest {
  readonly path: string;
  readonly query: NonNullable<Call['query']>;
}

/** Items of a page, at most. */
const PAGE = 20_000;

/**
 * Reads pages until the range ends, or until there are enough items.
 * @param limit items of all pages together
 * @param cursor `next` of a page that was read before
 */
export async function* seriesPages<T>(
  api: Api,
  { path, query }: SeriesRequest,
  { limit = Number.POSITIVE_INFINITY, cursor }: { readonly limit?: number; readonly cursor?: string } = {},
): AsyncGenerator<SeriesPage<T>> {
  let left = limit;
  let next: string | undefined = cursor;
  do {
    const page: SeriesPage<T> = await api.json(path, {
      query: { ...query, limit: Math.min(PAGE, left), cursor: next },
    });
    yield page;
    left -= page.items.length;
    next = page.next ?? undefined;
  } while (next !== undefined && left > 0);
}

/** All items of a request that is known to be small. */
export const seriesItems = async <T>(api: Api, request: SeriesRequest): Promise<T[]> =>
  (await Array.fromAsync(seriesPages<T>(api, request))).flatMap(({ items }) => items);

/** Buckets of an overview: about a character each in a line of text. */
const BUCKETS = 60;
/** So many points are read, and not counted in finer buckets. */
const FEW = 2000;
/** The finest buckets: of a millisecond. */
const FINEST = 1000;

/** A range in buckets, with the points in each and their least, greatest and mean value. */
export interface Overview {
  readonly from: Micros;
  readonly to: Micros;
  readonly width: Micros;
  readonly buckets: readonly Bucket[];
}

/**
 * Counts the points of a range, of all qualities unless the request names some.
 * @param to end of the range; now, by the clock of the API, when absent
 */
export const overviewOf = async (
  api: Api,
  { path, query }: SeriesRequest,
  from: Micros,
  to?: Micros,
): Promise<Overview> => {
  const width = Math.max(FINEST, Math.ceil(((to ?? Date.now() * 1000) - from) / BUCKETS));
  const asked = {
    ...query,
    from: formatTime(from),
    to: to === undefined ? undefined : formatTime(to),
    every: `PT${(width / 1e6).toFixed(6)}S`,
    agg: 'count,min,max,mean',
    quality: query['quality'] ?? 'good,uncertain,bad',
    align: undefined,
  };
  const pages = await Array.fromAsync(seriesPages<Bucket>(api, { path, query: asked }));
  return {
    from,
    to: parseTime(pages[0]?.to ?? '') ?? from,
    width,
    buckets: pages.flatMap(({ items }) => items),
  };
};

/** Points in a bucket. */
export const pointsOf = ({ count = 0 }: Bucket): number => count;

/** Points by the start of their bucket, the latest first. */
const countsOf = (buckets: readonly Bucket[]): (readonly [start: Micros, points: number])[] => {
  const counts = new Map<Micros, number>();
  for (const bucket of buckets) {
    const start = parseTime(bucket.t) ?? Number.NaN;
    counts.set(start, (counts.get(start) ?? 0) + pointsOf(bucket));
  }
  return [...counts].sort(([a], [b]) => b - a);
};

/** What is counted. */
interface Counted {
  readonly request: SeriesRequest;
  readonly counts: (bucket: Bucket) => boolean;
}

/**
 * Finds a time after which there are `count` points, or a little more. It counts points in buckets, and divides a
 * bucket further when it has many.
 */
const startOfLast = async (
  api: Api,
  counted: Counted,
  { from, to, width, buckets }: Overview,
  count: number,
): Promise<Micros> => {
  let found = 0;
  for (const [start, points] of countsOf(buckets.filter(counted.counts))) {
    if (found + points < count) {
      found += points;
      continue;
    }
    const begin = Math.max(from, start);
    if (points <= FEW || width <= FINEST) return begin;
    const finer = await overviewOf(api, counted.request, begin, Math.min(to, start + width));
    return await startOfLast(api, counted, finer, count - found);
  }
  return from;
};

/**
 * The last points of a request, or its last aligned rows, without reading all of its range.
 * @param overview of the range
 * @param counts selects the buckets that are counted, when the overview has more series than the request
 */
export const lastItems = async <T>(
  api: Api,
  request: SeriesRequest,
  overview: Overview,
  count: number,
  counts: (bucket: Bucket) => boolean = () => true,
): Promise<T[]> => {
  const from = await startOfLast(api, { request, counts }, overview, count);
  const query = { ...request.query, from: formatTime(from), to: formatTime(overview.to) };
  return (await seriesItems<T>(api, { ...request, query })).slice(-count);
};
