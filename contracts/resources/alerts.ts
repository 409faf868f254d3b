/** Alerts: what a rule found, and all that became of it. An alert is one activation; when the condition comes back it is another. */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';
import { alertCondition, PRIORITIES, SUPPRESSIONS } from './alert-rules.ts';
import { channelName } from './channel-name.ts';
import { actor } from './commands.ts';

/** Identifier of an alert: sorts by when it was raised, and is the same however often that is found out. */
export const alertId = z
  .string()
  .regex(/^[0-9a-f]{14}-[0-9a-f]{20}$/, 'use the identifier of an alert')
  .meta({ id: 'AlertId' });

/**
 * States of ISA-18.2 that an activation goes through: `unacknowledged` → `acknowledged` → `closed`, or by
 * `returned-unacknowledged` where the condition ends first; one that latches waits in `latched` until it is reset.
 */
export const ALERT_STATES = [
  'unacknowledged',
  'acknowledged',
  'returned-unacknowledged',
  'latched',
  'closed',
] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** What may happen to an alert. */
export const ALERT_EVENTS = [
  'raised',
  'returned',
  'acknowledged',
  'reset',
  'shelved',
  'unshelved',
  'quiet-ended',
  'assigned',
  'commented',
] as const;
export type AlertEvent = (typeof ALERT_EVENTS)[number];

/** Why the condition of an alert ended. */
export const RETURN_REASONS = ['condition', 'rule-changed', 'heard-again'] as const;
export type ReturnReason = (typeof RETURN_REASONS)[number];

/** Why an alert is raised and nobody told. */
export const QUIET_KINDS = ['shelved', ...SUPPRESSIONS] as const;

const time = z.string().meta({ format: 'date-time' });
const value = z.union([z.number(), z.string(), z.boolean()]);

/** Entries of the history of one alert that people make, at most. */
export const MAX_ENTRIES = 140;
/** The longest that an alert is shelved, in seconds: 7 days. */
export const LONGEST_SHELF_SECONDS = 7 * 86_400;

/** A point, with its own time. */
export const alertReading = z.object({ at: time, value }).meta({ id: 'AlertReading' });

/** What is known of the rule as it was when the alert was raised. */
export const ruleOfAlert = z
  .object({
    id: slug,
    version: z.int().min(1),
    name: z.string(),
    priority: z.enum(PRIORITIES),
    latching: z.boolean(),
    condition: alertCondition,
    instructions: z.string().optional(),
  })
  .meta({ id: 'RuleOfAlert' });
export type RuleOfAlert = z.infer<typeof ruleOfAlert>;

/** Why nobody is told of an alert for a while. */
export const alertQuiet = z
  .object({ kind: z.enum(QUIET_KINDS), until: time, by: actor, reason: z.string() })
  .meta({ id: 'AlertQuiet' });
export type AlertQuiet = z.infer<typeof alertQuiet>;

/** An alert as it is answered. */
export const alert = z
  .object({
    id: alertId,
    rule: ruleOfAlert,
    type: slug,
    site: slug,
    device: slug,
    channel: channelName.nullable().meta({ description: 'Null: of the whole device' }),
    state: z.enum(ALERT_STATES),
    active: z.boolean().meta({ description: 'Whether the condition still holds' }),
    version: z.int().min(1),
    raisedAt: time.meta({ description: 'By the times of the readings' }),
    reading: alertReading.optional().meta({ description: 'The point that it was raised by' }),
    noticedAt: time.meta({ description: 'When the platform took it' }),
    returnedAt: time.optional(),
    returnReading: alertReading.optional(),
    acknowledgedAt: time.optional(),
    acknowledgedBy: actor.optional(),
    closedAt: time.optional(),
    quiet: alertQuiet.optional(),
    assignee: z.object({ subject: z.string(), name: z.string() }).optional(),
    comments: z.int().min(0),
    flood: z.boolean().meta({ description: 'More than ten were new at the site within ten minutes' }),
  })
  .meta({ id: 'Alert' });
export type Alert = z.infer<typeof alert>;

/** One thing that happened to an alert. */
export const alertEntry = z
  .object({
    version: z.int().min(1).meta({ description: 'Version of the alert that it made' }),
    at: time.meta({ description: 'When it happened; of readings by their own time' }),
    noticedAt: time.meta({ description: 'When the platform took it' }),
    event: z.enum(ALERT_EVENTS),
    state: z.enum(ALERT_STATES).meta({ description: 'State after it' }),
    by: actor,
    comment: z.string().optional(),
    why: z.enum(RETURN_REASONS).optional(),
    until: time.optional(),
    told: z.boolean().meta({ description: 'Whether people are told of it' }),
  })
  .meta({ id: 'AlertEntry' });
export type AlertEntry = z.infer<typeof alertEntry>;

/** All that became of an alert. */
export const alertHistory = z
  .object({ id: alertId, entries: z.array(alertEntry) })
  .meta({ id: 'AlertHistory' });
export type AlertHistory = z.infer<typeof alertHistory>;

const comment = z.string().min(1).max(500);

/** What is sent with an acknowledgement. */
export const alertAcknowledgement = z
  .object({ comment: comment.optional() })
  .strict()
  .meta({ id: 'AlertAcknowledgement' });
/** What is sent with what needs a reason. */
export const alertDecision = z.object({ reason: comment }).strict().meta({ id: 'AlertDecision' });
/** A comment on an alert. */
export const alertComment = z.object({ comment }).strict().meta({ id: 'AlertComment' });
/** Who is to look after an alert. */
export const alertAssignment = z
  .object({
    subject: z.string().min(1).max(128).nullable().meta({ description: 'Subject of a person; null: nobody' }),
    name: z.string().min(1).max(256).optional(),
  })
  .strict()
  .meta({ id: 'AlertAssignment' });
/** What is sent to shelve an alert. */
export const alertShelving = z
  .object({ seconds: z.int().min(10).max(LONGEST_SHELF_SECONDS), reason: comment })
  .strict()
  .meta({ id: 'AlertShelving' });
