/** Series: how points and buckets are asked for and given back. */
import * as z from 'zod';
import { commaList, inner } from '../comma-list.ts';
import { csvStyle } from '../csv.ts';
import { LIMITS } from '../limits.ts';
import { SLUG, slug } from '../messages/topics.ts';
import { STATUSES } from '../quality.ts';
import { durationInput, timeInput, timeZone } from '../time.ts';
import { CHANNEL_NAME, channelName } from './channel-name.ts';

/** Aggregates with a name of their own; next to them any quantile, `p50`, `p99.9`. */
export const AGGREGATES = [
  'count',
  'min',
  'max',
  'mean',
  'twmean',
  'first',
  'last',
  'sum',
  'stddev',
  'range',
  'delta',
  'rate',
] as const;
export type Aggregate = (typeof AGGREGATES)[number] | `p${number}`;

const QUANTILE = /^p(\d{1,2}(?:\.\d{1,4})?|100)$/;

/** The share of a quantile's name, from 0 to 1; `undefined` for any other text. */
export const quantileOf = (name: string): number | undefined => {
  const percent = QUANTILE.exec(name)?.[1];
  return percent === undefined ? undefined : Number(percent) / 100;
};

/** What is given when no aggregate is named. */
export const USUAL_AGGREGATES = [
  'count',
  'min',
  'max',
  'mean',
  'first',
  'last',
  'sum',
  'stddev',
] as const satisfies readonly Aggregate[];

const isAggregate = (text: string): text is Aggregate =>
  (AGGREGATES as readonly string[]).includes(text) || quantileOf(text) !== undefined;

const aggregate = z.custom<Aggregate>(
  (text) => typeof text === 'string' && isAggregate(text),
  `use ${AGGREGATES.join(', ')} or a quantile such as p95 or p99.9`,
);

/** What stands for a bucket without points. */
export const FILLS = ['none', 'null', 'previous', 'linear'] as const;
export type Fill = (typeof FILLS)[number];

const CONVERSION = /^([^:]+):(.+)$/;

/** `channel:UNIT` */
const conversion = z.string().transform((text, context) => {
  const [, channel = '', unit = ''] = CONVERSION.exec(text) ?? [];
  if (!channelName.safeParse(channel).success || unit.length > 32) {
    context.addIssue({ code: 'custom', message: 'use channel:UNIT, the unit as a UCUM code' });
    return z.NEVER;
  }
  return { channel, unit };
});

const range = {
  from: timeInput.meta({ description: 'First time, included' }),
  to: timeInput.optional().meta({ description: 'End, excluded; now when absent' }),
};

const shape = {
  channels: commaList(channelName, LIMITS.channels, inner(CHANNEL_NAME)).optional().meta({
    description: 'Comma-separated channel names; all when absent',
    example: 'temp,humidity',
  }),
  ...range,
  every: durationInput.optional().meta({
    description:
      'Width of a bucket: months and years by the calendar, whole days by the days of `tz` (weeks from Monday), anything else by the clock from the epoch in UTC; 300 years at most',
  }),
  tz: timeZone.optional().meta({
    description:
      'IANA time zone whose calendar buckets of days, weeks, months and years follow; UTC when absent',
    example: 'Europe/Berlin',
  }),
  agg: commaList(aggregate, 40, `${AGGREGATES.join('|')}|${inner(QUANTILE)}`)
    .optional()
    .meta({
      description: `Comma-separated aggregates: ${AGGREGATES.join(', ')}, or any quantile such as p95 or p99.9; when absent ${USUAL_AGGREGATES.join(', ')}. Over good and uncertain points unless \`quality\` says otherwise. \`twmean\` is weighted by time from the first to the last point of the bucket; \`rate\` is per second. Quantiles are exact (type 7, linear between neighbours) of buckets below an hour, and of others while some 500 000 points have to be read for them and are still there; else they are within 1 %, rounded to three digits, and \`error\` of the page says so`,
      example: 'mean,max,p95',
    }),
  fill: z.enum(FILLS).optional().meta({
    description:
      'Buckets without points: left out (none, the default), with nulls (null), with the values of the bucket before (previous), or on a straight line between their neighbours (linear, over 1 000 buckets at most, numbers only)',
  }),
  quality: commaList(z.enum(STATUSES), STATUSES.length, STATUSES.join('|')).optional().meta({
    description:
      'Comma-separated qualities: points of these only, aggregates over these only. All points and aggregates over good and uncertain ones when absent',
    example: 'good,uncertain',
  }),
  points: z.coerce.number().int().min(4).max(20_000).optional().meta({
    description:
      'About so many points a channel that keep the shape of the whole: extremes first, then largest triangles (LTTB). Good and uncertain points unless `quality` says otherwise',
  }),
  unit: commaList(conversion, LIMITS.channels, `${inner(CHANNEL_NAME)}:[^,]{1,32}`)
    .refine(
      (units) => new Set(units.map(({ channel }) => channel)).size === units.length,
      'give one unit for each channel',
    )
    .optional()
    .meta({
      description: 'Comma-separated `channel:UNIT`: values in another unit of the same dimension (UCUM)',
      example: 'temp:K,flow:mL/min',
    }),
  layout: z.enum(['rows', 'columns']).optional().meta({
    description: 'JSON as a list of objects (rows, the default) or as an object of lists (columns)',
  }),
  csv: csvStyle,
  limit: z.coerce.number().int().min(1).max(50_000).optional(),
  cursor: z.string().max(1024).optional(),
};

