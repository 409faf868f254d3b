/**
 * Turns a parsed statement into functions that are called for every message.
 */
import { isObject } from '../../../contracts/json.ts';
import type { BinaryOperator, Column, Expression, Statement, Value } from './ast.ts';
import { contains, functionNamed } from './functions.ts';
import { UnsupportedSql } from './lexer.ts';
import type { Message } from './message.ts';
import { parseExpression, parseStatement, SQL_VERSION } from './parser.ts';
import { unsupportedField } from './time.ts';
import { equal, member, toBoolean, toNumber, toText } from './values.ts';

/** Computes an expression for a message. */
export type Evaluate = (message: Message) => Value;

/** A statement that is ready to run. */
export interface Query {
  /** Topic filter; absent in a rule that only Basic Ingest reaches. */
  readonly from: string | undefined;
  /** Whether WHERE lets the message through; Undefined counts as no. */
  readonly matches: (message: Message) => boolean;
  /**
   * What the actions get: the untouched bytes of the payload for `SELECT *` alone, else JSON.
   * @throws {SqlFailure} when the payload is not what the statement needs
   */
  readonly select: (message: Message) => Buffer;
}

/** The statement cannot be run on this message; AWS logs it and does nothing more. */
export class SqlFailure extends Error {
  override readonly name = 'SqlFailure';
}

/**
 * Compiles a rule's statement.
 * @param version `AwsIotSqlVersion`; must be 2016-03-23
 * @throws {UnsupportedSql}
 */
export const compileQuery = (sql: string, version: string): Query => {
  if (version !== SQL_VERSION) {
    throw new UnsupportedSql(`version ${version} is not supported, only ${SQL_VERSION}: ${sql}`);
  }
  const statement = parseStatement(sql);
  const where = statement.where === undefined ? undefined : compile(statement.where);
  return {
    from: statement.from,
    matches: where === undefined ? () => true : (message) => toBoolean(where(message)) === true,
    select: compileSelect(statement),
  };
};

/** Compiles the expression of a substitution template. @throws {UnsupportedSql} */
export const compileExpression = (sql: string): Evaluate => compile(parseExpression(sql));

const compileSelect = (statement: Statement): Query['select'] => {
  if (statement.value !== undefined) {
    const value = compile(statement.value);
    return (message) => serialize(value(message));
  }
  if (statement.columns.length === 1 && statement.columns[0]?.kind === 'all')
    return (message) => message.payload;
  const columns = statement.columns.map(compileColumn);
  return (message) => {
    const result: Record<string, Value> = Object.create(null);
    for (const column of columns) column(result, message);
    return serialize(result);
  };
};

const compileColumn = (column: Column): ((result: Record<string, Value>, message: Message) => void) => {
  if (column.kind === 'all') {
    return (result, message) => {
      const payload = message.json;
      if (!isObject(payload))
        throw new SqlFailure('SELECT * beside other columns needs a JSON object as payload');
      for (const key of Object.keys(payload)) result[key] = payload[key];
    };
  }
  const value = compile(column.expression);
  return (result, message) => {
    result[column.name] = value(message);
  };
};

/** Undefined by itself becomes the empty string. */
const serialize = (value: Value): Buffer => Buffer.from(JSON.stringify(value) ?? '', 'utf8');

const compile = (expression: Expression): Evaluate => {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      return () => value;
    }
    case 'all':
      return (message) => message.json;
    case 'attribute': {
      const { name } = expression;
      return (message) => member(message.json, name);
    }
    case 'member': {
      const of = compile(expression.of);
      const { name } = expression;
      return (message) => member(of(message), name);
    }
    case 'call':
      return compileCall(expression.name, expression.args);
    case 'not': {
      const of = compile(expression.of);
      return (message) => {
        const value = toBoolean(of(message));
        return value === undefined ? undefined : !value;
      };
    }
    case 'negative': {
      const of = compile(expression.of);
      return (message) => {
        const value = toNumber(of(message));
        return value === undefined ? undefined : -value;
      };
    }
    case 'binary': {
      const left = compile(expression.left);
      const right = compile(expression.right);
      const operate = OPERATORS[expression.operator];
      return (message) => operate(left(message), right(message));
    }
    case 'in': {
      const of = compile(expression.of);
      const list = compile(expression.list);
      return (message) => contains(list(message), of(message));
    }
    case 'case':
      return compileCase(expression);
    case 'array': {
      const items = expression.items.map(compile);
      return (message) => items.map((item) => item(message));
    }
    case 'object': {
      const entries = expression.entries.map(([key, value]) => [key, compile(value)] as const);
      return (message) => Object.fromEntries(entries.map(([key, value]) => [key, value(message)]));
    }
  }
};

