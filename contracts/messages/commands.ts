/** What the platform and a device say to each other of a command. JSON in UTF-8 on all topics. */
import * as z from 'zod';
import { slug } from './topics.ts';

/** Identifier of a command: 26 characters that sort by the time of asking (ULID in lower case). */
export const commandId = z
  .string()
  .regex(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/, 'use the identifier of a command, e.g. 01jt2q0v5s8kx3m9d6w4a7c1ef')
  .meta({ id: 'CommandId' });

/** Seconds since the epoch or RFC 3339 would be two words for one thing: times are RFC 3339 in UTC. */
const time = z.iso.datetime({ offset: true });
const code = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'use lower-case words, joined by hyphens');
const detail = z.string().max(1000);

/** A value that a device reports, of any JSON type; its size is that of the message. */
const value = z.json();

/** `lab/{site}/{device}/commands/{id}`: do this, once, and not after its time. */
export const commandMessage = z
  .object({
    v: z.literal(1),
    id: commandId,
    command: slug,
    parameters: z.record(z.string(), z.json()).meta({ description: 'In the units of the instrument type' }),
    dryRun: z.boolean().meta({ description: 'Check whether it could be done, and do nothing' }),
    issuedAt: time,
    expiresAt: time.meta({ description: 'Not to be begun after this' }),
    timeout: z.int().min(1).meta({ description: 'Seconds until the platform gives up waiting for a result' }),
    traceparent: z.string().max(64).meta({ description: 'W3C Trace Context' }),
  })
  .meta({ id: 'CommandMessage' });
export type CommandMessage = z.infer<typeof commandMessage>;

/** `.../accepted`: the device will do it. */
export const acceptedReply = z.object({ v: z.literal(1), at: time.optional() });

/** `.../rejected`: the device will not do it, and has done nothing. */
export const rejectedReply = z.object({ v: z.literal(1), at: time.optional(), code, detail });

/** `.../progress`: the device is at it. `seq` counts the reports of this command from 0. */
export const progressReply = z.object({
  v: z.literal(1),
  at: time.optional(),
  seq: z.int().min(0),
  percent: z.number().min(0).max(100).optional(),
  detail: detail.optional(),
  value: value.optional().meta({ description: 'A partial result' }),
});

/** `.../result`: the device has ended it, well or not. */
export const resultReply = z.discriminatedUnion('ok', [
  z.object({ v: z.literal(1), at: time.optional(), ok: z.literal(true), value: value.optional() }),
  z.object({ v: z.literal(1), at: time.optional(), ok: z.literal(false), code, detail }),
]);

/** Replies by the last level of their topic. */
export const REPLIES = {
  accepted: acceptedReply,
  rejected: rejectedReply,
  progress: progressReply,
  result: resultReply,
} as const;

/** A reply, by kind. */
export type Reply =
  | ({ readonly kind: 'accepted' } & z.infer<typeof acceptedReply>)
  | ({ readonly kind: 'rejected' } & z.infer<typeof rejectedReply>)
  | ({ readonly kind: 'progress' } & z.infer<typeof progressReply>)
  | ({ readonly kind: 'result' } & z.infer<typeof resultReply>);
