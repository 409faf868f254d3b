/** Presence of devices. */
import {
  deviceSessions,
  presence,
  SESSION_DAYS,
  SESSIONS_RANGE_DAYS,
  sessionsQuery,
} from '../resources/presence.ts';
import { idParams, ok, problems, route } from './route.ts';

/** Routes of presence. */
export const PRESENCE_ROUTES = {
  readPresence: route(
    { service: 'records-api', permission: 'devices:read' },
    {
      method: 'get',
      path: '/v1/devices/{id}/presence',
      summary: 'Read whether a device is there, with the facts that say so',
      tags: ['devices'],
      request: { params: idParams },
      responses: { 200: ok(presence, 'The presence'), ...problems('invalid-request', 'not-found') },
    },
  ),
  listSessions: route(
    { service: 'records-api', permission: 'devices:read' },
    {
      method: 'get',
      path: '/v1/devices/{id}/sessions',
      summary: 'Read when a device was connected, and its availability',
      description: `Connects and disconnects are remembered for ${SESSION_DAYS} days; a question takes ${SESSIONS_RANGE_DAYS} days at most.`,
      tags: ['devices'],
      request: { params: idParams, query: sessionsQuery },
      responses: { 200: ok(deviceSessions, 'The sessions'), ...problems('invalid-request', 'not-found') },
    },
  ),
} as const;
