/** What the queue of alerts holds: transitions that were found, and what time asks for. JSON, from functions alone. */
import * as z from 'zod';
import { SUPPRESSIONS } from '../resources/alert-rules.ts';
import { alertId, RETURN_REASONS, ruleOfAlert } from '../resources/alerts.ts';
import { channelName } from '../resources/channel-name.ts';
import { slug } from './topics.ts';

const micros = z.int();
const reading = z.object({ at: micros, value: z.union([z.number(), z.string(), z.boolean()]) });

const where = {
  id: alertId,
  type: slug,
  site: slug,
  device: slug,
  channel: channelName.nullable(),
  /** By the times of the readings, in microseconds. */
  at: micros,
  reading: reading.optional(),
};

/** A condition has come, or gone. The same transition is found again after a crash: its identifier is the same then. */
export const alertTransition = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('raised'),
    ...where,
    rule: ruleOfAlert,
    /** Nobody is to be told before this, in milliseconds. */
    suppressed: z.object({ kind: z.enum(SUPPRESSIONS), until: z.int(), reason: z.string() }).optional(),
  }),
  z.object({ kind: z.literal('returned'), ...where, why: z.enum(RETURN_REASONS) }),
]);
export type AlertTransition = z.infer<typeof alertTransition>;
export type AlertRaised = Extract<AlertTransition, { kind: 'raised' }>;
export type AlertReturned = Extract<AlertTransition, { kind: 'returned' }>;

/** Transitions of one message, at most. */
export const MAX_TRANSITIONS = 50;

/** A message of the queue of alerts. */
export const alertWork = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('transitions'), transitions: z.array(alertTransition).max(MAX_TRANSITIONS) }),
  /** Something happened to an alert, or the time has come for which it was kept quiet. */
  z.object({ kind: z.literal('look'), alert: alertId }),
  /** Devices are to be looked at for silence, from one on. */
  z.object({
    kind: z.literal('check'),
    /** When the check was begun, in microseconds. */
    now: micros,
    /** Silence counts from here on: nobody looked before. */
    countsFrom: micros,
    /** Key in the list of devices to go on after. */
    after: z.string().optional(),
  }),
]);
export type AlertWork = z.infer<typeof alertWork>;

/** What the schedule calls the function of alerts with. */
export const alertCheck = z.object({ kind: z.literal('check') });
