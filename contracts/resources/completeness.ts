/** Completeness: what came from a device, what became of it, and what is missing. */
import * as z from 'zod';
import { timeInput } from '../time.ts';

/** The longest range of one request, in days. */
export const COMPLETENESS_DAYS = 92;
/** Gaps that one answer names; how many more there are is said. */
export const COMPLETENESS_GAPS = 1000;

/** Gaps of one channel that one answer names. */
export const CHANNEL_GAPS = 100;
/** Two times that things are counted by. */
export const COMPLETENESS_BY = ['arrival', 'measured'] as const;
/** What tells that something is missing. */
export const COMPLETENESS_BASES = ['sequence', 'interval'] as const;
/** Why nobody can say whether something is missing. */
export const UNKNOWN_REASONS = ['no-messages', 'no-numbers', 'no-interval'] as const;

/** Query of `GET /v1/devices/{id}/completeness`. */
export const completenessQuery = z
  .object({
    from: timeInput.meta({
      description:
        'First time of arrival, included; brought down to a whole hour, for the ledger is kept by the hour',
    }),
    to: timeInput
      .optional()
      .meta({ description: 'End, excluded; brought up to a whole hour; now when absent' }),
    by: z.enum(COMPLETENESS_BY).optional().meta({
      description:
        'arrival: what came in this time, by messages; measured: the points that were measured in this time, by channels; both when absent',
    }),
  })
  .strict();
export type CompletenessQuery = z.infer<typeof completenessQuery>;

/** Why messages are likely to be missing. */
export const GAP_CAUSES = ['connection-down', 'device-restarted', 'quarantined-whole', 'unknown'] as const;
export type GapCause = (typeof GAP_CAUSES)[number];

/** Messages that are missing: a run of numbers that never came, and between which arrivals. */
export const gap = z
  .object({
    session: z.string(),
    from: z.int().meta({ description: 'First number that is missing' }),
    to: z.int().meta({ description: 'Last number that is missing' }),
    messages: z.int().meta({ description: 'How many are missing' }),
    after: z.string().nullable().meta({ description: 'When the message before arrived; null: none did' }),
    before: z.string().meta({ description: 'When the message after arrived' }),
    cause: z.enum(GAP_CAUSES).meta({
      description:
        '`connection-down`: the broker saw the device leave or return in this time; `quarantined-whole`: messages that could not be read, and so have no number, arrived in this time; `device-restarted`: the first messages of a new session',
    }),
  })
  .meta({ id: 'Gap' });
export type Gap = z.infer<typeof gap>;

const channelGap = z
  .object({
    after: z
      .string()
      .nullable()
      .meta({ description: 'The point before; null: the range begins with the gap' }),
    before: z.string().nullable().meta({ description: 'The point after; null: the range ends with the gap' }),
    points: z.int().meta({ description: 'Points that were to be expected in it' }),
  })
  .meta({ id: 'ChannelGap' });

const counts = z.record(z.string(), z.int()).meta({ description: 'By quarantine code' });

/** What is always told. */
const told = z.object({
  device: z.string(),
  from: z.string(),
  to: z.string(),
  known: z.boolean().meta({
    description: 'Whether anything at all tells that something is missing; if not, no gap means nothing',
  }),
  basis: z.array(z.enum(COMPLETENESS_BASES)).meta({
    description:
      'What tells it: numbers of messages (`sequence`), intervals that the type declares (`interval`)',
  }),
  reason: z.enum(UNKNOWN_REASONS).optional().meta({
    description:
      'Why it is not known. no-messages: none came in this time; no-numbers: messages carry no `seq`; no-interval: no channel of the type declares one',
  }),
});

/** Of messages and their points, by the time of their arrival. */
const byArrival = z.object({
  messages: z.int().meta({ description: 'Messages that arrived' }),
  received: z.int().meta({ description: 'Points of messages that could be read' }),
  stored: z.int(),
  duplicate: z.int(),
  overwritten: z.int().meta({
    description:
      'Stored versions of points of which another version stays: stored less overwritten are the points that are there',
  }),
  quarantined: z.object({ points: z.int(), byCode: counts }),
  rejected: z.object({ messages: z.int(), byCode: counts }).meta({
    description: 'Messages of which nothing could be read; their points are unknown and in no other count',
  }),
  open: z.int().meta({
    description: 'Entries of the quarantine that were not taken again; of 5 000 that are looked at',
  }),
  late: z.int().meta({
    description: 'Points, repeats among them, that came more than 10 minutes after the end of their hour',
  }),
  replayed: z.int().meta({ description: 'Received points that came out of the quarantine again' }),
  missing: z.int().meta({ description: 'Messages of all gaps' }),
  gaps: z.array(gap).meta({ description: `By time; at most ${COMPLETENESS_GAPS}` }),
  gapsLeft: z.int().meta({ description: 'Gaps that are not named for want of room: narrow the range' }),
});

/** Of channels, by the time at which points were measured. */
const byMeasured = z.object({
  channels: z
    .array(
      z.object({
        n: z.string(),
        present: z.int().meta({ description: 'Points measured in the range that are stored' }),
        expected: z
          .int()
          .nullable()
          .meta({ description: 'By the interval that the type declares; null where it declares none' }),
        gaps: z.array(channelGap).meta({
          description: `Times without the points that the interval lets expect; at most ${CHANNEL_GAPS}`,
        }),
        gapsLeft: z.int().meta({ description: 'Gaps that are not named for want of room' }),
      }),
    )
    .meta({ description: 'Channels by name' }),
});

export type ToldByArrival = z.infer<typeof byArrival>;
export type ToldByMeasured = z.infer<typeof byMeasured>;

/** The ledger of some hours of one device, and the gaps in them. */
export type Completeness = z.infer<typeof told> & ToldByArrival & ToldByMeasured;

/** As it is answered: with `by`, one of the two parts. */
export const completeness = told
  .extend({ ...byArrival.partial().shape, ...byMeasured.partial().shape })
  .meta({
    id: 'Completeness',
    description:
      'Of points: received = stored + duplicate + quarantined.points. `channels` count by measured time and are absent with `by=arrival`; all else counts by arrival and is absent with `by=measured`',
  });
export type CompletenessAnswer = z.infer<typeof completeness>;
