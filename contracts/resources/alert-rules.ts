/** Alert rules: which condition of which channels is an alert, by the words of ISA-18.2 and OPC UA Alarms & Conditions. */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';
import { storableNumber } from '../numbers.ts';
import { channelName } from './channel-name.ts';

/** Rules of one instrument type, at most: they are read with it, in one item. */
export const MAX_RULES = 100;
/** Bytes of all rules of one instrument type as JSON, at most. */
export const MAX_RULES_BYTES = 256 * 1024;
/** Devices that a rule names, at most. */
const MAX_DEVICES = 100;

/** Priorities of ISA-18.2, the highest first. */
export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Days of a week, in the order of `Date.getUTCDay`. */
export const WEEKDAYS = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
] as const;

const unit = z
  .string()
  .min(1)
  .max(32)
  .regex(/^[!-~]+$/, 'use a UCUM code')
  .optional()
  .meta({ description: 'UCUM code of the numbers of the condition; that of the channel when absent' });
const size = storableNumber(z.number().min(0));
const hysteresis = size
  .default(0)
  .meta({ description: 'Deadband: how far a value has to come back for the condition to end' });
/** Seconds up to 30 days. */
const seconds = z
  .int()
  .min(0)
  .max(30 * 86_400);

const threshold = z
  .object({
    kind: z.literal('threshold'),
    direction: z.enum(['high', 'low']),
    limit: storableNumber().meta({ description: 'The condition holds beyond it, not at it' }),
    hysteresis,
    unit,
  })
  .strict();
const rate = z
  .object({
    kind: z.literal('rate'),
    direction: z.enum(['rising', 'falling', 'either']).default('either'),
    limit: storableNumber(z.number().positive()).meta({ description: 'Change per second' }),
    window: z
      .int()
      .min(1)
      .max(86_400)
      .meta({ description: 'Seconds: the change is measured over half of it to the whole of it' }),
    unit,
  })
  .strict();
const deviation = z
  .object({
    kind: z.literal('deviation'),
    from: z.union([
      z.object({ channel: channelName }).strict(),
      z.object({ value: storableNumber() }).strict(),
    ]),
    limit: size,
    hysteresis,
    unit,
  })
  .strict();
const noData = z
  .object({ kind: z.literal('no-data'), after: seconds.min(60).meta({ description: 'Seconds of silence' }) })
  .strict();
const badQuality = z
  .object({
    kind: z.literal('bad-quality'),
    share: z.number().gt(0).max(1).meta({ description: 'At least this share of the points is bad' }),
    points: z.int().min(1).max(100).meta({ description: 'Of the newest so many points' }),
  })
  .strict();

/** When a rule has something to say. */
export const alertCondition = z
  .discriminatedUnion('kind', [threshold, rate, deviation, noData, badQuality])
  .meta({ id: 'AlertConditionInput', outputId: 'AlertCondition' });
export type AlertCondition = z.infer<typeof alertCondition>;

const clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'use a time of day such as 22:00');

const isZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

/** When a rule is valid. */
export const alertCalendar = z
  .object({
    zone: z.string().max(64).refine(isZone, 'use an IANA time zone such as Europe/Berlin'),
    days: z.array(z.enum(WEEKDAYS)).min(1).max(7).meta({ description: 'Days on which a span begins' }),
    from: clock,
    to: clock.meta({ description: 'Of the next day where it is not after `from`' }),
  })
  .strict()
  .meta({ id: 'AlertCalendar' });
export type AlertCalendar = z.infer<typeof alertCalendar>;

const devices = z.array(slug).min(1).max(MAX_DEVICES);
const time = z.string().meta({ format: 'date-time' });

/** Why an alert is kept quiet without anybody having shelved it. */
export const SUPPRESSIONS = ['out-of-service', 'by-design'] as const;

const suppression = z
  .object({
    kind: z.enum(SUPPRESSIONS),
    devices: devices.optional().meta({ description: 'All of the rule when absent' }),
    until: z.iso.datetime({ offset: true }).meta({ description: 'Told then, if it is active' }),
    reason: z.string().min(1).max(500),
  })
  .strict()
  .meta({ id: 'AlertSuppression' });

