/** What the queue of commands holds: what happened, and when to look again. JSON, from functions and from a topic rule. */
import * as z from 'zod';
import { commandId } from './commands.ts';
import { slug } from './topics.ts';

/** A message of the queue of commands. */
export const commandWork = z.discriminatedUnion('kind', [
  /** The time has come to look at a command, unless it has left the phase that this was set for. */
  z.object({ kind: z.literal('look'), command: commandId, phase: z.enum(['waiting', 'under-way']) }),
  /** A device may have commands waiting. `connected`: it has just connected, and may have missed what was sent. */
  z.object({ kind: z.literal('device'), device: slug, connected: z.boolean() }),
  /** A device has said something of a command; the topic rule writes this. */
  z.object({
    kind: z.literal('reply'),
    topic: z.string().max(256),
    /** As it came, in base64. */
    payload: z.base64(),
    /** When the broker took it, in milliseconds since the epoch. */
    at: z.int(),
  }),
]);
export type CommandWork = z.infer<typeof commandWork>;

/** The longest that SQS holds a message back, in seconds. */
export const LONGEST_DELAY_SECONDS = 900;
