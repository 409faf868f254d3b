/** Metrics of devices, as monitoring systems scrape them. */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';

/** Media type of the answer. */
export const OPENMETRICS = 'application/openmetrics-text';

/** Query of `GET /v1/metrics`. */
export const metricsQuery = z
  .object({
    site: slug.optional().meta({ description: 'Devices of one site; none where you may not see it' }),
    type: slug.optional().meta({ description: 'Devices of one instrument type' }),
  })
  .strict();
export type MetricsQuery = z.output<typeof metricsQuery>;
