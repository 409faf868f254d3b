/** The audit: who changed what, who was denied what, and how one can tell that nothing of it was changed since. */
import * as z from 'zod';
import { LIMITS } from '../limits.ts';
import { slug } from '../messages/topics.ts';
import { timeInput } from '../time.ts';

/** Chains of a site at most. The first is used while nobody else appends to it at the same moment. */
export const AUDIT_LANES = 32;
/** Characters of a user agent that are kept. */
export const USER_AGENT_CHARS = 200;

/** What became of a request. */
export const AUDIT_OUTCOMES = ['done', 'denied', 'refused', 'failed'] as const;

const text = z.string().refine((value) => value.isWellFormed(), 'is no Unicode text');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is no SHA-256 in hexadecimal');

/**
 * What is known of a request when it has been answered. Who reads entries keeps members that he does not know: their hashes
 * count them.
 */
export const auditRecord = z.object({
  site: slug.nullable().meta({ description: 'Null for what belongs to no site, or to none that is known' }),
  actor: z.object({
    kind: z.enum(['user', 'program']),
    subject: text.meta({ description: 'Subject of the token' }),
    name: text,
    grants: z.array(text).meta({ description: '`Role`, or `Role@site`, as they were then' }),
  }),
  action: text.meta({ description: 'Operation of this contract' }),
  resource: z.object({ kind: text, id: text }).optional(),
  created: text.optional().meta({ description: 'Path of what came of it' }),
  outcome: z.enum(AUDIT_OUTCOMES).meta({
    description:
      '`denied`: the caller may not; `refused`: the request could not be done as it was; `failed`: a fault of the platform, which may have been in the middle of it',
  }),
  code: text.optional().meta({ description: 'Code of the problem that was answered; absent when done' }),
  request: text.optional().meta({
    description: 'SHA-256 of the body in canonical JSON, in base64url; absent where it was not read',
  }),
  before: text.optional().meta({ description: 'ETag of what was changed, or what it was' }),
  after: text.optional().meta({ description: 'ETag of what it is now, or what it is' }),
  reason: text.optional(),
  tries: z.int().min(1).optional().meta({
    description:
      'Tries of this caller and operation within the minute that did not succeed, this one included: those between two entries were counted only',
  }),
  requestId: text,
  address: text.optional().meta({ description: 'Address that the request came from' }),
  userAgent: text.optional(),
});
export type AuditRecord = z.infer<typeof auditRecord>;

/** An entry of the audit: a link of a chain. */
export const auditEntry = auditRecord
  .extend({
    at: z.iso
      .datetime({ precision: 3 })
      .meta({ description: 'When it was written; never before the entry before' }),
    lane: z
      .int()
      .min(0)
      .max(AUDIT_LANES - 1)
      .meta({ description: 'Which chain of the site' }),
    seq: z.int().min(1).meta({ description: 'From 1, without a gap' }),
    prev: sha256.meta({ description: '`hash` of the entry before it in the chain; zeros for the first' }),
    hash: sha256.meta({
      description: 'SHA-256 in hexadecimal of this entry without `hash`, in canonical JSON (RFC 8785)',
    }),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof auditEntry>;

/** Query of `GET /v1/audit`; times are half-open. */
export const auditQuery = z
  .object({
    site: slug.optional().meta({ description: 'What belongs to no site when absent' }),
    from: timeInput.optional(),
    to: timeInput.optional(),
    subject: z.string().max(256).optional().meta({ description: 'Only entries of this subject' }),
    order: z.enum(['newest', 'oldest']).default('newest').meta({ description: 'Which come first' }),
    limit: z.coerce.number().int().min(1).max(LIMITS.pageMax).optional(),
    cursor: z.string().max(1024).optional().meta({ description: '`next` of the page before' }),
  })
  .strict()
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    message: 'from must not lie after to',
    path: ['from'],
  });
export type AuditQuery = z.infer<typeof auditQuery>;
