/** Presence of a device: what the broker says beside what came of it. */
import type { DeviceDetail } from '../../../contracts/resources/devices.ts';
import {
  type DeviceSessions,
  type Presence,
  SESSIONS_RANGE_DAYS,
  type SessionsQuery,
} from '../../../contracts/resources/presence.ts';
import { expectedEvery, presenceOf } from '../../domain/presence/presence.ts';
import { sessionsOf } from '../../domain/presence/sessions.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { type Measurements, readLatest } from '../../store/measurements/index.ts';
import { readChangeBefore, readChanges } from '../../store/registry/connections.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { readType } from '../../store/registry/types.ts';

const DAY_MILLIS = 86_400_000;
const text = (millis: number): string => new Date(millis).toISOString();

/** Whether a device is there now. 1 Query besides that of the device, 1 read of its type. */
export const readPresence = async (
  { registry, measurements }: { readonly registry: Registry; readonly measurements: Measurements },
  { id, type, connection }: DeviceDetail,
  now: Date,
): Promise<Presence> => {
  const [latest, declared] = await Promise.all([readLatest(measurements, id), readType(registry, type)]);
  const arrived = (latest?.points ?? []).map((point) => point.arrived / 1000);
  const heard = arrived.length === 0 ? undefined : Math.max(...arrived);
  const every = expectedEvery(declared);
  const { state, since, reason } = connection;
  return {
    device: id,
    ...presenceOf({ connection, heard, every, now: now.getTime() }),
    at: now.toISOString(),
    connection: {
      state,
      ...(since === undefined ? {} : { since }),
      ...(reason === undefined ? {} : { reason }),
    },
    ...(heard === undefined ? {} : { lastHeard: text(heard) }),
    ...(every === undefined ? {} : { expectedEvery: every }),
  };
};

/**
 * When a device was connected within a range. 2 Queries, and more where it came and went some ten thousand times.
 * @throws {ProblemError} `invalid-request` for a range that ends before it begins, or is too long
 */
export const listSessions = async (
  registry: Registry,
  device: string,
  query: SessionsQuery,
  now: Date,
): Promise<DeviceSessions> => {
  const to = Math.min(query.to === undefined ? now.getTime() : query.to / 1000, now.getTime());
  const from = query.from === undefined ? to - DAY_MILLIS : query.from / 1000;
  const refuse = (detail: string): ProblemError =>
    new ProblemError('invalid-request', { errors: [{ pointer: '?from', detail }] });
  if (from > to) throw refuse('from must not lie after to, which is now at the latest');
  if (to - from > SESSIONS_RANGE_DAYS * DAY_MILLIS)
    throw refuse(`ask for ${SESSIONS_RANGE_DAYS} days at most`);
  const [before, changes] = await Promise.all([
    readChangeBefore(registry, device, from),
    readChanges(registry, device, from, to),
  ]);
  const { items, known } = sessionsOf({ from, to }, before, changes);
  const online = items.reduce((sum, { within }) => sum + within, 0);
  return {
    from: text(from),
    to: text(to),
    items: items.map(({ from: began, to: ended, within, reason }) => ({
      from: began === undefined ? null : text(began),
      to: ended === undefined ? null : text(ended),
      seconds: within / 1000,
      ...(reason === undefined ? {} : { reason }),
    })),
    availability: known === 0 ? null : Math.min(1, online / known),
    knownSeconds: known / 1000,
  };
};
