/**
 * Reads AWS IoT rules SQL, version 2016-03-23.
 *
 * Source: AWS IoT Core developer guide, "AWS IoT SQL reference". Not read, and refused by name: SET, nested
 * object queries (SELECT in an expression), JSON extensions beyond objects and arrays, EXISTS.
 */
import type { BinaryOperator, Column, Expression, Statement } from './ast.ts';
import { isFunction } from './functions.ts';
import { lex, type Token, UnsupportedSql } from './lexer.ts';

/** The only version that the gateway runs. */
export const SQL_VERSION = '2016-03-23';

/** Reads a whole statement. @throws {UnsupportedSql} naming what is not supported */
export const parseStatement = (sql: string): Statement => {
  const parser = new Parser(sql);
  const statement = parser.statement();
  parser.end();
  return statement;
};

/** Reads one expression, as substitution templates contain it. @throws {UnsupportedSql} */
export const parseExpression = (sql: string): Expression => {
  const parser = new Parser(sql);
  const expression = parser.expression();
  parser.end();
  return expression;
};

/** Binary operators by how tightly they bind; a later row binds tighter. */
const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['OR'],
  ['AND'],
  ['=', '<>', '<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
];
const NOT_LEVEL = 2;
const RESERVED: ReadonlySet<string> = new Set([
  'SET',
  'EXISTS',
  'SELECT',
  'FROM',
  'WHERE',
  'LIKE',
  'BETWEEN',
]);