const compileCall = (name: string, args: readonly Expression[]): Evaluate => {
  const scheme = args[1];
  if (
    name === 'encode' &&
    args[0]?.kind === 'all' &&
    scheme?.kind === 'literal' &&
    scheme.value === 'base64'
  ) {
    return (message) => message.payload.toString('base64');
  }
  if (
    (name === 'encode' || name === 'decode') &&
    !(scheme?.kind === 'literal' && scheme.value === 'base64')
  ) {
    throw new UnsupportedSql(`${name}() with another scheme than 'base64' is not supported`);
  }
  if (name === 'parse_time' && args[0]?.kind === 'literal' && typeof args[0].value === 'string') {
    const field = unsupportedField(args[0].value);
    if (field !== undefined)
      throw new UnsupportedSql(`the date field ${field} of parse_time() is not supported`);
  }
  const call = functionNamed(name);
  const values = args.map(compile);
  return (message) =>
    call(
      values.map((value) => value(message)),
      message,
    );
};

const compileCase = (expression: Expression & { readonly kind: 'case' }): Evaluate => {
  const of = compile(expression.of);
  const branches = expression.branches.map(({ when, result }) => ({
    when: compile(when),
    result: compile(result),
  }));
  const otherwise = expression.otherwise === undefined ? undefined : compile(expression.otherwise);
  return (message) => {
    const value = of(message);
    const branch = branches.find(({ when }) => equal(value, when(message)) === true);
    return branch === undefined ? otherwise?.(message) : branch.result(message);
  };
};

const compare =
  (test: (left: number, right: number) => boolean) =>
  (left: Value, right: Value): Value => {
    const first = toNumber(left);
    const second = toNumber(right);
    return first === undefined || second === undefined ? undefined : test(first, second);
  };

const arithmetic =
  (compute: (left: number, right: number) => number) =>
  (left: Value, right: Value): Value => {
    const first = toNumber(left);
    const second = toNumber(right);
    if (first === undefined || second === undefined) return undefined;
    const result = compute(first, second);
    return Number.isFinite(result) ? result : undefined;
  };

/** Int by Int gives Int. */
const divide = (left: number, right: number): number =>
  Number.isInteger(left) && Number.isInteger(right) ? Math.trunc(left / right) : left / right;

const plus = (left: Value, right: Value): Value => {
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (typeof left !== 'string' && typeof right !== 'string') return undefined;
  const first = toText(left);
  const second = toText(right);
  return first === undefined || second === undefined ? undefined : first + second;
};

const logical =
  (decide: (left: boolean, right: boolean) => boolean) =>
  (left: Value, right: Value): Value => {
    const first = toBoolean(left);
    const second = toBoolean(right);
    return first === undefined || second === undefined ? undefined : decide(first, second);
  };

const OPERATORS: Readonly<Record<BinaryOperator, (left: Value, right: Value) => Value>> = {
  AND: logical((left, right) => left && right),
  OR: logical((left, right) => left || right),
  '=': equal,
  '<>': (left, right) => {
    const result = equal(left, right);
    return result === undefined ? undefined : !result;
  },
  '<': compare((left, right) => left < right),
  '<=': compare((left, right) => left <= right),
  '>': compare((left, right) => left > right),
  '>=': compare((left, right) => left >= right),
  '+': plus,
  '-': arithmetic((left, right) => left - right),
  '*': arithmetic((left, right) => left * right),
  '/': arithmetic(divide),
  '%': arithmetic((left, right) => left % right),
};
