/** What monitoring systems scrape. */
import * as z from 'zod';
import { LIMITS } from '../limits.ts';
import { metricsQuery, OPENMETRICS } from '../resources/metrics.ts';
import { problems, route } from './route.ts';

/** Routes of metrics. */
export const METRICS_ROUTES = {
  readMetrics: route(
    { service: 'metrics-api', permission: 'series:read' },
    {
      method: 'get',
      path: '/v1/metrics',
      summary: 'Newest values, their times and quality, and presence, in the text of OpenMetrics',
      description: `For Prometheus. One answer has ${LIMITS.scrapeDevices} devices at most, and as many channels as go into 6 MB (about 15 000): a larger one is refused, and never cut. Then name sites or types, one scrape each.`,
      tags: ['series'],
      request: { query: metricsQuery },
      responses: {
        200: {
          content: { [OPENMETRICS]: { schema: z.string() } },
          description: 'Active devices that the caller may see',
        },
        ...problems('invalid-request', 'answer-too-large'),
      },
    },
  ),
} as const;
