/**
 * The intrinsic functions of CloudFormation. What they refer to (resources, exports, parameters) is asked of
 * a `Scope`; here is only what each function does with it.
 *
 * Source: "Intrinsic function reference" and "Condition functions" of the CloudFormation user guide.
 */
import { isObject } from '../../contracts/json.ts';
import type { Json, JsonObject } from '../types.ts';
import { AssemblyError } from './errors.ts';

/** What stands behind the names in one template. */
export interface Scope {
  readonly stack: string;
  /** `Ref` of a resource, parameter or pseudo parameter; `undefined` for `AWS::NoValue`. */
  ref(name: string, where: string): Json | undefined;
  getAtt(logicalId: string, attribute: string, where: string): Json;
  importValue(name: string, where: string): Json;
  stackOutput(stack: string, output: string, where: string): Json;
  condition(name: string, where: string): boolean;
  mapping(map: string, top: string, second: string, where: string): Json;
}

type Intrinsic = (argument: Json, scope: Scope, where: string) => Json | undefined;

function fail(where: string, reason: string): never {
  throw new AssemblyError(`${where}: ${reason}`);
}

function str(value: Json | undefined, where: string): string {
  if (typeof value === 'string') {
    return value;
  }
  if (typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  return fail(where, `expected text, found ${JSON.stringify(value)}`);
}

function list(value: Json | undefined, where: string): readonly Json[] {
  return Array.isArray(value) ? value : fail(where, `expected a list, found ${JSON.stringify(value)}`);
}

function required(argument: Json, scope: Scope, where: string): Json {
  const value = resolve(argument, scope, where);
  return value === undefined ? fail(where, 'AWS::NoValue has no meaning here') : value;
}

/** Resolves the elements of an argument list, which itself stands literally in the template. */
function args(argument: Json, scope: Scope, where: string): readonly Json[] {
  return list(argument, where).map((entry) => required(entry, scope, where));
}

function getAtt(argument: Json, scope: Scope, where: string): Json {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    return scope.getAtt(argument.slice(0, dot), argument.slice(dot + 1), where);
  }
  const [logicalId, attribute] = list(argument, where);
  return scope.getAtt(str(logicalId, where), str(resolve(attribute ?? null, scope, where), where), where);
}

function sub(argument: Json, scope: Scope, where: string): Json {
  const [pattern, given] = typeof argument === 'string' ? [argument, {}] : list(argument, where);
  const variables = isObject(given) ? given : fail(where, 'Fn::Sub expects an object of variables');
  return str(pattern, where).replace(/\$\{(!?)([^}]+)\}/g, (_match, literal: string, name: string) => {
    if (literal === '!') {
      return `\${${name}}`;
    }
    const variable = variables[name];
    if (variable !== undefined) {
      return str(required(variable, scope, where), where);
    }
    return str(name.includes('.') ? getAtt(name, scope, where) : scope.ref(name, where), where);
  });
}

function select(argument: Json, scope: Scope, where: string): Json {
  const [index, from] = args(argument, scope, where);
  const value = list(from, where)[Number(index)];
  return value === undefined ? fail(where, `Fn::Select finds nothing at ${JSON.stringify(index)}`) : value;
}

function test(argument: Json, scope: Scope, where: string): boolean {
  if (isObject(argument) && typeof argument['Condition'] === 'string') {
    return scope.condition(argument['Condition'], where);
  }
  const value = required(argument, scope, where);
  return typeof value === 'boolean'
    ? value
    : value === 'true' || (value !== 'false' && fail(where, 'no truth value'));
}

function choose(argument: Json, scope: Scope, where: string): Json | undefined {
  const [name, yes, no] = list(argument, where);
  if (yes === undefined || no === undefined) {
    return fail(where, 'Fn::If expects a condition and two values');
  }
  return resolve(scope.condition(str(name, where), where) ? yes : no, scope, where);
}

function stackOutput(argument: Json, scope: Scope, where: string): Json {
  if (!isObject(argument)) {
    return fail(where, 'Fn::GetStackOutput expects an object');
  }
  const stack = str(required(argument['StackName'] ?? null, scope, where), where);
  return scope.stackOutput(stack, str(argument['OutputName'], where), where);
}

function findInMap(argument: Json, scope: Scope, where: string): Json {
  const [map, top, second] = args(argument, scope, where);
  return scope.mapping(str(map, where), str(top, where), str(second, where), where);
}

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (name, scope, where) => scope.ref(str(name, where), where),
  'Fn::GetAtt': getAtt,
  'Fn::Sub': sub,
  'Fn::Join': (argument, scope, where) => {
    const [separator, parts] = args(argument, scope, where);
    return list(parts, where)
      .map((part) => str(part, where))
      .join(str(separator, where));
  },
  'Fn::Split': (argument, scope, where) => {
    const [separator, whole] = args(argument, scope, where);
    return str(whole, where).split(str(separator, where));
  },
  'Fn::Select': select,
  'Fn::ImportValue': (name, scope, where) =>
    scope.importValue(str(required(name, scope, where), where), where),
  'Fn::GetStackOutput': stackOutput,
  'Fn::FindInMap': findInMap,
  'Fn::Base64': (value, scope, where) =>
    Buffer.from(str(required(value, scope, where), where)).toString('base64'),
  'Fn::If': choose,
  'Fn::Equals': (argument, scope, where) => {
    const [left, right] = args(argument, scope, where);
    return str(left, where) === str(right, where);
  },
  'Fn::Not': (argument, scope, where) => !test(list(argument, where)[0] ?? null, scope, where),
  'Fn::And': (argument, scope, where) => list(argument, where).every((entry) => test(entry, scope, where)),
  'Fn::Or': (argument, scope, where) => list(argument, where).some((entry) => test(entry, scope, where)),
};

/** The one key of an object that is a call of an intrinsic function. */
function call(value: JsonObject): string | undefined {
  const [key, ...rest] = Object.keys(value);
  return key !== undefined && rest.length === 0 && (key === 'Ref' || key.startsWith('Fn::'))
    ? key
    : undefined;
}

/**
 * Replaces every intrinsic function inside a value by what it gives.
 * @param where place in the template, for the error
 * @returns `undefined` for `AWS::NoValue`: whoever holds the value drops it
 * @throws {AssemblyError} for a function or a reference that is not known
 */
export function resolve(value: Json, scope: Scope, where: string): Json | undefined {
  if (typeof value === 'string' && value.includes('{{resolve:')) {
    return fail(where, `dynamic references are not supported: ${value}`);
  }
  if (Array.isArray(value)) {
    return value.flatMap((entry, index) => {
      const resolved = resolve(entry, scope, `${where}[${index}]`);
      return resolved === undefined ? [] : [resolved];
    });
  }
  if (!isObject(value)) {
    return value;
  }
  const name = call(value);
  if (name !== undefined) {
    const intrinsic = INTRINSICS[name] ?? fail(where, `${name} is not supported`);
    return intrinsic(value[name] ?? null, scope, where);
  }
  const object: Record<string, Json> = {};
  for (const [key, entry] of Object.entries(value)) {
    const resolved = resolve(entry, scope, `${where}.${key}`);
    if (resolved !== undefined) {
      object[key] = resolved;
    }
  }
  return object;
}

/** Truth of an expression in the `Conditions` section. */
export function truth(expression: Json, scope: Scope, where: string): boolean {
  return test(expression, scope, where);
}
