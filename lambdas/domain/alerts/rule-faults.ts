/** What is wrong with a rule, by the instrument type that it is of; and its numbers as they are compared. */
import type { ProblemDetail } from '../../../contracts/problems.ts';
import type { AlertRuleInput, EvaluatedNumbers } from '../../../contracts/resources/alert-rules.ts';
import type { Channel, InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { conversion } from '../../../series/units/conversion.ts';
import { UnitError } from '../../../series/units/unit.ts';
import { unitProblem } from '../../../series/units/unit-problem.ts';

/** A rule that is checked: its numbers in the unit of its channel, where it has any; or why it cannot be. */
export type CheckedRule =
  | { readonly faults: readonly ProblemDetail[] }
  | { readonly evaluated: EvaluatedNumbers | undefined };

type Condition = AlertRuleInput['condition'];
type Rule = Pick<AlertRuleInput, 'channel' | 'condition'>;

const fault = (pointer: string, detail: string): CheckedRule => ({ faults: [{ pointer, detail }] });

const numbersOf = (condition: Condition, channel: Channel): EvaluatedNumbers | undefined => {
  if (condition.kind === 'no-data' || condition.kind === 'bad-quality') return undefined;
  const { unit = channel.unit, limit, kind } = condition;
  const to = conversion(unit, channel.unit);
  const hysteresis = 'hysteresis' in condition ? to.difference(condition.hysteresis) : 0;
  return {
    unit: channel.unit,
    limit: kind === 'threshold' ? to.value(limit) : to.difference(limit),
    hysteresis,
    ...(kind === 'deviation' && 'value' in condition.from
      ? { setPoint: to.value(condition.from.value) }
      : {}),
  };
};

const isNumeric = ({ type }: Channel): boolean => type !== 'string';

/** What stands against a condition of a channel. */
const channelFault = ({ condition }: Rule, channel: Channel, type: Pick<InstrumentType, 'channels'>) => {
  if (condition.kind === 'no-data' || condition.kind === 'bad-quality') return undefined;
  if (!isNumeric(channel)) return fault('/channel', 'carries texts, which have no limits');
  if (condition.kind === 'rate' && channel.interval !== undefined && condition.window < 2 * channel.interval)
    return fault('/condition/window', `must hold two points at least: ${2 * channel.interval} s`);
  if (condition.kind === 'deviation' && 'channel' in condition.from) {
    const other = type.channels[condition.from.channel];
    if (other === undefined)
      return fault('/condition/from/channel', 'the instrument type has no such channel');
    if (other.unit !== channel.unit || !isNumeric(other))
      return fault('/condition/from/channel', `must be in ${channel.unit}, as the channel is`);
  }
  return undefined;
};

/** Checks a rule against its instrument type. */
export const checkRule = (rule: Rule, type: Pick<InstrumentType, 'channels'>): CheckedRule => {
  const { condition } = rule;
  if (rule.channel === undefined)
    return condition.kind === 'no-data'
      ? { evaluated: undefined }
      : fault('/channel', `is needed for ${condition.kind}`);
  const channel = Object.hasOwn(type.channels, rule.channel) ? type.channels[rule.channel] : undefined;
  if (channel === undefined) return fault('/channel', 'the instrument type has no such channel');
  const found = channelFault(rule, channel, type);
  if (found !== undefined) return found;
  try {
    return { evaluated: numbersOf(condition, channel) };
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    const unit = 'unit' in condition ? condition.unit : undefined;
    return fault('/condition/unit', unitProblem(unit ?? channel.unit)?.detail ?? error.message);
  }
};
