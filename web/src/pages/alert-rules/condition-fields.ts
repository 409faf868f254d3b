/** The fields of each kind of condition, by the rules that the server holds them to. */
import { type AlertRuleInput, WEEKDAYS } from '../../../../contracts/resources/alert-rules.ts';
import type { CommandParameter, CommandParameters } from '../../api/gen/index.ts';
import { texts } from '../../texts.ts';

export type Kind = AlertRuleInput['condition']['kind'];

/** Kinds of conditions, as they are offered. */
export const KINDS: readonly Kind[] = ['threshold', 'rate', 'deviation', 'no-data', 'bad-quality'];
/** From Monday on, as a week is read. */
export const DAYS = [...WEEKDAYS.slice(1), WEEKDAYS[0]] as const;

const MONTH = 30 * 86_400;
const seconds = (
  title: string,
  minimum: number,
  maximum: number,
  description?: string,
): CommandParameter => ({
  type: 'integer',
  title,
  minimum,
  maximum,
  ...(description && { description }),
});
const number = (title: string, unit: string, more: object = {}): CommandParameter => ({
  type: 'number',
  title,
  ...(unit !== '' && { unit }),
  ...more,
});
const choice = (title: string, values: readonly string[]): CommandParameter => ({
  type: 'string',
  title,
  maxLength: 64,
  enum: [...values],
});

const { alertRules: words } = texts;

const fieldsOf = (kind: Kind, unit: string): Readonly<Record<string, CommandParameter>> => {
  const said = {
    unit: { type: 'string', title: words.unit, description: words.unitHint, maxLength: 32 },
  } as const;
  const hysteresis = number(words.hysteresis, unit, { minimum: 0, description: words.hysteresisHint });
  switch (kind) {
    case 'threshold':
      return {
        direction: choice(words.direction, ['high', 'low']),
        limit: number(words.limit, unit),
        hysteresis,
        ...said,
      };
    case 'rate':
      return {
        direction: choice(words.direction, ['either', 'rising', 'falling']),
        limit: number(words.rateLimit, unit, { exclusiveMinimum: 0 }),
        window: seconds(words.window, 1, 86_400),
        ...said,
      };
    case 'deviation':
      return {
        'from/value': number(words.fromValue, unit),
        'from/channel': { type: 'string', title: words.fromChannel, maxLength: 64 },
        limit: number(words.limit, unit, { minimum: 0 }),
        hysteresis,
        ...said,
      };
    case 'no-data':
      return { after: seconds(words.after, 60, MONTH) };
    case 'bad-quality':
      return {
        share: { type: 'number', title: words.share, exclusiveMinimum: 0, maximum: 1 },
        points: seconds(words.points, 1, 100),
      };
  }
};

const NEEDED: Readonly<Record<Kind, readonly string[]>> = {
  threshold: ['direction', 'limit'],
  rate: ['direction', 'limit', 'window'],
  deviation: ['limit'],
  'no-data': ['after'],
  'bad-quality': ['share', 'points'],
};

const schema = (
  properties: Readonly<Record<string, CommandParameter>>,
  required: readonly string[],
): CommandParameters => ({
  type: 'object',
  properties,
  required: [...required],
  additionalProperties: false,
});

/** @param unit of the numbers, for their labels */
export const conditionFields = (kind: Kind, unit: string, from: 'value' | 'channel'): CommandParameters => {
  const { [`from/${from === 'value' ? 'channel' : 'value'}`]: _other, ...fields } = fieldsOf(kind, unit);
  return schema(fields, [...NEEDED[kind], ...(kind === 'deviation' ? [`from/${from}`] : [])]);
};

/** How long a condition has to hold, or to be over. */
export const DELAYS = schema(
  {
    onDelay: seconds(words.onDelay, 0, MONTH, words.delayHint),
    offDelay: seconds(words.offDelay, 0, MONTH, words.delayHint),
  },
  [],
);
