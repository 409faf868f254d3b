/** Instrument types: what devices of a kind measure. */
import * as z from 'zod';
import { instrumentType, instrumentTypeInput, instrumentTypeUpdate } from '../resources/instrument-types.ts';
import { etag, idempotencyKey, idParams, ifMatch, json, ok, page, paging, problems, route } from './route.ts';

/** Routes of instrument types. */
export const TYPES_ROUTES = {
  createType: route(
    { service: 'control-api', permission: 'types:create' },
    {
      method: 'post',
      path: '/v1/types',
      summary: 'Create an instrument type',
      tags: ['types'],
      request: { headers: idempotencyKey, body: { content: json(instrumentTypeInput), required: true } },
      responses: {
        201: { ...ok(instrumentType, 'The instrument type'), ...etag },
        ...problems(
          'invalid-request',
          'conflict',
          'idempotency-conflict',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
  listTypes: route(
    { service: 'control-api', permission: 'types:read' },
    {
      method: 'get',
      path: '/v1/types',
      summary: 'List instrument types by identifier',
      tags: ['types'],
      request: { query: z.object(paging).strict() },
      responses: {
        200: ok(page(instrumentType).meta({ id: 'InstrumentTypePage' }), 'One page'),
        ...problems('invalid-request', 'invalid-cursor'),
      },
    },
  ),
  readType: route(
    { service: 'control-api', permission: 'types:read' },
    {
      method: 'get',
      path: '/v1/types/{id}',
      summary: 'Read one instrument type',
      tags: ['types'],
      request: { params: idParams },
      responses: {
        200: { ...ok(instrumentType, 'The instrument type'), ...etag },
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  replaceType: route(
    { service: 'control-api', permission: 'types:update' },
    {
      method: 'put',
      path: '/v1/types/{id}',
      summary: 'Change an instrument type: add channels, change what is normal for them',
      description:
        'Channels that are there stay, with their unit, value type and kind. Points that came before are not judged again.',
      tags: ['types'],
      request: {
        params: idParams,
        headers: ifMatch,
        body: { content: json(instrumentTypeUpdate), required: true },
      },
      responses: {
        200: { ...ok(instrumentType, 'The instrument type as it is now'), ...etag },
        ...problems(
          'invalid-request',
          'not-found',
          'channel-fixed',
          'precondition-failed',
          'precondition-required',
          'body-too-large',
          'unsupported-media-type',
        ),
      },
    },
  ),
} as const;
