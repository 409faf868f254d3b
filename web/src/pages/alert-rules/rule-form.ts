/** An alert rule as a form: all of it as it is typed, and what it comes to. */
import { PRIORITIES, type Priority, type SUPPRESSIONS } from '../../../../contracts/resources/alert-rules.ts';
import type { AlertRule, AlertRuleInput } from '../../api/gen/index.ts';
import { fieldOf, instantOfField } from '../../charts/zone.ts';
import { texts } from '../../texts.ts';
import { readForm, type Typed } from '../commands/form-values.ts';
import { conditionFields, DAYS, DELAYS, type Kind } from './condition-fields.ts';

export interface CalendarForm {
  readonly zone: string;
  readonly days: readonly string[];
  readonly from: string;
  readonly to: string;
}

export interface SuppressionForm {
  readonly kind: (typeof SUPPRESSIONS)[number];
  readonly devices: readonly string[];
  /** As of a `datetime-local` field. */
  readonly until: string;
  readonly reason: string;
}

export interface RuleForm {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  /** Empty: all. */
  readonly site: string;
  /** None: all. */
  readonly devices: readonly string[];
  /** Empty: the whole device. */
  readonly channel: string;
  readonly kind: Kind;
  /** By the names of {@link conditionFields}. */
  readonly condition: Typed;
  readonly from: 'value' | 'channel';
  readonly delays: Typed;
  readonly priority: Priority;
  readonly latching: boolean;
  readonly enabled: boolean;
  readonly instructions: string;
  readonly calendar: CalendarForm | undefined;
  readonly suppression: SuppressionForm | undefined;
}

type Condition = AlertRuleInput['condition'];

/** What a form of a kind begins with. */
export const emptyCondition = (kind: Kind): Typed =>
  kind === 'threshold' ? { direction: 'high' } : kind === 'rate' ? { direction: 'either' } : {};

/** A new rule. */
export const emptyRule = (type: string, site: string): RuleForm => ({
  type,
  id: '',
  name: '',
  site,
  devices: [],
  channel: '',
  kind: 'threshold',
  condition: emptyCondition('threshold'),
  from: 'value',
  delays: {},
  priority: 'medium',
  latching: false,
  enabled: true,
  instructions: '',
  calendar: undefined,
  suppression: undefined,
});

const typedCondition = (condition: Condition): Typed => {
  const { kind: _kind, ...members } = condition;
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]): [string, string][] =>
      typeof value === 'object'
        ? Object.entries(value).map(([inner, deep]) => [`${name}/${inner}`, String(deep)])
        : [[name, String(value)]],
    ),
  );
};

/** @param zone in which times are typed */
export const formOfRule = (rule: AlertRule, zone: string): RuleForm => {
  const { condition, calendar, suppression } = rule;
  return {
    ...emptyRule(rule.type, rule.site ?? ''),
    id: rule.id,
    name: rule.name,
    devices: rule.devices ?? [],
    channel: rule.channel ?? '',
    kind: condition.kind,
    condition: typedCondition(condition),
    from: condition.kind === 'deviation' && 'channel' in condition.from ? 'channel' : 'value',
    delays: { onDelay: String(rule.onDelay), offDelay: String(rule.offDelay) },
    priority: PRIORITIES.find((each) => each === rule.priority) ?? 'medium',
    latching: rule.latching,
    enabled: rule.enabled,
    instructions: rule.instructions ?? '',
    calendar,
    suppression:
      suppression === undefined
        ? undefined
        : {
            kind: suppression.kind,
            devices: suppression.devices ?? [],
            until: fieldOf(Date.parse(suppression.until), zone),
            reason: suppression.reason,
          },
  };
};

/** What the groups of fields of the editor have in common. */
export interface FieldsProps {
  readonly form: RuleForm;
  readonly set: (change: Partial<RuleForm>) => void;
  /** What is wrong with a field. @param pointer JSON Pointer into the rule */
  readonly at: (pointer: string) => string | undefined;
  readonly readOnly: boolean;
}

export interface ReadRule {
  readonly rule: AlertRuleInput;
  /** By JSON Pointer into the rule, as the server's own. */
  readonly errors: Readonly<Record<string, string>>;
}

const { required } = texts.commands.fault;

/** `from/value` becomes a member of a member. */
const nested = (values: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const all: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const [outer = '', inner] = name.split('/');
    all[outer] = inner === undefined ? value : { [inner]: value };
  }
  return all;
};

const readCondition = (
  { kind, condition, from }: RuleForm,
  errors: Record<string, string>,
): Record<string, unknown> => {
  const read = readForm(conditionFields(kind, String(condition['unit'] ?? ''), from), condition);
  for (const [name, detail] of Object.entries(read.errors)) errors[`/condition/${name}`] = detail;
  return { kind, ...nested(read.values) };
};

const readSuppression = (
  { kind, devices, until, reason }: SuppressionForm,
  zone: string,
  errors: Record<string, string>,
) => {
  const end = instantOfField(until, zone);
  if (end === undefined) errors['/suppression/until'] = required;
  if (reason.trim() === '') errors['/suppression/reason'] = required;
  return {
    kind,
    ...(devices.length === 0 ? {} : { devices: [...devices] }),
    until: new Date(end ?? 0).toISOString(),
    reason: reason.trim(),
  };
};

const readCalendar = ({ zone, days, from, to }: CalendarForm, errors: Record<string, string>) => {
  for (const [name, value] of Object.entries({ zone, from, to }))
    if (value.trim() === '') errors[`/calendar/${name}`] = required;
  if (days.length === 0) errors['/calendar/days'] = required;
  return { zone: zone.trim(), days: DAYS.filter((each) => days.includes(each)), from, to };
};

/**
 * What the form comes to, and what can be told to be wrong before it is sent.
 * @param zone in which times are typed
 */
export const readRuleForm = (form: RuleForm, zone: string): ReadRule => {
  const errors: Record<string, string> = {};
  for (const name of ['type', 'id', 'name'] as const)
    if (form[name].trim() === '') errors[`/${name}`] = required;
  if (form.channel === '' && form.kind !== 'no-data') errors['/channel'] = required;
  const delays = readForm(DELAYS, form.delays);
  for (const [name, detail] of Object.entries(delays.errors)) errors[`/${name}`] = detail;
  const { site, devices, channel, calendar, suppression } = form;
  const instructions = form.instructions.trim();
  const rule = {
    id: form.id.trim(),
    type: form.type,
    name: form.name.trim(),
    ...(site === '' ? {} : { site }),
    ...(devices.length === 0 ? {} : { devices: [...devices] }),
    ...(channel === '' ? {} : { channel }),
    condition: readCondition(form, errors),
    ...delays.values,
    priority: form.priority,
    latching: form.latching,
    enabled: form.enabled,
    ...(instructions === '' ? {} : { instructions }),
    ...(calendar && { calendar: readCalendar(calendar, errors) }),
    ...(suppression && { suppression: readSuppression(suppression, zone, errors) }),
  };
  return { rule: rule as unknown as AlertRuleInput, errors };
};
