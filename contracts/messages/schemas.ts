/**
 * The JSON formats as schemas: what is published, in the words of JSON Schema. Decoding does not run them, for
 * speed; tests hold that the two agree. Members that a schema does not name are ignored.
 */
import * as z from 'zod';
import { LIMITS } from '../limits.ts';
import { QUALITIES, qualityFromOpcUa, qualityName } from '../quality.ts';
import { deviceFacts } from '../resources/devices.ts';
import { MAX_MICROS, parseTime } from '../time.ts';
import { PAYLOAD_VERSION, SENML_VERSION, SESSION } from './message.ts';

const time = z
  .union([
    z
      .string()
      .refine((text) => parseTime(text) !== undefined, 'use an RFC 3339 time')
      .meta({ format: 'date-time' }),
    z
      .number()
      .refine((millis) => Math.abs(Math.round(millis * 1000)) <= MAX_MICROS, 'out of range')
      .meta({ description: 'Milliseconds since the Unix epoch, with up to three decimals' }),
  ])
  .meta({ id: 'PayloadTime' });

const text = z
  .string()
  .refine((value) => value.isWellFormed(), 'lone surrogates have no UTF-8')
  .refine(
    (value) => new TextEncoder().encode(value).length <= LIMITS.stringBytes,
    'at most 256 bytes of UTF-8',
  );

const value = z.union([z.number(), z.boolean(), text]).meta({ id: 'PayloadValue' });

const names = QUALITIES.map((_, place) => qualityName(place)) as [string, ...string[]];
const quality = z
  .union([
    z.enum(names),
    z
      .int()
      .refine((code) => qualityFromOpcUa(code) !== undefined, 'no OPC UA status code')
      .meta({ description: 'OPC UA status code, unsigned 32 bits' }),
  ])
  .meta({ id: 'PayloadQuality' });

const header = {
  v: z.literal(PAYLOAD_VERSION).meta({ description: 'Version of the format' }),
  session: z
    .string()
    .regex(SESSION)
    .optional()
    .meta({ description: 'Run of the sequence numbers; a new one after each loss of the counter' }),
  seq: z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'One more with each message of the session; needs session' }),
  sent: time.optional(),
  ack: z
    .boolean()
    .optional()
    .meta({ description: 'Whether to acknowledge on the ack topic once stored; needs seq' }),
  device: deviceFacts.optional(),
};

interface Header {
  readonly session?: string | undefined;
  readonly seq?: number | undefined;
  readonly ack?: boolean | undefined;
  readonly device?: object | undefined;
}

const identityHolds = ({ session, seq, ack }: Header): boolean =>
  (seq === undefined || session !== undefined) && (ack !== true || seq !== undefined);
const IDENTITY_RULE = 'seq needs session, ack needs seq';
const hasFacts = ({ device }: Header): boolean => device !== undefined && Object.keys(device).length > 0;
const CONTENT_RULE = 'send a point or a device fact';

/** Native rows: each point with its own time. */
export const rowsMessage = z
  .object({
    ...header,
    data: z
      .array(z.object({ n: z.string(), t: time, v: value, u: z.string().optional(), q: quality.optional() }))
      .max(LIMITS.messagePoints)
      .optional()
      .meta({
        description: 'Points: channel, time, value, UCUM unit, quality. May be left out beside device',
      }),
    c: z.never().optional(),
  })
  .refine(identityHolds, IDENTITY_RULE)
  .refine((message) => (message.data?.length ?? 0) > 0 || hasFacts(message), CONTENT_RULE)
  .meta({ id: 'RowsMessage' });

/** Native columns: channels that were measured at the same times. */
export const columnsMessage = z
  .object({
    ...header,
    t: z.array(time).max(LIMITS.messagePoints),
    c: z
      .record(
        z.string(),
        z.object({ u: z.string().optional(), v: z.array(value), q: z.array(quality).optional() }),
      )
      .meta({ description: 'By channel: UCUM unit, a value for each time, a quality for each time' }),
    data: z.never().optional(),
  })
  .refine(identityHolds, IDENTITY_RULE)
  .refine(
    ({ t, c }) =>
      Object.values(c).every(
        ({ v, q }) => v.length === t.length && (q === undefined || q.length === t.length),
      ),
    'v and q have an entry for each time',
  )
  .refine(
    ({ t, c }) => t.length * Object.keys(c).length <= LIMITS.messagePoints,
    `at most ${LIMITS.messagePoints} points`,
  )
  .refine(
    (message) => message.t.length * Object.keys(message.c).length > 0 || hasFacts(message),
    CONTENT_RULE,
  )
  .meta({ id: 'ColumnsMessage' });

const senmlRecord = z
  .looseObject({
    bn: z.string().optional(),
    bt: z.number().optional(),
    bu: z.string().optional(),
    bv: z.number().optional(),
    bs: z.number().optional(),
    bver: z.int().min(1).max(SENML_VERSION).optional(),
    n: z.string().optional(),
    u: z.string().optional(),
    t: z.number().optional(),
    v: z.number().optional(),
    vs: text.optional(),
    vb: z.boolean().optional(),
    vd: z.never().optional(),
    s: z.number().optional(),
  })
  .meta({ id: 'SenmlRecord' });

/**
 * SenML, RFC 8428: the shape of each record. What holds between records (names, one value each, labels that must be
 * understood) has no words in JSON Schema: decoding checks it.
 */
export const senmlPack = z.array(senmlRecord).min(1).max(LIMITS.messagePoints).meta({ id: 'SenmlPack' });

/** Any JSON message on the data topic. */
export const jsonMessage = z.union([rowsMessage, columnsMessage, senmlPack]).meta({ id: 'DataMessage' });
