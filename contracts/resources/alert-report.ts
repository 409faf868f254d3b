/** Measures of alarm systems by EEMUA 191 and ISA-18.2: how many come, of what priority, and which are of no use. */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';
import { timeInput } from '../time.ts';
import { PRIORITIES } from './alert-rules.ts';

/** Query of `GET /v1/alert-report`; times are half-open. */
export const alertReportQuery = z
  .object({ site: slug, from: timeInput, to: timeInput })
  .strict()
  .refine(({ from, to }) => from < to && to - from <= 31 * 86_400e6, {
    message: 'from must lie before to, by 31 days at most',
    path: ['from'],
  });

const time = z.string().meta({ format: 'date-time' });
const source = z.object({ rule: slug, device: slug, count: z.int().min(1) });

/** What the alerts of a site come to. */
export const alertReport = z
  .object({
    site: slug,
    from: time,
    to: time,
    count: z.int().min(0),
    perTenMinutes: z
      .object({
        mean: z.number(),
        most: z.int().min(0),
        flooded: z.number().min(0).max(1).meta({ description: 'Share of spans with more than ten' }),
      })
      .meta({ description: 'EEMUA 191: one at most on average; ten in a span are a flood' }),
    priorities: z
      .record(z.enum(PRIORITIES), z.number())
      .meta({ description: 'Shares; EEMUA 191: about 5 % high, 15 % medium, 80 % low' }),
    worst: z
      .array(source.extend({ share: z.number() }))
      .meta({ description: 'The ten rules and devices with the most' }),
    chattering: z.array(source).meta({ description: 'Raised three times or more within one minute' }),
    stale: z
      .array(z.object({ id: z.string(), rule: slug, device: slug, raisedAt: time }))
      .meta({ description: 'Of these, active for more than 24 hours; the first 100' }),
    now: z.object({
      flood: z.boolean().meta({ description: 'More than ten within ten minutes' }),
      newWithinTenMinutes: z.int().min(0),
    }),
  })
  .meta({ id: 'AlertReport' });
export type AlertReport = z.infer<typeof alertReport>;
