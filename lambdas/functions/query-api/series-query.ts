/** A series request, resolved: times, units and cursor are checked and no longer depend on the clock. */
import * as z from 'zod';
import { STATUSES, type Status } from '../../../contracts/quality.ts';
import { channelName } from '../../../contracts/resources/channel-name.ts';
import {
  type Aggregate,
  type Fill,
  type SeriesQuery,
  USUAL_AGGREGATES,
} from '../../../contracts/resources/series.ts';
import { MICROS_PER_DAY, type Micros } from '../../../contracts/time.ts';
import { type Grid, gridOf, isBucketWidth } from '../../../series/buckets/width.ts';
import { daysOf } from '../../../series/buckets/zone.ts';
import type { Conversion } from '../../../series/units/conversion.ts';
import { readCursor } from '../../runtime/http/cursor.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { conversionsOf } from './conversions.ts';
import type { Instrument } from './instruments.ts';

/** The last row that a page gave: a point, or a bucket by its start. */
export interface Position {
  /** Place of the device among those that were asked for. */
  readonly device: number;
  readonly time: Micros;
  readonly channel: string;
}

/** Buckets that are asked for. */
export interface BucketQuery {
  readonly grid: Grid;
  readonly aggregates: readonly Aggregate[];
  readonly fill: Fill;
  /** Qualities that enter the aggregates. */
  readonly qualities: readonly Status[];
}

/** A resolved request. */
export interface Series {
  readonly instruments: readonly Instrument[];
  /** Whether rows name their device. */
  readonly several: boolean;
  readonly aligned: boolean;
  readonly from: Micros;
  readonly to: Micros;
  readonly now: Micros;
  readonly channels: ReadonlySet<string> | undefined;
  /** Absent: points. */
  readonly buckets: BucketQuery | undefined;
  /** So many points of each channel, chosen for the shape of the whole. */
  readonly points: number | undefined;
  /** Qualities of points that are given; `undefined` is all. */
  readonly only: ReadonlySet<Status> | undefined;
  /** By channel. */
  readonly conversions: ReadonlyMap<string, Conversion>;
  /** Rows after this one only. */
  readonly after: Position | undefined;
  /** What a cursor is bound to. */
  readonly identity: unknown;
}

/** Buckets that a query may fill at most. */
const MOST_FILLED = 20_000_000;
/** Width of the widest bucket. */
const MOST_YEARS = 300;
const USABLE: readonly Status[] = ['good', 'uncertain'];

/** Rows of several series side by side have no channel. */
const position = z.tuple([z.int().min(0), z.int(), z.union([channelName, z.literal('')]), z.int()]);

/** What a cursor says: the last row, and the end of the range where the request left it open. */
export const positionOf = (series: Series, { device, time, channel }: Position): z.infer<typeof position> => [
  device,
  time,
  channel,
  series.to,
];

const invalid = (pointer: string, detail: string): ProblemError =>
  new ProblemError('invalid-request', { errors: [{ pointer, detail }] });

const bucketsOf = (query: SeriesQuery): BucketQuery | undefined => {
  const { every, tz } = query;
  if (every === undefined) return undefined;
  if (!isBucketWidth(every)) throw invalid('?every', 'months and years do not mix with days and time');
  const { months, days, micros } = every;
  if (months > MOST_YEARS * 12 || days + micros / MICROS_PER_DAY > MOST_YEARS * 366)
    throw invalid('?every', `buckets are at most ${MOST_YEARS} years wide`);
  if (tz !== undefined && every.months === 0 && every.micros > 0)
    throw invalid(
      '?tz',
      'buckets follow the calendar of a zone when they are whole days, weeks, months or years',
    );
  return {
    grid: tz === undefined ? gridOf(every) : gridOf(every, daysOf(tz)),
    aggregates: [...new Set(query.agg ?? USUAL_AGGREGATES)],
    fill: query.fill ?? 'none',
    qualities: query.quality ?? USABLE,
  };
};

/** What is known of a query before its devices are read. */
export interface ParsedQuery {
  /** In their order. */
  readonly channels: readonly string[] | undefined;
  readonly buckets: BucketQuery | undefined;
}

/** Reads of a query what needs no device. @throws {ProblemError} `invalid-request` */
export const parseQuery = (query: SeriesQuery): ParsedQuery => ({
  channels: query.channels === undefined ? undefined : [...new Set(query.channels)].sort(),
  buckets: bucketsOf(query),
});

/** Buckets of all channels in a range that is filled; 0 where only those with points are given. */
export const filledRows = ({ buckets, instruments, channels, ...series }: Series): number => {
  if (buckets === undefined || buckets.fill === 'none') return 0;
  const { start, end } = buckets.grid.at(series.from);
  const asked = instruments.flatMap((one) =>
    Object.keys(one.channels).filter((channel) => channels?.has(channel) ?? true),
  );
  return ((Math.min(series.to, series.now) - series.from) / (end - start)) * asked.length;
};

/** Refuses to fill too many buckets. */
const checkFill = (series: Series): void => {
  const rows = filledRows(series);
  if (rows > MOST_FILLED)
    throw invalid('?fill', `this would fill ${Math.round(rows)} buckets, more than ${MOST_FILLED}`);
};

/**
 * Resolves a request. A range without an end ends now, and keeps that end on all its pages.
 * @throws {ProblemError} `invalid-cursor`, or `invalid-request` for what does not go together
 */
export const resolveSeries = (
  instruments: readonly Instrument[],
  query: SeriesQuery & { readonly align?: 'true' | 'false' | undefined },
  options: ParsedQuery & { readonly several: boolean; readonly now: Micros },
): Series => {
  const { channels, buckets } = options;
  const aligned = query.align === 'true';
  const identity = {
    series: instruments.map(({ id }) => id),
    aligned,
    channels: channels ?? null,
    from: query.from,
    to: query.to ?? null,
    every: query.every ?? null,
    tz: query.tz ?? null,
    aggregates: buckets?.aggregates ?? null,
    fill: query.fill ?? null,
    quality: query.quality ?? null,
    points: query.points ?? null,
    unit: query.unit ?? null,
  };
  const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor, identity, position);
  const to = query.to ?? cursor?.[3] ?? options.now;
  if (query.from > to) throw invalid('?from', 'from must not lie after to, which is now when absent');
  const series: Series = {
    instruments,
    several: options.several,
    aligned,
    from: query.from,
    to,
    now: options.now,
    channels: channels === undefined ? undefined : new Set(channels),
    buckets,
    points: query.points,
    only:
      query.quality === undefined || query.quality.length === STATUSES.length
        ? undefined
        : new Set(query.quality),
    conversions: conversionsOf(instruments, query.unit),
    after: cursor === undefined ? undefined : { device: cursor[0], time: cursor[1], channel: cursor[2] },
    identity,
  };
  checkFill(series);
  return series;
};