interface Checked {
  readonly from: number;
  readonly to?: number | undefined;
  readonly every?: unknown;
  readonly points?: number | undefined;
  readonly [name: string]: unknown;
}

/** What goes with what; each fault is told where it is. */
const together = (query: Checked, context: z.RefinementCtx): void => {
  const fault = (name: string, message: string): void =>
    context.addIssue({ code: 'custom', message, path: [name], input: query[name] });
  for (const name of ['agg', 'fill', 'tz'])
    if (query[name] !== undefined && query.every === undefined) fault(name, `${name} needs every`);
  if (query.points !== undefined && query.every !== undefined)
    fault('points', 'points and every exclude each other');
  if (query.to !== undefined && query.from > query.to) fault('from', 'from must not lie after to');
};

/** Query of `GET /v1/devices/{id}/series`. Ranges are half-open: `[from, to)`. */
export const seriesQuery = z.object(shape).strict().superRefine(together);
export type SeriesQuery = z.infer<typeof seriesQuery>;

/** Devices of one call, at most. */
const MAX_DEVICES = 100;
const devices = commaList(slug, MAX_DEVICES, inner(SLUG)).meta({
  description: `Comma-separated devices, at most ${MAX_DEVICES}; those that you may not see are not found`,
  example: 'incubator-1,incubator-2',
});

/** Query of `GET /v1/series`: several devices in one call. */
export const manySeriesQuery = z
  .object({
    devices,
    ...shape,
    align: z.enum(['true', 'false']).optional().meta({
      description:
        'true: one row for each time, with the value of each device and channel beside each other; `every` with one aggregate, or points as they are',
    }),
  })
  .strict()
  .superRefine(together)
  .refine(({ align, every, agg }) => align !== 'true' || every === undefined || agg?.length === 1, {
    message: 'buckets are aligned by exactly one aggregate',
    path: ['agg'],
  })
  .refine(({ align, points }) => align !== 'true' || points === undefined, {
    message: 'points and align exclude each other',
    path: ['points'],
  });
export type ManySeriesQuery = z.infer<typeof manySeriesQuery>;

/** Query of `GET /v1/snapshot`: what many devices showed at one instant, by their names or by their site. */
export const snapshotQuery = z
  .object({
    devices: devices.optional(),
    site: slug.optional().meta({
      description:
        'All devices of a site in pages by identifier, instead of `devices`; none where you may not see it',
    }),
    channels: shape.channels,
    at: timeInput.optional().meta({ description: 'The instant; now when absent' }),
    within: durationInput.optional().meta({
      description: 'How old a value may be; 24 hours when absent, 31 days at most',
      example: 'PT1H',
    }),
    unit: shape.unit,
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(MAX_DEVICES)
      .optional()
      .meta({ description: `Devices of a site on a page; ${LIMITS.pageDefault} when absent` }),
    cursor: shape.cursor,
  })
  .strict()
  .superRefine((query, context) => {
    const fault = (name: 'devices' | 'limit' | 'cursor', message: string): void =>
      context.addIssue({ code: 'custom', message, path: [name], input: query[name] });
    if ((query.devices === undefined) === (query.site === undefined))
      fault('devices', 'name devices, or a site');
    for (const name of ['limit', 'cursor'] as const)
      if (query[name] !== undefined && query.site === undefined) fault(name, `${name} needs site`);
  });
