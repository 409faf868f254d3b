/**
 * Values of a form that is made of a JSON Schema. What is typed stays as it was typed: it is read, judged and sent, and
 * never rewritten or pushed into its limits.
 */
import type { CommandParameter, CommandParameters } from '../../api/gen/index.ts';
import { numberText, unitText } from '../../charts/numbers.ts';
import { texts } from '../../texts.ts';

/** As typed: a text, or whether it is ticked; absent while nothing was said. */
export type Typed = Readonly<Record<string, string | boolean | undefined>>;

type Scalar = number | string | boolean;
export type Value = Scalar | Scalar[];

/** What the form comes to: values of what was filled in, and what is wrong with which field. */
export interface FormResult {
  readonly values: Readonly<Record<string, Value>>;
  readonly errors: Readonly<Record<string, string>>;
}

/** What is wrong with a field, in words. */
class FieldFault extends Error {}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const { fault } = texts.commands;

/** A whole part and a power of ten: 0.3 is 3 and -1. */
const decimal = (value: number): readonly [bigint, number] => {
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const [whole = '0', rest = ''] = mantissa.split('.');
  return [BigInt(whole + rest), Number(exponent) - rest.length];
};

/** Whether one decimal is a multiple of another: 0.3 is one of 0.1. */
export const isMultipleOf = (value: number, of: number): boolean => {
  const [[a, x], [b, y]] = [decimal(value), decimal(of)];
  const least = Math.min(x, y);
  const scaled = (digits: bigint, power: number): bigint => digits * 10n ** BigInt(power - least);
  return scaled(b, y) !== 0n && scaled(a, x) % scaled(b, y) === 0n;
};

interface NumberRules {
  readonly type: 'number' | 'integer';
  readonly unit?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly enum?: readonly Scalar[];
}

const withUnit = (value: number, unit: string | undefined): string =>
  `${numberText(value)} ${unit === undefined ? '' : unitText(unit)}`.trim();

/** The limits of a number in words; `undefined` where there are none. */
export const limitsText = (rules: NumberRules): string | undefined => {
  const { unit, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = rules;
  const { range, atLeast, atMost, moreThan, lessThan } = texts.commands;
  const say = (value: number): string => withUnit(value, unit);
  if (minimum !== undefined && maximum !== undefined) return range(numberText(minimum), say(maximum));
  const parts = [
    minimum === undefined ? undefined : atLeast(say(minimum)),
    exclusiveMinimum === undefined ? undefined : moreThan(say(exclusiveMinimum)),
    maximum === undefined ? undefined : atMost(say(maximum)),
    exclusiveMaximum === undefined ? undefined : lessThan(say(exclusiveMaximum)),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(', ');
};

/** @throws {FieldFault} */
const numberOf = (text: string, rules: NumberRules): number => {
  const value = Number(text.trim());
  if (!NUMBER.test(text.trim()) || !Number.isFinite(value)) throw new FieldFault(fault.number);
  if (rules.type === 'integer' && !Number.isInteger(value)) throw new FieldFault(fault.integer);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = rules;
  if (
    (minimum !== undefined && value < minimum) ||
    (maximum !== undefined && value > maximum) ||
    (exclusiveMinimum !== undefined && value <= exclusiveMinimum) ||
    (exclusiveMaximum !== undefined && value >= exclusiveMaximum)
  )
    throw new FieldFault(limitsText(rules) ?? fault.number);
  if (multipleOf !== undefined && !isMultipleOf(value, multipleOf))
    throw new FieldFault(fault.multiple(numberText(multipleOf)));
  if (rules.enum !== undefined && !rules.enum.includes(value)) throw new FieldFault(fault.choice);
  return value;
};

interface TextRules {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly enum?: readonly Scalar[];
}

/** @throws {FieldFault} */
const textOf = (text: string, rules: TextRules): string => {
  const length = [...text].length;
  if (rules.minLength !== undefined && length < rules.minLength)
    throw new FieldFault(fault.short(rules.minLength));
  if (rules.maxLength !== undefined && length > rules.maxLength)
    throw new FieldFault(fault.long(rules.maxLength));
  if (rules.enum !== undefined && !rules.enum.includes(text)) throw new FieldFault(fault.choice);
  return text;
};

type ListRules = Extract<CommandParameter, { type: 'array' }>;

/** @throws {FieldFault} */
const listOf = (text: string, { items, minItems, maxItems, uniqueItems }: ListRules): Scalar[] => {
  const { type } = items;
  const list = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): Scalar => {
      if (type === 'string') return textOf(line, items);
      if (type !== 'boolean') return numberOf(line, { ...items, type });
      if (!/^(true|false)$/.test(line.trim())) throw new FieldFault(fault.choice);
      return line.trim() === 'true';
    });
  if (minItems !== undefined && list.length < minItems) throw new FieldFault(fault.few(minItems));
  if (list.length > maxItems) throw new FieldFault(fault.many(maxItems));
  if (uniqueItems === true && new Set(list).size !== list.length) throw new FieldFault(fault.twice);
  return list;
};

/** @throws {FieldFault} */
const parameterOf = (typed: string, rules: CommandParameter): Value => {
  if (rules.type === 'string') return textOf(typed, rules);
  if (rules.type === 'array') return listOf(typed, rules);
  if (rules.type === 'boolean') return typed === 'true';
  return numberOf(typed, rules);
};

/** What a form begins with: the defaults, as they would be typed. */
export const typedDefaults = ({ properties }: CommandParameters): Typed =>
  Object.fromEntries(
    Object.entries(properties).map(([name, rules]) => {
      const value = 'default' in rules ? rules.default : undefined;
      return [name, typeof value === 'boolean' ? value : value === undefined ? undefined : String(value)];
    }),
  );

/** Reads what was typed. An empty field is no value: neither 0 nor an empty text. */
export const readForm = ({ properties, required }: CommandParameters, typed: Typed): FormResult => {
  const values: Record<string, Value> = {};
  const errors: Record<string, string> = {};
  for (const [name, rules] of Object.entries(properties)) {
    const given = typed[name];
    if (given === undefined || given === '') {
      if (required.includes(name)) errors[name] = fault.required;
      continue;
    }
    try {
      values[name] = typeof given === 'boolean' ? given : parameterOf(given, rules);
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      errors[name] = error.message;
    }
  }
  return { values, errors };
};

/** `Temperature (°C)`: the unit stands beside the name wherever a value does. */
export const labelOf = (name: string, rules: CommandParameter): string => {
  const unit = 'unit' in rules && rules.unit !== undefined ? unitText(rules.unit) : '';
  return `${rules.title ?? name}${unit === '' ? '' : ` (${unit})`}`;
};

/** A value as it is confirmed, with its unit. */
export const confirmedText = (value: unknown, rules: CommandParameter | undefined): string => {
  const text = Array.isArray(value)
    ? value.join(', ')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
  const unit = rules !== undefined && 'unit' in rules && rules.unit !== undefined ? unitText(rules.unit) : '';
  return `${text} ${unit}`.trim();
};