const said = {
  name: z.string().min(1).max(120),
  site: slug.optional().meta({ description: 'All sites when absent' }),
  devices: devices.optional().meta({ description: 'All of the type when absent' }),
  channel: channelName.optional().meta({
    description: 'Needed but for `no-data`, which is of the whole device when absent',
  }),
  condition: alertCondition,
  onDelay: seconds
    .default(0)
    .meta({ description: 'Seconds for which the condition has to hold, by the times of the points' }),
  offDelay: seconds.default(0).meta({ description: 'Seconds for which it has to be over' }),
  priority: z.enum(PRIORITIES).default('medium'),
  latching: z.boolean().default(false).meta({ description: 'Stays until somebody resets it' }),
  calendar: alertCalendar.optional().meta({ description: 'Always valid when absent' }),
  instructions: z.string().min(1).max(1000).optional().meta({ description: 'What to do' }),
  enabled: z.boolean().default(true),
  suppression: suppression.optional(),
};

/** A rule as somebody says it. */
export const alertRuleInput = z
  .object({ id: slug, type: slug, ...said })
  .strict()
  .meta({ id: 'AlertRuleInput' });
export type AlertRuleInput = z.infer<typeof alertRuleInput>;

const reason = z.string().min(1).max(1000);

/** What is sent to make a rule. */
export const alertRuleCreation = alertRuleInput.extend({ reason }).strict().meta({ id: 'AlertRuleCreation' });
export type AlertRuleCreation = z.infer<typeof alertRuleCreation>;
/** What is sent to change a rule: all of it but what it is of. */
export const alertRuleChange = z
  .object({ ...said, reason })
  .strict()
  .meta({ id: 'AlertRuleChange' });
export type AlertRuleChange = z.infer<typeof alertRuleChange>;
/** What is sent to take a rule away. */
export const alertRuleRemoval = z.object({ reason }).strict().meta({ id: 'AlertRuleRemoval' });

/** The numbers of a condition in the unit of the channel: what points are compared with. */
export const evaluatedNumbers = z
  .object({
    unit: z.string(),
    limit: z.number(),
    hysteresis: z.number(),
    setPoint: z.number().optional(),
  })
  .meta({ id: 'AlertRuleNumbers' });
export type EvaluatedNumbers = z.infer<typeof evaluatedNumbers>;

/** A rule as it is answered. */
export const alertRule = alertRuleInput
  .extend({
    evaluated: evaluatedNumbers
      .optional()
      .meta({ description: 'Limit, deadband and set point in the unit of the channel' }),
    version: z.int().min(1),
    createdAt: time,
    createdBy: z.string(),
    updatedAt: time,
    updatedBy: z.string(),
  })
  .meta({ id: 'AlertRule' });
export type AlertRule = z.infer<typeof alertRule>;

/** What is sent to try a rule on past data. */
export const alertPreviewRequest = z
  .object({
    rule: alertRuleInput,
    device: slug,
    from: z.iso.datetime({ offset: true }),
    to: z.iso.datetime({ offset: true }).meta({ description: 'At most 31 days after `from`' }),
  })
  .strict()
  .meta({ id: 'AlertPreviewRequest' });
export type AlertPreviewRequest = z.infer<typeof alertPreviewRequest>;

/** What a rule would have said. */
export const alertPreview = z
  .object({
    from: time,
    to: time,
    points: z.int().min(0).meta({ description: 'Points that were judged' }),
    count: z.int().min(0).meta({ description: 'How often it would have been raised' }),
    alerts: z
      .array(
        z.object({
          raisedAt: time,
          returnedAt: time.nullable().meta({ description: 'Null: not within the range' }),
          value: z.union([z.number(), z.string(), z.boolean()]).optional(),
        }),
      )
      .meta({ description: 'The first 1 000' }),
  })
  .meta({ id: 'AlertPreview' });
export type AlertPreview = z.infer<typeof alertPreview>;
