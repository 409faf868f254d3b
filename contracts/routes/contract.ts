/** What the API says of itself. */
import * as z from 'zod';
import { ok, problems, route } from './route.ts';

/** The contract itself, and what its problem codes mean. */
export const CONTRACT_ROUTES = {
  openapi: route(
    { service: 'records-api', permission: 'contract:read' },
    {
      method: 'get',
      path: '/v1/openapi.json',
      summary: 'This contract',
      tags: ['contract'],
      responses: { 200: ok(z.record(z.string(), z.unknown()), 'OpenAPI 3.1'), ...problems() },
    },
  ),
  explainProblem: route(
    { service: 'query-api', permission: 'contract:read' },
    {
      method: 'get',
      path: '/v1/problems/{code}',
      summary: 'What a problem code means and what to do: where `type` of a problem leads',
      tags: ['contract'],
      request: { params: z.object({ code: z.string().max(64) }) },
      responses: {
        200: ok(
          z.object({ code: z.string(), status: z.int(), title: z.string(), remedy: z.string() }),
          'The code explained',
        ),
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
} as const;
