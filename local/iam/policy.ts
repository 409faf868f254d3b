/**
 * Policy documents as lists of grants. A grant is the smallest thing that can be given or taken away: one
 * action on one resource.
 */
import { isObject } from '../../contracts/json.ts';
import type { Json, JsonObject } from '../types.ts';
import { type Condition, type Context, compileConditions, UnsupportedPolicy } from './conditions.ts';
import { arnMatcher, matcher } from './wildcard.ts';

/** Where a document stands. */
export interface Origin {
  /** Logical id of the policy or role that carries it, or ARN of a policy of AWS. */
  readonly policy: string;
  /** For errors: `Stack/LogicalId`. */
  readonly where: string;
  /** A trust policy names no resource: it is the role that carries it. */
  readonly kind: 'identity' | 'resource' | 'trust';
}

/** One action on one resource, as a statement gives or denies it. */
export interface Rule {
  readonly effect: 'Allow' | 'Deny';
  readonly policy: string;
  readonly statement: number;
  /** As written; `!` in front of the list of a `NotAction` or `NotResource`. */
  readonly action: string;
  readonly resource: string;
  /** What else of the statement matters, as text: two rules that differ in it are two rules. */
  readonly condition: string;
  /** Whom the statement is about, in a policy of a resource or of trust. */
  readonly principals: readonly Principal[];
  matches(action: string, resource: string, context: Context): boolean;
}

export interface Principal {
  readonly kind: string;
  readonly id: string;
}

interface Pattern {
  readonly text: string;
  readonly matches: (value: string) => boolean;
}

const ELEMENTS = new Set([
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
  'Principal',
]);

function object(value: Json | undefined, where: string): JsonObject {
  if (!isObject(value)) {
    throw new UnsupportedPolicy(`${where}: expected an object, found ${JSON.stringify(value)}`);
  }
  return value;
}

function texts(value: Json | undefined, where: string): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map((entry: Json | undefined) => {
    if (typeof entry !== 'string') {
      throw new UnsupportedPolicy(`${where}: expected text, found ${JSON.stringify(entry)}`);
    }
    if (/\$\{(?![*?$]\})/.test(entry)) {
      throw new UnsupportedPolicy(`${where}: policy variables are not supported: ${entry}`);
    }
    return entry;
  });
}

function patterns(
  statement: JsonObject,
  element: 'Action' | 'Resource',
  { where, kind }: Origin,
): readonly Pattern[] {
  const compile = (text: string) => (element === 'Action' ? matcher(text, true) : arnMatcher(text));
  const negated = statement[`Not${element}`];
  if (negated === undefined) {
    const given = statement[element] ?? (element === 'Resource' && kind === 'trust' ? '*' : undefined);
    return texts(given, `${where}.${element}`).map((text) => ({ text, matches: compile(text) }));
  }
  const excluded = texts(negated, `${where}.Not${element}`);
  const tests = excluded.map(compile);
  return [{ text: `!${excluded.join(',')}`, matches: (value) => !tests.some((test) => test(value)) }];
}

function principalsOf(value: Json | undefined, where: string): readonly Principal[] {
  if (value === undefined) {
    return [];
  }
  if (value === '*') {
    return [{ kind: 'AWS', id: '*' }];
  }
  return Object.entries(object(value, where)).flatMap(([kind, ids]) =>
    texts(ids, where).map((id) => ({ kind, id })),
  );
}

function statementRules(statement: JsonObject, index: number, origin: Origin): readonly Rule[] {
  const where = `${origin.where} statement ${index}`;
  const strange = Object.keys(statement).find((key) => !ELEMENTS.has(key));
  if (strange !== undefined) {
    throw new UnsupportedPolicy(`${where}: element ${strange} is not supported`);
  }
  const effect = statement['Effect'];
  if (effect !== 'Allow' && effect !== 'Deny') {
    throw new UnsupportedPolicy(`${where}: Effect must be Allow or Deny`);
  }
  const conditions = compileConditions(statement['Condition'], where);
  const principals = principalsOf(statement['Principal'], where);
  const resources = patterns(statement, 'Resource', { ...origin, where });
  return patterns(statement, 'Action', { ...origin, where }).flatMap((action) =>
    resources.map((resource) => ({
      effect,
      policy: origin.policy,
      statement: index,
      action: action.text,
      resource: resource.text,
      condition: JSON.stringify(statement['Condition'] ?? null),
      principals,
      matches: rule(action, resource, conditions),
    })),
  );
}

function rule(action: Pattern, resource: Pattern, conditions: readonly Condition[]): Rule['matches'] {
  return (wantedAction, wantedResource, context) =>
    action.matches(wantedAction) &&
    resource.matches(wantedResource) &&
    conditions.every((condition) => condition(context));
}

/**
 * Reads a policy document.
 * @throws {UnsupportedPolicy} naming the statement and what in it is not understood
 */
export function readPolicy(document: Json | undefined, origin: Origin): readonly Rule[] {
  const statements = object(document, origin.where)['Statement'];
  const list = Array.isArray(statements) ? statements : [statements];
  return list.flatMap((statement: Json | undefined, index) =>
    statementRules(object(statement, origin.where), index, origin),
  );
}
