/**
 * Condition blocks of AWS IoT policies.
 */
import { isObject } from '../../contracts/json.ts';
import type { Json } from '../types.ts';
import { compileText, type Principal, type Text, type Variable, variable } from './policy-variables.ts';

/** Whether a condition holds for a connection. */
export type Condition = (principal: Principal) => boolean;

interface Operator {
  /** What an absent key means: negated operators hold. */
  readonly negated: boolean;
  readonly test: (value: string, wanted: readonly Text[], principal: Principal) => boolean;
}

const equals = (value: string, wanted: readonly Text[], principal: Principal): boolean =>
  wanted.some((text) => text.matches(value, principal));

const OPERATORS: Readonly<Record<string, Operator>> = {
  Bool: { negated: false, test: equals },
  StringEquals: { negated: false, test: equals },
  StringNotEquals: { negated: true, test: (...all) => !equals(...all) },
  StringLike: { negated: false, test: equals },
  StringNotLike: { negated: true, test: (...all) => !equals(...all) },
};
const LIKE: ReadonlySet<string> = new Set(['StringLike', 'StringNotLike']);

/**
 * Compiles the condition block of a statement; all of its conditions must hold.
 * @param fail called with a reason when an operator or a key is unknown
 */
export const compileConditions = (
  block: Json | undefined,
  fail: (reason: string) => never,
): readonly Condition[] => {
  if (block === undefined) return [];
  const conditions: Condition[] = [];
  for (const [name, keys] of entries(block)) {
    const operator = OPERATORS[name] ?? fail(`uses the unknown condition operator ${name}`);
    for (const [key, values] of entries(keys)) {
      const read = variable(key) ?? fail(`uses the unknown condition key ${key}`);
      const texts = (Array.isArray(values) ? values : [values]).map((value: Json) =>
        compileText(String(value), fail, LIKE.has(name)),
      );
      conditions.push(condition(operator, read, texts));
    }
  }
  return conditions;
};

const condition =
  (operator: Operator, read: Variable, texts: readonly Text[]): Condition =>
  (principal) => {
    const value = read(principal);
    return value === undefined ? operator.negated : operator.test(value, texts, principal);
  };

const entries = (value: Json): [string, Json][] => (isObject(value) ? Object.entries(value) : []);