class Parser {
  readonly #sql: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(sql: string) {
    this.#sql = sql;
    this.#tokens = lex(sql);
  }

  statement(): Statement {
    this.#expectWord('SELECT');
    let value: Expression | undefined;
    let columns: readonly Column[] = [];
    if (
      this.#isWord('VALUE') &&
      !this.#isSign(',', 1) &&
      !this.#isWord('FROM', 1) &&
      !this.#isWord('AS', 1)
    ) {
      this.#next();
      value = this.expression();
    } else {
      columns = this.#columns();
    }
    let from: string | undefined;
    if (this.#takeWord('FROM')) {
      const token = this.#next();
      if (token.kind !== 'string')
        this.#refuse('a FROM clause that is not one topic filter in quotes', token);
      from = token.text;
    }
    const where = this.#takeWord('WHERE') ? this.expression() : undefined;
    return { columns, value, from, where };
  }

  end(): void {
    const token = this.#peek();
    if (token.kind !== 'end') this.#refuse(`${JSON.stringify(token.text)} here`, token);
  }

  #columns(): Column[] {
    const columns: Column[] = [];
    do {
      const first = this.#peek();
      if (this.#takeSign('*')) {
        if (this.#isWord('AS')) {
          this.#next();
          columns.push({ kind: 'expression', expression: { kind: 'all' }, name: this.#name() });
        } else columns.push({ kind: 'all' });
        continue;
      }
      const expression = this.expression();
      const name = this.#takeWord('AS') ? this.#name() : impliedName(expression);
      if (name === undefined) this.#refuse('an expression without AS', first);
      columns.push({ kind: 'expression', expression, name });
    } while (this.#takeSign(','));
    return columns;
  }

  expression(level = 0): Expression {
    if (level === NOT_LEVEL && this.#isWord('NOT')) {
      this.#next();
      return { kind: 'not', of: this.expression(NOT_LEVEL) };
    }
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.expression(level + 1);
    for (;;) {
      if (level === NOT_LEVEL && this.#takeWord('IN')) {
        left = { kind: 'in', of: left, list: this.expression(level + 1) };
        continue;
      }
      const operator = this.#operator(operators);
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: this.expression(level + 1) };
    }
  }

  #operator(operators: readonly BinaryOperator[]): BinaryOperator | undefined {
    const token = this.#peek();
    if (token.kind !== 'sign' && token.kind !== 'word') return undefined;
    const text = token.text === '!=' ? '<>' : token.text.toUpperCase();
    const found = operators.find((operator) => operator === text);
    if (found !== undefined) this.#next();
    return found;
  }

  #unary(): Expression {
    if (this.#takeSign('-')) return { kind: 'negative', of: this.#unary() };
    if (this.#takeSign('+')) return this.#unary();
    return this.#postfix(this.#primary());
  }

  #postfix(start: Expression): Expression {
    let expression = start;
    for (;;) {
      if (this.#takeSign('.')) {
        const token = this.#next();
        if (token.kind === 'sign' && token.text === '*') this.#refuse('.* in an expression', token);
        if (token.kind !== 'word' && token.kind !== 'name' && token.kind !== 'string') {
          this.#refuse(`.${token.text}`, token);
        }
        expression = { kind: 'member', of: expression, name: token.text };
      } else if (this.#takeSign('[')) {
        const index = this.expression();
        this.#expectSign(']');
        expression = { kind: 'call', name: 'get', args: [expression, index] };
      } else return expression;
    }
  }

  #primary(): Expression {
    const token = this.#next();
    switch (token.kind) {
      case 'number':
        return { kind: 'literal', value: token.value };
      case 'string':
        return { kind: 'literal', value: token.text };
      case 'name':
        return { kind: 'attribute', name: token.text };
      case 'word':
        return this.#word(token);
      case 'sign':
        return this.#bracketed(token);
      case 'end':
        return this.#refuse('the end of the statement here', token);
    }
  }

  #word(token: Token): Expression {
    const word = token.text.toUpperCase();
    if (this.#isSign('(') && !RESERVED.has(word)) return this.#call(token);
    switch (word) {
      case 'TRUE':
      case 'FALSE':
        return { kind: 'literal', value: word === 'TRUE' };
      case 'NULL':
        return { kind: 'literal', value: null };
      case 'UNDEFINED':
        return { kind: 'literal', value: undefined };
      case 'CASE':
        return this.#case();
    }
    if (RESERVED.has(word)) this.#refuse(word, token);
    return { kind: 'attribute', name: token.text };
  }

  #call(token: Token): Expression {
    if (!isFunction(token.text)) this.#refuse(`the function ${token.text}()`, token);
    this.#expectSign('(');
    const args: Expression[] = [];
    if (!this.#takeSign(')')) {
      do {
        if (this.#isSign('*')) {
          this.#next();
          args.push({ kind: 'all' });
        } else if (token.text.toLowerCase() === 'cast') {
          args.push(this.expression());
          this.#expectWord('AS');
          args.push({ kind: 'literal', value: this.#name() });
        } else args.push(this.expression());
      } while (this.#takeSign(','));
      this.#expectSign(')');
    }
    return { kind: 'call', name: token.text.toLowerCase(), args };
  }

  #case(): Expression {
    if (this.#isWord('WHEN')) this.#refuse('CASE without an expression after it', this.#peek());
    const of = this.expression();
    const branches: { when: Expression; result: Expression }[] = [];
    while (this.#takeWord('WHEN')) {
      const when = this.expression();
      this.#expectWord('THEN');
      branches.push({ when, result: this.expression() });
    }
    const otherwise = this.#takeWord('ELSE') ? this.expression() : undefined;
    this.#expectWord('END');
    return { kind: 'case', of, branches, otherwise };
  }

  #bracketed(token: Token): Expression {
    if (token.text === '(') {
      if (this.#isWord('SELECT')) this.#refuse('a nested SELECT', this.#peek());
      const inner = this.expression();
      this.#expectSign(')');
      return inner;
    }
    if (token.text === '[') return { kind: 'array', items: this.#items(']', () => this.expression()) };
    if (token.text === '{') {
      const entries = this.#items('}', (): [string, Expression] => {
        const key = this.#next();
        if (key.kind !== 'string' && key.kind !== 'word') this.#refuse(`the key ${key.text}`, key);
        this.#expectSign(':');
        return [key.text, this.expression()];
      });
      return { kind: 'object', entries };
    }
    return this.#refuse(JSON.stringify(token.text), token);
  }

  #items<T>(close: string, read: () => T): T[] {
    const items: T[] = [];
    if (this.#takeSign(close)) return items;
    do items.push(read());
    while (this.#takeSign(','));
    this.#expectSign(close);
    return items;
  }

  #name(): string {
    const token = this.#next();
    if (token.kind !== 'word' && token.kind !== 'name' && token.kind !== 'string') {
      return this.#refuse(`${JSON.stringify(token.text)} as a name`, token);
    }
    return token.text;
  }

  #peek(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)];
    if (token === undefined) throw new UnsupportedSql('an empty statement');
    return token;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #isWord(word: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token.kind === 'word' && token.text.toUpperCase() === word;
  }

  #isSign(sign: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token.kind === 'sign' && token.text === sign;
  }

  #takeWord(word: string): boolean {
    const found = this.#isWord(word);
    if (found) this.#next();
    return found;
  }

  #takeSign(sign: string): boolean {
    const found = this.#isSign(sign);
    if (found) this.#next();
    return found;
  }

  #expectWord(word: string): void {
    if (!this.#takeWord(word))
      this.#refuse(`${JSON.stringify(this.#peek().text)} where ${word} belongs`, this.#peek());
  }

  #expectSign(sign: string): void {
    if (!this.#takeSign(sign))
      this.#refuse(`${JSON.stringify(this.#peek().text)} where ${sign} belongs`, this.#peek());
  }

  #refuse(construct: string, token: Token): never {
    throw new UnsupportedSql(`${construct} (at ${token.at}) is not supported in: ${this.#sql}`);
  }
}

/** A column without AS takes the name of what it reads. */
const impliedName = (expression: Expression): string | undefined => {
  switch (expression.kind) {
    case 'attribute':
    case 'member':
      return expression.name;
    case 'call':
      return expression.name;
    default:
      return undefined;
  }
};
