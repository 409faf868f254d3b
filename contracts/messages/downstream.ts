/** What the platform tells a device: what is durable, and what was not taken. JSON in UTF-8 on both topics. */
import * as z from 'zod';
import { QUARANTINE, type QuarantineCode } from '../problems.ts';
import { SESSION } from './message.ts';

const session = z.string().regex(SESSION).meta({ description: "The device's session, as it sent it" });
const seq = z.int().min(0);
const codes = Object.keys(QUARANTINE) as [QuarantineCode, ...QuarantineCode[]];

/** `lab/{site}/{device}/ack`: messages that are durable. The device may forget them. */
export const ackMessage = z
  .object({
    v: z.literal(1),
    session,
    ranges: z
      .array(z.tuple([seq, seq]).refine(([from, to]) => from <= to, 'a range does not end before it begins'))
      .min(1)
      .max(1000)
      .meta({ description: 'Sequence numbers [from, to], both included, in ascending order' }),
    seq: seq
      .optional()
      .meta({ description: 'All numbers from the first of the session up to this one are durable' }),
  })
  .meta({ id: 'AckMessage' });
export type AckMessage = z.infer<typeof ackMessage>;

/** One kind of fault in a message. */
export const errorNote = z.object({
  code: z.enum(codes),
  pointer: z
    .string()
    .optional()
    .meta({ description: 'JSON Pointer into the message; the first place of several' }),
  points: z.int().min(0).meta({ description: 'Points that it concerns; 0 where the whole message is' }),
  detail: z.string().max(1000),
});
export type ErrorNote = z.infer<typeof errorNote>;

/** `lab/{site}/{device}/errors`: what of a message was quarantined, and why. */
export const errorsMessage = z
  .object({
    v: z.literal(1),
    session: session.optional(),
    seq: seq.optional(),
    codes: z.array(errorNote).min(1).max(100),
    at: z.string().meta({ description: 'When the platform received the message', format: 'date-time' }),
    ref: z.string().max(1024).meta({ description: 'Where the raw bytes are kept' }),
  })
  .meta({ id: 'ErrorsMessage' });
export type ErrorsMessage = z.infer<typeof errorsMessage>;
