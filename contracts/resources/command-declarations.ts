/**
 * Commands that instruments of a type take. Parameters are a subset of JSON Schema 2020-12 that is flat and bounded, with
 * UCUM units beside it: what a person can fill in, and what cannot be made slow to check.
 */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';
import { storableNumber } from '../numbers.ts';
import { channelName } from './channel-name.ts';

const scalar = z.union([storableNumber(), z.string().max(256), z.boolean()]);
const described = { title: z.string().max(120).optional(), description: z.string().max(1000).optional() };

const unit = z.string().min(1).max(32).optional().meta({
  description: 'UCUM code. A caller may give `{"value": 310.15, "unit": "K"}`: it is converted',
});

/** One parameter, as JSON Schema. */
export const commandParameter = z
  .discriminatedUnion('type', [
    z
      .object({
        type: z.enum(['number', 'integer']),
        ...described,
        unit,
        minimum: storableNumber().optional(),
        maximum: storableNumber().optional(),
        exclusiveMinimum: storableNumber().optional(),
        exclusiveMaximum: storableNumber().optional(),
        multipleOf: storableNumber(z.number().positive()).optional(),
        enum: z.array(z.number()).min(1).max(100).optional(),
        default: storableNumber().optional(),
      })
      .strict(),
    z
      .object({
        type: z.literal('string'),
        ...described,
        minLength: z.int().min(0).max(1024).optional(),
        maxLength: z.int().min(0).max(1024).default(256),
        enum: z.array(z.string().max(256)).min(1).max(100).optional(),
        default: z.string().max(1024).optional(),
      })
      .strict(),
    z.object({ type: z.literal('boolean'), ...described, default: z.boolean().optional() }).strict(),
    z
      .object({
        type: z.literal('array'),
        ...described,
        unit,
        items: z
          .object({
            type: z.enum(['number', 'integer', 'string', 'boolean']),
            minimum: storableNumber().optional(),
            maximum: storableNumber().optional(),
            maxLength: z.int().min(0).max(1024).optional(),
            enum: z.array(scalar).min(1).max(100).optional(),
          })
          .strict(),
        minItems: z.int().min(0).max(1000).optional(),
        maxItems: z.int().min(0).max(1000).default(100),
        uniqueItems: z.boolean().optional(),
      })
      .strict(),
  ])
  .meta({ id: 'CommandParameterInput', outputId: 'CommandParameter' });
export type CommandParameter = z.infer<typeof commandParameter>;

const parameterName = z
  .string()
  .max(64)
  .regex(/^[a-z][A-Za-z0-9]*$/, 'use letters and digits, starting with a lower-case letter');

/** All parameters of a command, as JSON Schema. Members that it does not name are refused. */
export const commandParameters = z
  .object({
    type: z.literal('object').default('object'),
    properties: z.record(parameterName, commandParameter).default({}),
    required: z.array(parameterName).max(50).default([]),
    additionalProperties: z.literal(false).default(false),
  })
  .strict()
  .refine(({ properties }) => Object.keys(properties).length <= 50, 'at most 50 parameters')
  .refine(({ properties, required }) => required.every((name) => Object.hasOwn(properties, name)), {
    path: ['required'],
    message: 'names a parameter that properties do not declare',
  })
  .meta({ id: 'CommandParametersInput', outputId: 'CommandParameters' });
export type CommandParameters = z.infer<typeof commandParameters>;

/** What must hold for a command to be given: the last point of a channel, known to be fresh, good and within bounds. */
export const interlock = z
  .object({
    channel: channelName,
    min: storableNumber().optional(),
    max: storableNumber().optional(),
    equals: scalar.optional(),
    maxAge: z.int().min(1).max(86_400).meta({ description: 'Seconds that the point may be old' }),
  })
  .strict()
  .refine(({ min, max, equals }) => min !== undefined || max !== undefined || equals !== undefined, {
    message: 'give min, max or equals',
  })
  .meta({ id: 'Interlock' });
export type Interlock = z.infer<typeof interlock>;

/** A command as the type declares it. */
export const commandDeclaration = z
  .object({
    description: z.string().max(1000).optional(),
    parameters: commandParameters.prefault({}),
    approval: z
      .boolean()
      .default(false)
      .meta({ description: 'Another person has to approve it before it is sent' }),
    lease: z
      .boolean()
      .default(false)
      .meta({ description: 'Only who holds the lease of the device may give it' }),
    timeout: z
      .int()
      .min(1)
      .max(86_400)
      .default(60)
      .meta({ description: 'Seconds from sending to the result' }),
    expiresAfter: z
      .int()
      .min(1)
      .max(7 * 86_400)
      .default(3600)
      .meta({ description: 'Seconds within which it has to be sent, approval included' }),
    interlocks: z.array(interlock).max(20).default([]),
    dryRun: z.boolean().default(false).meta({ description: 'The instrument can check it without doing it' }),
  })
  .strict()
  .meta({ id: 'CommandDeclarationInput', outputId: 'CommandDeclaration' });
export type CommandDeclaration = z.infer<typeof commandDeclaration>;

/** Commands by name. */
export const commandDeclarations = z
  .record(slug, commandDeclaration)
  .refine((declared) => Object.keys(declared).length <= 50, 'at most 50 commands');
export type CommandDeclarations = z.infer<typeof commandDeclarations>;
