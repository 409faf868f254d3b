/** The quarantine: messages that could not be stored, or not whole, and taking them again. */
import * as z from 'zod';
import { errorNote } from '../messages/downstream.ts';
import { slug } from '../messages/topics.ts';
import { QUARANTINE } from '../problems.ts';
import { timeInput } from '../time.ts';
import { deviceFacts } from './devices.ts';
import { point } from './series.ts';

/** Entries of a page: when not asked, and at most. Each is an object that is read. */
export const QUARANTINE_PAGE = { usual: 50, most: 200 } as const;

const place = z.union([slug, z.literal('_')]).meta({ description: '`_` where the topic names none' });

/** Whether an entry is still to be seen to. */
export const ENTRY_STATES = ['open', 'settled'] as const;
const entryState = z.enum(ENTRY_STATES).meta({
  description:
    '`settled` once it has been taken again: what could not be stored even then is an open entry of its own',
});

/** Query of `GET /v1/quarantine`; times of arrival, half-open. */
export const quarantineQuery = z
  .object({
    site: place.optional(),
    device: place.optional().meta({ description: 'Only with `site`' }),
    from: timeInput.optional(),
    to: timeInput.optional(),
    state: entryState.optional(),
    limit: z.coerce.number().int().min(1).max(QUARANTINE_PAGE.most).optional(),
    cursor: z.string().max(1024).optional().meta({ description: '`next` of the page before' }),
  })
  .strict()
  .refine(({ device, site }) => device === undefined || site !== undefined, {
    message: 'device needs site',
    path: ['device'],
  });
export type QuarantineQuery = z.infer<typeof quarantineQuery>;

/** Path of one entry. */
export const quarantineParams = z.object({
  site: place,
  device: place,
  date: z.iso.date().meta({ description: 'Day of arrival' }),
  sequence: z
    .string()
    .regex(/^\d{1,129}$/, 'use the number of the record')
    .meta({ description: 'Number of the record on the stream' }),
});

/** Who took an entry again. */
export const replay = z
  .object({
    entry: z.string(),
    by: z.string(),
    at: z.string(),
    sequence: z.string().meta({ description: 'Number of the record on the stream that asks for it' }),
  })
  .meta({ id: 'Replay' });

const entry = z.object({
  id: z.string().meta({
    description: 'Path below `/v1/quarantine/`: site, device, day and number',
    example: 'berlin/incubator-1/2026-03-01/49545115243490985018280067714973144582180062593244200961',
  }),
  site: z.string().nullable(),
  device: z.string().nullable(),
  arrived: z.string(),
  damaged: z.literal(true).optional().meta({
    description: 'The entry cannot be read: known are its place, its day and the bytes of its object',
  }),
  session: z.string().optional(),
  seq: z.int().optional(),
  size: z.int().meta({ description: 'Bytes of the message; of what is left of a damaged entry' }),
  notes: z.array(errorNote).meta({ description: 'Why, one for each code' }),
  state: entryState,
  replay: replay.omit({ entry: true }).extend({ sequence: z.string().optional() }).optional(),
});
/** An entry as lists tell of it. */
export const quarantined = entry.meta({ id: 'Quarantined' });
export type Quarantined = z.infer<typeof quarantined>;

const codes = Object.keys(QUARANTINE) as [keyof typeof QUARANTINE, ...(keyof typeof QUARANTINE)[]];

/** One entry, with its bytes, and as far as it can be read. */
export const quarantinedMessage = entry
  .extend({
    bytes: z.base64().meta({ description: 'The message as it came; of a damaged entry, its object' }),
    decoded: z
      .object({
        format: z.string(),
        session: z.string().optional(),
        seq: z.int().optional(),
        sent: z.string().optional(),
        facts: deviceFacts.optional(),
        points: z
          .array(
            point.omit({ u: true }).extend({ u: z.string().optional() }).meta({ id: 'QuarantinedPoint' }),
          )
          .meta({ description: 'As sent, not yet held to the instrument type' }),
        faults: z.array(z.object({ code: z.enum(codes), pointer: z.string(), points: z.int() })),
      })
      .nullable()
      .meta({ description: 'null where nothing can be read' }),
    undecodable: z
      .object({ code: z.enum(codes), detail: z.string(), pointer: z.string().optional() })
      .optional()
      .meta({ description: 'Why nothing can be read' }),
  })
  .meta({ id: 'QuarantinedMessage' });
export type QuarantinedMessage = z.infer<typeof quarantinedMessage>;
