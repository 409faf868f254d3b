/** Presence: whether a device is there, the facts that say so, and when it came and went. */
import * as z from 'zod';
import { timeInput } from '../time.ts';
import { COMPLETENESS_DAYS } from './completeness.ts';

/**
 * `online`: connected, and heard from as often as its type says. `suspect`: the facts disagree, or it is connected and
 * silent. `offline`: the broker says that it went. `unknown`: nothing was ever heard.
 */
export const PRESENCE_STATES = ['online', 'suspect', 'offline', 'unknown'] as const;
export type PresenceState = (typeof PRESENCE_STATES)[number];

const time = z.string().meta({ format: 'date-time' });

/** What is known of a device being there. */
export const presence = z
  .object({
    device: z.string(),
    state: z.enum(PRESENCE_STATES),
    why: z.string().meta({ description: 'In words' }),
    at: time.meta({ description: 'When this was so' }),
    connection: z
      .object({
        state: z.enum(['online', 'offline', 'unknown']),
        since: time.optional(),
        reason: z.string().optional(),
      })
      .meta({ id: 'PresenceConnection', description: 'What the broker says' }),
    lastHeard: time.optional().meta({ description: 'Arrival of the newest data' }),
    expectedEvery: z
      .number()
      .optional()
      .meta({ description: 'Seconds within which the type expects a point of some channel' }),
  })
  .meta({ id: 'Presence' });
export type Presence = z.infer<typeof presence>;

/** A time that a device was connected. */
export const deviceSession = z
  .object({
    from: time.nullable().meta({ description: 'null: before what was asked for' }),
    to: time.nullable().meta({ description: 'null: it goes on' }),
    seconds: z.number().meta({ description: 'Of it, within the range' }),
    reason: z.string().optional().meta({ description: 'Why the broker says that it ended' }),
  })
  .meta({ id: 'DeviceSession' });
export type DeviceSession = z.infer<typeof deviceSession>;

/** Sessions of a range, and how much of it a device was there. */
export const deviceSessions = z
  .object({
    from: time,
    to: time,
    items: z.array(deviceSession),
    availability: z
      .number()
      .nullable()
      .meta({ description: 'Share of the time that is known, from 0 to 1; null: nothing is known' }),
    knownSeconds: z.number().meta({
      description: 'Seconds of the range that are known: from the first connection that is remembered on',
    }),
  })
  .meta({ id: 'DeviceSessions' });
export type DeviceSessions = z.infer<typeof deviceSessions>;

/** Days for which connects and disconnects are remembered. */
export const SESSION_DAYS = COMPLETENESS_DAYS;
/** Days of one question. */
export const SESSIONS_RANGE_DAYS = 31;

/** A range of sessions. */
export const sessionsQuery = z
  .object({
    from: timeInput.optional().meta({ description: 'A day before `to` when absent' }),
    to: timeInput.optional().meta({ description: 'Now when absent' }),
  })
  .strict();
export type SessionsQuery = z.output<typeof sessionsQuery>;
