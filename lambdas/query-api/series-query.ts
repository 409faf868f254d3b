/** A series request, resolved: nothing in it depends on the moment any more. */
import * as z from 'zod';
import { AGGREGATES, type Aggregate, type SeriesQuery } from '../../contracts/series.ts';
import type { Duration, Micros } from '../../contracts/time.ts';
import { readCursor } from '../runtime/http/cursor.ts';
import { ProblemError } from '../runtime/http/problem.ts';
import { isBucketWidth } from '../series/buckets.ts';

/** The last row that a page gave: a point, or a bucket by its start. */
export interface Position {
  readonly time: Micros;
  readonly channel: string;
}

/** What is asked for. */
export interface Series {
  readonly device: string;
  readonly from: Micros;
  readonly to: Micros;
  readonly channels: ReadonlySet<string> | undefined;
  /** Absent: points. */
  readonly width: Duration | undefined;
  readonly aggregates: readonly Aggregate[];
  /** Rows after this one only. */
  readonly after: Position | undefined;
  /** What a cursor is bound to. */
  readonly identity: unknown;
}

const position = z.tuple([z.number(), z.string(), z.number()]);

/** What a cursor says: the last row, and the end of the range where the request left it open. */
export const positionOf = (series: Series, { time, channel }: Position): z.infer<typeof position> => [
  time,
  channel,
  series.to,
];

/**
 * Resolves a request. A range without an end ends now, and keeps that end on all its pages.
 * @throws {ProblemError} `invalid-cursor`, or `invalid-request` for a width that mixes months with days or time
 */
export const resolveSeries = (device: string, query: SeriesQuery, now: Micros): Series => {
  if (query.every !== undefined && !isBucketWidth(query.every))
    throw new ProblemError('invalid-request', {
      errors: [{ pointer: '?every', detail: 'months and years do not mix with days and time' }],
    });
  const channels = query.channels === undefined ? undefined : [...new Set(query.channels)].sort();
  const aggregates = AGGREGATES.filter((name) => query.agg?.includes(name) ?? true);
  const identity = {
    series: device,
    channels: channels ?? null,
    from: query.from,
    to: query.to ?? null,
    every: query.every ?? null,
    aggregates,
  };
  const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor, identity, position);
  const to = query.to ?? cursor?.[2] ?? now;
  if (query.from > to)
    throw new ProblemError('invalid-request', {
      errors: [{ pointer: '?from', detail: 'from must not lie after to, which is now when absent' }],
    });
  return {
    device,
    from: query.from,
    to,
    channels: channels === undefined ? undefined : new Set(channels),
    width: query.every,
    aggregates,
    after: cursor === undefined ? undefined : { time: cursor[0], channel: cursor[1] },
    identity,
  };
};