export type SnapshotQuery = z.infer<typeof snapshotQuery>;

const value = z.union([z.number(), z.boolean(), z.string()]);
const qualityText = z.string().meta({ description: 'status, or status/reason', example: 'uncertain/jump' });
const deviceField = z.string().optional().meta({ description: 'The device, in calls for several' });

/** A point as it goes out: the words of the native payload. */
export const point = z
  .object({
    device: deviceField,
    n: z.string(),
    t: z.string(),
    v: value,
    u: z.string(),
    q: qualityText.optional().meta({ description: 'Absent for points chosen by `points`' }),
  })
  .meta({ id: 'Point' });
export type Point = z.infer<typeof point>;

const number = z.number().nullable().optional();

/** A bucket of one channel; aggregates that were not asked for are absent. */
export const bucket = z
  .object({
    device: deviceField,
    n: z.string(),
    t: z.string().meta({ description: 'Start of the bucket' }),
    u: z.string(),
    count: z.int().optional(),
    min: number,
    max: number,
    mean: number,
    twmean: number,
    first: value.nullable().optional(),
    last: value.nullable().optional(),
    sum: number,
    stddev: number,
    range: number,
    delta: number,
    rate: number,
    quality: z.object({ good: z.int(), uncertain: z.int(), bad: z.int() }),
    partial: z.boolean().meta({ description: 'The bucket is cut by `from` or `to`, or is not over yet' }),
    filled: z.literal(true).optional().meta({ description: 'No point lies in the bucket: it was filled' }),
  })
  .loose()
  .meta({ id: 'Bucket', description: 'Quantiles stand under their own names, such as p95' });
export type Bucket = z.infer<typeof bucket>;

/** A time with the values of several series; `{device}/{channel}` names each. */
export const alignedRow = z
  .object({
    t: z.string(),
    values: z.record(z.string(), value.nullable()),
    quality: z
      .record(z.string(), qualityText.nullable())
      .optional()
      .meta({ description: 'Of points: the quality of each value; null where there is none' }),
  })
  .meta({ id: 'AlignedRow' });
export type AlignedRow = z.infer<typeof alignedRow>;

const columns = z
  .record(z.string(), z.array(z.union([value, z.null()])))
  .meta({ description: 'The members of the rows, each as a list; `good`, `uncertain`, `bad` for `quality`' });

const resolved = {
  device: z.string().optional(),
  devices: z.array(z.string()).optional(),
  from: z.string(),
  to: z.string(),
  every: z.string().optional(),
  tz: z.string().optional(),
  error: z.number().optional().meta({
    description:
      'Greatest relative error of the quantiles of this page, in the unit of the channel; absent where all are exact',
  }),
  next: z.string().nullable(),
};

/** The page of a series: `items`, or `columns` with `layout=columns`. */
export const seriesPage = z
  .object({
    ...resolved,
    items: z.union([z.array(point), z.array(bucket), z.array(alignedRow)]).optional(),
    columns: columns.optional(),
  })
  .meta({ id: 'SeriesPage' });

/** The newest point of each channel by the time it was measured. */
export const latestValues = z
  .object({
    device: z.string(),
    items: z.array(
      point
        .extend({ arrived: z.string().meta({ description: 'When the platform received it' }) })
        .meta({ id: 'LatestPoint' }),
    ),
    next: z.null(),
  })
  .meta({ id: 'LatestValues' });

/** What devices showed at an instant: of each channel the newest point by measured time that is not later. */
export const snapshot = z
  .object({
    at: z.string().meta({ description: 'The instant; one for all pages' }),
    items: z.array(point.extend({ device: z.string() }).meta({ id: 'SnapshotPoint' })),
    next: z.string().nullable(),
  })
  .meta({ id: 'Snapshot' });
