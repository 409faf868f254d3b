/** What came and what became of it: the ledger, and the quarantine. */
import { completeness, completenessQuery } from '../resources/completeness.ts';
import {
  quarantined,
  quarantinedMessage,
  quarantineParams,
  quarantineQuery,
  replay,
} from '../resources/quarantine.ts';
import { idParams, ok, page, problems, route } from './route.ts';

/** Routes of completeness and the quarantine. */
export const RECORDS_ROUTES = {
  readCompleteness: route(
    { service: 'records-api', permission: 'series:read' },
    {
      method: 'get',
      path: '/v1/devices/{id}/completeness',
      summary: 'What came from a device, what became of it, and what is missing',
      tags: ['records'],
      request: { params: idParams, query: completenessQuery },
      responses: {
        200: ok(completeness, 'The ledger of these hours and the gaps in them'),
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  listQuarantine: route(
    { service: 'records-api', permission: 'quarantine:read' },
    {
      method: 'get',
      path: '/v1/quarantine',
      summary: 'Messages that could not be stored, or not whole, by site, device and arrival',
      tags: ['records'],
      request: { query: quarantineQuery },
      responses: {
        200: ok(page(quarantined).meta({ id: 'QuarantinePage' }), 'One page; it may be empty and lead on'),
        ...problems('invalid-request', 'invalid-cursor'),
      },
    },
  ),
  readQuarantined: route(
    { service: 'records-api', permission: 'quarantine:read' },
    {
      method: 'get',
      path: '/v1/quarantine/{site}/{device}/{date}/{sequence}',
      summary: 'One message of the quarantine, with its bytes, and as far as it can be read',
      tags: ['records'],
      request: { params: quarantineParams },
      responses: {
        200: ok(quarantinedMessage, 'The message'),
        ...problems('invalid-request', 'not-found'),
      },
    },
  ),
  replayQuarantined: route(
    { service: 'records-api', permission: 'quarantine:replay' },
    {
      method: 'post',
      path: '/v1/quarantine/{site}/{device}/{date}/{sequence}/replay',
      summary: 'Take a message of the quarantine again, as of its first arrival',
      description:
        'Once: who asks again is answered as the first was. What still cannot be stored becomes a new entry.',
      tags: ['records'],
      request: { params: quarantineParams },
      responses: {
        202: ok(replay, 'It is on its way'),
        ...problems('invalid-request', 'not-found', 'not-replayable'),
      },
    },
  ),
} as const;
