/** Series: how points and buckets are asked for and given back. */
import * as z from 'zod';
import { channelName } from './instrument-types.ts';
import { LIMITS } from './limits.ts';
import { durationInput, timeInput } from './time.ts';

export const AGGREGATES = ['count', 'min', 'max', 'mean', 'first', 'last', 'sum', 'stddev'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

const list = <T extends z.ZodType<unknown, string>>(item: T, max: number) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(item).min(1).max(max));

/** Query of `GET /v1/devices/{id}/series`. Ranges are half-open: `[from, to)`. */
export const seriesQuery = z
  .object({
    channels: list(channelName, LIMITS.channels).optional().meta({
      type: 'string',
      description: 'Comma-separated channel names; all when absent',
      example: 'temp,humidity',
    }),
    from: timeInput.meta({ description: 'First time, included' }),
    to: timeInput.optional().meta({ description: 'End, excluded; now when absent' }),
    every: durationInput.optional().meta({
      description:
        'Width of a bucket, aligned to the epoch in UTC: months and years by the calendar, anything else by the clock. Buckets without points are left out',
    }),
    agg: list(z.enum(AGGREGATES), AGGREGATES.length).optional().meta({
      type: 'string',
      description: 'Comma-separated aggregates; all when absent',
      example: 'mean,max',
    }),
    limit: z.coerce.number().int().min(1).max(50_000).optional(),
    cursor: z.string().max(1024).optional(),
  })
  .strict()
  .refine((query) => query.agg === undefined || query.every !== undefined, {
    message: 'agg needs every',
    path: ['agg'],
  })
  .refine((query) => query.to === undefined || query.from <= query.to, {
    message: 'from must not lie after to',
    path: ['from'],
  });
export type SeriesQuery = z.infer<typeof seriesQuery>;

const value = z.union([z.number(), z.boolean(), z.string()]);
const qualityText = z.string().meta({ description: 'status, or status/reason', example: 'uncertain/jump' });

/** A point as it goes out: the words of the native payload. */
export const point = z
  .object({ n: z.string(), t: z.string(), v: value, u: z.string(), q: qualityText })
  .meta({ id: 'Point' });
export type Point = z.infer<typeof point>;

/** A bucket `[t, t + every)` of one channel; aggregates that were not asked for are absent. */
export const bucket = z
  .object({
    n: z.string(),
    t: z.string().meta({ description: 'Start of the bucket' }),
    u: z.string(),
    count: z.int().optional(),
    min: z.number().nullable().optional(),
    max: z.number().nullable().optional(),
    mean: z.number().nullable().optional(),
    first: value.nullable().optional(),
    last: value.nullable().optional(),
    sum: z.number().nullable().optional(),
    stddev: z.number().nullable().optional(),
    quality: z.object({ good: z.int(), uncertain: z.int(), bad: z.int() }),
    partial: z.boolean().meta({ description: 'The bucket is cut by `from` or `to`, or is not over yet' }),
  })
  .meta({ id: 'Bucket' });
export type Bucket = z.infer<typeof bucket>;

const resolved = {
  device: z.string(),
  from: z.string(),
  to: z.string(),
  next: z.string().nullable(),
};
export const pointsPage = z.object({ ...resolved, items: z.array(point) }).meta({ id: 'PointsPage' });
export const bucketsPage = z
  .object({ ...resolved, every: z.string(), items: z.array(bucket) })
  .meta({ id: 'BucketsPage' });
export const seriesPage = z.union([pointsPage, bucketsPage]);

/** The newest point of each channel by the time it was measured. */
export const latestValues = z
  .object({
    device: z.string(),
    items: z.array(
      point.extend({ arrived: z.string().meta({ description: 'When the platform received it' }) }),
    ),
    next: z.null(),
  })
  .meta({ id: 'LatestValues' });

/** Rows of the CSV form, RFC 4180. */
export const POINT_COLUMNS = ['time', 'channel', 'value', 'unit', 'quality'] as const;
