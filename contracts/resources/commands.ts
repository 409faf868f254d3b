/** Commands: what a person or program asked a device to do, and all that is known of how that went. */
import * as z from 'zod';
import { commandId } from '../messages/commands.ts';
import { slug } from '../messages/topics.ts';
import { reason } from './reason.ts';

/**
 * Life of a command: `pending-approval` (where its type says so) → `queued` → `sent` → `accepted` → `running` → one of
 * the final states. It advances on evidence alone.
 */
export const COMMAND_STATES = [
  'pending-approval',
  'queued',
  'sent',
  'accepted',
  'running',
  'succeeded',
  'failed',
  'rejected',
  'timed-out',
  'expired',
  'cancelled',
] as const;
export type CommandState = (typeof COMMAND_STATES)[number];

/** States that a command stays in. */
export const FINAL_COMMAND_STATES = [
  'succeeded',
  'failed',
  'rejected',
  'timed-out',
  'expired',
  'cancelled',
] as const satisfies readonly CommandState[];
type FinalCommandState = (typeof FINAL_COMMAND_STATES)[number];
/** States that a command goes on from. */
export type OpenCommandState = Exclude<CommandState, FinalCommandState>;

/** Whether a command is at its end. */
export const isFinal = (state: CommandState): state is FinalCommandState =>
  (FINAL_COMMAND_STATES as readonly CommandState[]).includes(state);

/** Who did something. */
export const actor = z
  .object({
    kind: z.enum(['user', 'program', 'device', 'platform']),
    subject: z.string().meta({ description: 'Subject of the token, or identifier of the device' }),
    name: z.string(),
  })
  .meta({ id: 'Actor' });
export type Actor = z.infer<typeof actor>;

const time = z.string().meta({ format: 'date-time' });

/** Why something is known. */
export const evidence = z
  .object({
    kind: z
      .enum([
        'request',
        'approval',
        'refusal',
        'publication',
        'reply',
        'deadline',
        'interlock',
        'cancellation',
      ])
      .meta({
        description:
          'publication: the broker has taken the message; reply: the device said so on its own topic; deadline: its time has passed',
      }),
    detail: z.string().optional(),
    topic: z.string().optional().meta({ description: 'Where a reply was heard; its device is proven by it' }),
    receivedAt: time.optional().meta({ description: 'When the broker took the reply' }),
    deviceTime: time.optional().meta({ description: 'When the device says that it was' }),
  })
  .meta({ id: 'CommandEvidence' });
export type Evidence = z.infer<typeof evidence>;

/** One step of a command. */
export const transition = z
  .object({
    version: z.int().min(1).meta({ description: 'Version of the command that the step made' }),
    at: time,
    from: z.enum(COMMAND_STATES).nullable(),
    to: z.enum(COMMAND_STATES),
    by: actor,
    evidence,
  })
  .meta({ id: 'CommandTransition' });
export type Transition = z.infer<typeof transition>;

/** Something that was heard and changed nothing. */
export const withoutEffect = z
  .object({
    at: time,
    by: actor,
    evidence,
    why: z.enum(['repeated', 'too-late', 'out-of-order', 'another-device', 'unreadable']),
  })
  .meta({ id: 'CommandWithoutEffect' });
export type WithoutEffect = z.infer<typeof withoutEffect>;

/** A report of the device while it is at it. */
export const commandProgress = z
  .object({
    seq: z.int().min(0),
    at: time,
    percent: z.number().optional(),
    detail: z.string().optional(),
    value: z.json().optional(),
  })
  .meta({ id: 'CommandProgress' });
export type CommandProgress = z.infer<typeof commandProgress>;

/** A command as it is answered. */
export const command = z
  .object({
    id: commandId,
    device: slug,
    site: slug,
    type: slug,
    typeVersion: z.int().min(1),
    command: slug,
    parameters: z.record(z.string(), z.json()).meta({ description: 'In the units of the instrument type' }),
    dryRun: z.boolean(),
    state: z.enum(COMMAND_STATES),
    version: z.int().min(1),
    reason: z.string().optional(),
    createdAt: time,
    createdBy: actor,
    updatedAt: time,
    expiresAt: time.meta({ description: 'Not sent after this' }),
    timeout: z.int().meta({ description: 'Seconds from sending to the result' }),
    approvedBy: actor.optional(),
    sentAt: time.optional(),
    attempts: z.int().min(0).meta({ description: 'How often it was published' }),
    timesOutAt: time.optional(),
    progress: commandProgress.optional().meta({ description: 'The newest report' }),
    parts: z
      .array(commandProgress)
      .optional()
      .meta({ description: 'Reports with a partial result, the last 20' }),
    result: z.json().optional(),
    failure: z.object({ code: z.string(), detail: z.string() }).optional(),
    traceparent: z.string().meta({ description: 'W3C Trace Context of the request' }),
  })
  .meta({ id: 'Command' });
export type Command = z.infer<typeof command>;

/** All that is known of how a command went. */
export const commandHistory = z
  .object({
    id: commandId,
    transitions: z.array(transition),
    withoutEffect: z.array(withoutEffect).meta({ description: 'The first 20' }),
    withoutEffectCount: z.int().min(0),
  })
  .meta({ id: 'CommandHistory' });
export type CommandHistory = z.infer<typeof commandHistory>;

/** What is sent to give a command. */
export const commandRequest = z
  .object({
    command: slug,
    parameters: z.record(z.string().max(64), z.json()).default({}).meta({
      description:
        'As the instrument type declares them; a number with a unit may be `{"value": 310.15, "unit": "K"}`',
    }),
    dryRun: z.boolean().default(false),
    reason: reason.optional(),
    expiresAfter: z
      .int()
      .min(1)
      .max(7 * 86_400)
      .optional()
      .meta({ description: 'Seconds within which it has to be sent, if fewer than the type says' }),
  })
  .strict()
  .meta({ id: 'CommandRequest' });
export type CommandRequest = z.infer<typeof commandRequest>;

/** What is said with an approval, a refusal or a cancellation. */
export const commandDecision = z.object({ reason }).strict().meta({ id: 'CommandDecision' });
export type CommandDecision = z.infer<typeof commandDecision>;

/** Exclusive control of a device for some time. */
export const lease = z
  .object({ device: slug, holder: actor, takenAt: time, until: time, reason: z.string().optional() })
  .meta({ id: 'Lease' });
export type Lease = z.infer<typeof lease>;

/** What is sent to take a lease or to make one longer. */
export const leaseRequest = z
  .object({
    seconds: z
      .int()
      .min(10)
      .max(8 * 3600),
    reason: reason.optional(),
  })
  .strict()
  .meta({ id: 'LeaseRequest' });
export type LeaseRequest = z.infer<typeof leaseRequest>;
