/** People who may sign in, and what they and programs may do. */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';
import { PERMISSIONS, type Permission, ROLES } from '../roles.ts';
import { reason } from './reason.ts';

/** A role, everywhere or at one site. */
export const grant = z
  .object({
    role: z.enum(ROLES),
    site: slug.optional().meta({ description: 'Absent: at every site' }),
  })
  .strict()
  .meta({ id: 'Grant' });

/** Life of a person's sign-in. */
export const PERSON_STATES = ['invited', 'active', 'disabled', 'reset-required', 'not-confirmed'] as const;
export type PersonState = (typeof PERSON_STATES)[number];

/** A person as answered. */
export const person = z
  .object({
    id: z.string().meta({ description: 'User name' }),
    subject: z.string().meta({ description: '`sub` of the tokens; stays when all else changes' }),
    email: z.string().optional(),
    state: z.enum(PERSON_STATES).meta({
      description: 'invited: has yet to sign in with the temporary password; disabled: cannot sign in',
    }),
    grants: z.array(grant).meta({ description: 'Those that the caller may see' }),
    createdAt: z.string().meta({ format: 'date-time' }),
    updatedAt: z.string().meta({ format: 'date-time', description: 'Of the account; grants do not count' }),
  })
  .meta({ id: 'Person' });
export type Person = z.infer<typeof person>;

/** User names that may be chosen. Cognito takes no e-mail address for one where people may sign in by that as well. */
export const username = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/, 'use lower-case letters, digits and inner . _ -');

const grants = z
  .array(grant)
  .max(50)
  .refine((list) => new Set(list.map(({ role, site }) => `${role}@${site ?? ''}`)).size === list.length, {
    message: 'names a grant twice',
  });

/** What is sent to invite a person. */
export const personInput = z
  .object({
    email: z.email().max(254),
    username: username.optional().meta({ description: 'The part of `email` before the @ when absent' }),
    grants: grants.min(1),
    reason,
  })
  .strict()
  .meta({ id: 'PersonInput' });
export type PersonInput = z.infer<typeof personInput>;

/** What is sent to change what a person may do. */
export const grantsInput = z.object({ grants, reason }).strict().meta({ id: 'GrantsInput' });

/** What is said when somebody is disabled, enabled, signed out or invited again. */
export const personDecision = z.object({ reason }).strict().meta({ id: 'PersonDecision' });

const permissions = Object.keys(PERMISSIONS) as [Permission, ...Permission[]];

/** Who calls, and what for. */
export const me = z
  .object({
    subject: z.string(),
    name: z.string(),
    kind: z.enum(['user', 'program']),
    grants: z.array(grant),
    permissions: z
      .partialRecord(z.enum(permissions), z.union([z.literal('all'), z.array(slug)]))
      .meta({ description: 'Each permission that is held, with its sites' }),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof me>;
