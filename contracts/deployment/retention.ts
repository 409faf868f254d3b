/** How long things are kept, by site: what the settings of a stage tell the functions. */
import * as z from 'zod';

const period = z.object({
  /** Days for which points stay in the table after their day has ended and been archived. */
  hotDays: z.int().positive(),
  /** Years for which summaries of minutes and hours are kept. */
  rollupYears: z.int().positive(),
  /** Days for which files of the archive are kept; `null`: for ever. */
  archiveDays: z.int().positive().nullable(),
});

/** The variable `RETENTION`, once it is read as JSON. */
export const retention = z.object({ default: period, sites: z.record(z.string(), period) });

/** How long the things of a site are kept. */
export type Period = z.infer<typeof period>;

/** Periods of sites. */
export type Retention = z.infer<typeof retention>;
