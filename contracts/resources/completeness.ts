/** Completeness: what came from a device, what became of it, and what is missing. */
import * as z from 'zod';
import { timeInput } from '../time.ts';

/** The longest range of one request, in days. */
export const COMPLETENESS_DAYS = 92;
/** Gaps that one answer names; how many more there are is said. */
export const COMPLETENESS_GAPS = 1000;

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

const counts = z.record(z.string(), z.int()).meta({ description: 'By quarantine code' });

/** The ledger of some hours of one device, and the gaps in them. */
export const completeness = z
  .object({
    device: z.string(),
    from: z.string(),
    to: z.string(),
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
    late: z
      .int()
      .meta({ description: 'Stored points that came more than 10 minutes after the end of their hour' }),
    replayed: z.int().meta({ description: 'Received points that came out of the quarantine again' }),
    channels: z
      .array(
        z.object({
          n: z.string(),
          present: z.int().meta({ description: 'Points measured in the range that are stored' }),
          expected: z
            .int()
            .nullable()
            .meta({ description: 'By the interval that the type declares; null where it declares none' }),
        }),
      )
      .meta({ description: 'Channels by name' }),
    missing: z.int().meta({ description: 'Messages of all gaps' }),
    gaps: z.array(gap).meta({ description: `By time; at most ${COMPLETENESS_GAPS}` }),
    gapsLeft: z.int().meta({ description: 'Gaps that are not named for want of room: narrow the range' }),
  })
  .meta({
    id: 'Completeness',
    description: 'Of points: received = stored + duplicate + quarantined.points',
  });
export type Completeness = z.infer<typeof completeness>;
