/** Instrument types: what a kind of instrument measures, and what is normal for it. */
import * as z from 'zod';
import { LIMITS } from '../limits.ts';
import { slug } from '../messages/topics.ts';
import { storableNumber } from '../numbers.ts';
import { channelName } from './channel-name.ts';
import { commandDeclarations } from './command-declarations.ts';
import { reason } from './reason.ts';

/** What the values of a channel are, for life. */
export const VALUE_TYPES = ['number', 'integer', 'boolean', 'string'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

const bounds = z
  .object({ min: z.number().optional(), max: z.number().optional() })
  .refine(({ min, max }) => min === undefined || max === undefined || min <= max, 'min must not exceed max');

/** What one channel measures, and what is normal for it. What is sent may leave out what has a default. */
export const channel = z
  .object({
    unit: z
      .string()
      .min(1)
      .max(32)
      .regex(/^[!-~]+$/, 'use a UCUM code of printable ASCII without spaces, such as Cel, uS/cm, m3')
      .meta({ description: 'UCUM code, case-sensitive; `1` for a number without a unit' }),
    type: z.enum(VALUE_TYPES).default('number'),
    kind: z
      .enum(['continuous', 'step'])
      .default('continuous')
      .meta({ description: 'continuous: changes between points; step: holds until the next point' }),
    label: z.string().max(120).optional(),
    range: bounds
      .optional()
      .meta({ description: 'Where the instrument is specified; outside: quality uncertain/out-of-range' }),
    limits: bounds
      .optional()
      .meta({ description: 'What is physically possible; outside: quality bad/out-of-range' }),
    maxRate: storableNumber(z.number().positive())
      .optional()
      .meta({ description: 'Greatest believable change per second; faster: quality uncertain/jump' }),
    stuckAfter: z
      .int()
      .min(2)
      .max(10_000)
      .optional()
      .meta({ description: 'So many equal values in a row: quality uncertain/stuck' }),
    interval: storableNumber(z.number().positive())
      .optional()
      .meta({ description: 'Expected seconds between points' }),
    resolution: storableNumber(z.number().positive())
      .optional()
      .meta({ description: 'Smallest step the instrument shows' }),
    values: z
      .array(z.string().min(1).max(LIMITS.stringBytes))
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'The only texts a string channel may carry' }),
  })
  .strict()
  .meta({ id: 'ChannelInput', outputId: 'Channel' });
export type Channel = z.infer<typeof channel>;

const described = {
  name: z.string().min(1).max(120),
  description: z.string().max(1000).optional(),
  manufacturer: z.string().max(120).optional(),
  model: z.string().max(120).optional(),
};

const channels = z
  .record(channelName, channel)
  .refine((declared) => {
    const count = Object.keys(declared).length;
    return count >= 1 && count <= LIMITS.channels;
  }, `declare 1 to ${LIMITS.channels} channels`)
  .meta({ minProperties: 1, maxProperties: LIMITS.channels });

/** What a caller sends to create an instrument type. */
export const instrumentTypeInput = z
  .object({ id: slug, ...described, channels, commands: commandDeclarations.optional() })
  .strict()
  .meta({ id: 'InstrumentTypeInput' });
export type InstrumentTypeInput = z.infer<typeof instrumentTypeInput>;

/** What a caller sends to change one: all of it but its identifier. */
export const instrumentTypeChange = z
  .object({ ...described, channels, commands: commandDeclarations.optional() })
  .strict();
export type InstrumentTypeChange = z.infer<typeof instrumentTypeChange>;

/** The same with why, as it is sent. */
export const instrumentTypeUpdate = instrumentTypeChange
  .extend({ reason })
  .strict()
  .meta({ id: 'InstrumentTypeUpdate' });

/** An instrument type as it is answered. */
export const instrumentType = instrumentTypeInput
  .extend({
    version: z.int().min(1),
    createdAt: z.string(),
    createdBy: z.string(),
    updatedAt: z.string().optional(),
    updatedBy: z.string().optional(),
  })
  .meta({ id: 'InstrumentType' });
export type InstrumentType = z.infer<typeof instrumentType>;
