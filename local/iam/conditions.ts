/**
 * The `Condition` block of a policy statement.
 *
 * Source: "IAM JSON policy elements: Condition operators" and "Set operators for multi-valued context keys".
 */
import { isObject } from '../../contracts/json.ts';
import type { Json } from '../types.ts';
import { arnMatcher, matcher } from './wildcard.ts';

/** Context of a request: names in lower case. */
export type Context = Readonly<Record<string, string | readonly string[]>>;
export type Condition = (context: Context) => boolean;

/** Policies with something that is not understood are refused when they are read, never half applied. */
export class UnsupportedPolicy extends Error {
  override readonly name = 'UnsupportedPolicy';
}

interface Operator {
  /** Test of one value of the request against one value of the policy. */
  readonly test: (wanted: string) => (given: string) => boolean;
  /** A negated operator holds when no value matches, also when the key is missing. */
  readonly negated?: true;
}

const numeric =
  (compare: (given: number, wanted: number) => boolean): Operator['test'] =>
  (wanted) =>
  (given) =>
    compare(Number(given), Number(wanted));

function instant(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

const date =
  (compare: (given: number, wanted: number) => boolean): Operator['test'] =>
  (wanted) =>
  (given) =>
    compare(instant(given), instant(wanted));

const exact: Operator['test'] = (wanted) => (given) => given === wanted;
const sameIgnoringCase: Operator['test'] = (wanted) => (given) =>
  given.toLowerCase() === wanted.toLowerCase();

const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: { test: exact },
  StringNotEquals: { test: exact, negated: true },
  StringEqualsIgnoreCase: { test: sameIgnoringCase },
  StringNotEqualsIgnoreCase: { test: sameIgnoringCase, negated: true },
  StringLike: { test: (wanted) => matcher(wanted) },
  StringNotLike: { test: (wanted) => matcher(wanted), negated: true },
  // AWS evaluates ArnEquals and ArnLike alike.
  ArnEquals: { test: arnMatcher },
  ArnLike: { test: arnMatcher },
  ArnNotEquals: { test: arnMatcher, negated: true },
  ArnNotLike: { test: arnMatcher, negated: true },
  Bool: { test: sameIgnoringCase },
  NumericEquals: { test: numeric((given, wanted) => given === wanted) },
  NumericNotEquals: { test: numeric((given, wanted) => given === wanted), negated: true },
  NumericLessThan: { test: numeric((given, wanted) => given < wanted) },
  NumericLessThanEquals: { test: numeric((given, wanted) => given <= wanted) },
  NumericGreaterThan: { test: numeric((given, wanted) => given > wanted) },
  NumericGreaterThanEquals: { test: numeric((given, wanted) => given >= wanted) },
  DateLessThan: { test: date((given, wanted) => given < wanted) },
  DateGreaterThan: { test: date((given, wanted) => given > wanted) },
};

function valuesOf(value: Json, where: string): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map((entry) => {
    if (typeof entry === 'object') {
      throw new UnsupportedPolicy(
        `${where}: a condition compares with text, not with ${JSON.stringify(entry)}`,
      );
    }
    return String(entry);
  });
}

function nullCheck(key: string, values: readonly string[]): Condition {
  const missing = values[0] === 'true';
  return (context) => (context[key] === undefined) === missing;
}

function compile(name: string, key: string, values: readonly string[], where: string): Condition {
  if (name === 'Null') {
    return nullCheck(key, values);
  }
  const [, set, base, ifExists] = /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
  const operator = base === undefined ? undefined : OPERATORS[base];
  if (operator === undefined) {
    throw new UnsupportedPolicy(`${where}: condition operator ${name} is not supported`);
  }
  const tests = values.map((value) => operator.test(value));
  const holds = (given: string): boolean => tests.some((test) => test(given)) !== (operator.negated ?? false);
  return (context) => {
    const given = context[key];
    if (given === undefined) {
      return (
        ifExists !== undefined || set === 'ForAllValues' || (operator.negated === true && set === undefined)
      );
    }
    const list = typeof given === 'string' ? [given] : given;
    return set === 'ForAllValues' || (set === undefined && operator.negated)
      ? list.every(holds)
      : list.some(holds);
  };
}

/**
 * Compiles a condition block; all of its operators and keys must hold.
 * @throws {UnsupportedPolicy} naming an operator that is not known
 */
export function compileConditions(block: Json | undefined, where: string): readonly Condition[] {
  if (block === undefined) {
    return [];
  }
  if (!isObject(block)) {
    throw new UnsupportedPolicy(`${where}: Condition is not an object`);
  }
  return Object.entries(block).flatMap(([operator, keys]) =>
    Object.entries(keys ?? {}).map(([key, value]) =>
      compile(operator, key.toLowerCase(), valuesOf(value, where), where),
    ),
  );
}
