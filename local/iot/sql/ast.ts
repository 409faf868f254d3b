/**
 * What a parsed statement is made of.
 */

/** A value of the SQL: JSON, or `undefined` for the SQL's Undefined. */
export type Value = string | number | boolean | null | undefined | readonly Value[] | ValueObject;
export interface ValueObject {
  readonly [key: string]: Value;
}

export type BinaryOperator =
  | 'AND'
  | 'OR'
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | '%';

export type Expression =
  | { readonly kind: 'literal'; readonly value: Value }
  /** `*`: the whole payload. */
  | { readonly kind: 'all' }
  /** An attribute of the payload. */
  | { readonly kind: 'attribute'; readonly name: string }
  | { readonly kind: 'member'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'negative'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'in'; readonly of: Expression; readonly list: Expression }
  | {
      readonly kind: 'case';
      readonly of: Expression;
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
      readonly otherwise: Expression | undefined;
    }
  | { readonly kind: 'array'; readonly items: readonly Expression[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Expression])[] };

/** One column of SELECT. */
export type Column =
  | { readonly kind: 'all' }
  | { readonly kind: 'expression'; readonly expression: Expression; readonly name: string };

export interface Statement {
  readonly columns: readonly Column[];
  /** `SELECT VALUE expression`: the result is the value itself. */
  readonly value: Expression | undefined;
  /** Topic filter, absent in a rule that only Basic Ingest reaches. */
  readonly from: string | undefined;
  readonly where: Expression | undefined;
}
