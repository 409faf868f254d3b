/** Whether the system works, for people and for load balancers. */
import * as z from 'zod';
import { ok, problems, route } from './route.ts';

/** Routes of health. */
export const HEALTH_ROUTES = {
  health: route(
    { service: 'query-api', permission: 'health:read' },
    {
      method: 'get',
      path: '/v1/health',
      summary: 'Health in one word',
      tags: ['health'],
      responses: {
        200: ok(z.object({ status: z.enum(['ok', 'degraded']) }), 'ok, or degraded'),
        ...problems(),
      },
    },
  ),
  live: route(
    // Apart from queries: streams that nobody reads may take all calls that these have.
    { service: 'control-api', permission: 'open' },
    {
      method: 'get',
      path: '/v1/health/live',
      summary: 'Whether the API answers at all',
      tags: ['health'],
      responses: { 200: ok(z.object({ status: z.literal('ok') }), 'It answers') },
    },
  ),
  ready: route(
    { service: 'query-api', permission: 'health:read' },
    {
      method: 'get',
      path: '/v1/health/ready',
      summary: 'Whether every dependency that requests need answers',
      tags: ['health'],
      responses: { 200: ok(z.object({ status: z.literal('ok') }), 'Ready'), ...problems('unavailable') },
    },
  ),
  services: route(
    { service: 'query-api', permission: 'health:read' },
    {
      method: 'get',
      path: '/v1/health/services',
      summary: 'Each dependency, asked now, with a time limit',
      tags: ['health'],
      responses: {
        200: ok(
          z.object({
            status: z.enum(['ok', 'degraded']),
            services: z.array(
              z.object({
                name: z.string(),
                status: z.enum(['ok', 'failing']),
                millis: z.number(),
                detail: z.string().optional(),
              }),
            ),
          }),
          'What each dependency answered',
        ),
        ...problems(),
      },
    },
  ),
} as const;
