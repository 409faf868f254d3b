/** How long things are kept, by site. */
import * as z from 'zod';
import { MICROS_PER_DAY, type Micros } from '../../../contracts/time.ts';
import { startOfDay } from '../../store/measurements/index.ts';

const period = z.object({
  /** Days for which points stay in the table after their day has ended and been archived. */
  hotDays: z.int().positive(),
  /** Years for which summaries of minutes and hours are kept. */
  rollupYears: z.int().positive(),
  /** Days for which files of the archive are kept; `null`: for ever. */
  archiveDays: z.int().positive().nullable(),
});

const schema = z.object({ default: period, sites: z.record(z.string(), period) });

export type Period = z.infer<typeof period>;

/** Periods of sites. */
export type Retention = z.infer<typeof schema>;

/** @throws {z.ZodError} for what is no retention */
export const parseRetention = (text: string): Retention => schema.parse(JSON.parse(text));

/** The periods of a site; the default ones where it has none of its own. */
export const periodOf = ({ sites, default: usual }: Retention, site: string | undefined): Period =>
  (site === undefined ? undefined : sites[site]) ?? usual;

/** When a block may go that is written now: when the hot days after its day are over, and not sooner after now. */
export const blocksUntil = (hour: Micros, now: Micros, { hotDays }: Period): Micros =>
  Math.max(startOfDay(hour) + MICROS_PER_DAY, now) + hotDays * MICROS_PER_DAY;

/** When summaries of a time may go. */
export const rollupsUntil = (time: Micros, { rollupYears }: Period): Micros =>
  time + Math.ceil(rollupYears * 365.25) * MICROS_PER_DAY;
