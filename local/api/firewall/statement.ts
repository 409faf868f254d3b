/** Statements of rules, compiled to tests of a request. */
import type { Field, Statement } from './properties.ts';
import type { Predicate, WebRequest } from './request.ts';

/** What statements are compiled with. */
export interface Limits {
  /** Bytes of a body that the firewall is given. */
  readonly bodyBytes: number;
  /** Clock in milliseconds that never goes back. */
  readonly now: () => number;
}

type Component = (request: WebRequest) => Buffer;

const text =
  (of: (request: WebRequest) => string): Component =>
  (request) =>
    Buffer.from(of(request));

/** The component of a request that is inspected. */
const componentOf = ({ Method, QueryString, SingleHeader, UriPath }: Field, bodyBytes: number): Component => {
  if (Method !== undefined) return text(({ method }) => method);
  if (QueryString !== undefined) return text(({ query }) => query);
  if (UriPath !== undefined) return text(({ path }) => path);
  if (SingleHeader !== undefined) {
    const name = SingleHeader.Name.toLowerCase();
    return text(({ headers }) => String(headers[name] ?? ''));
  }
  return ({ body }) => body.subarray(0, bodyBytes);
};

/** A test of a component; of a body that is longer than what is inspected, `OversizeHandling` decides. */
const inspect = (
  { FieldToMatch: field, TextTransformations: transformations }: Inspected,
  { bodyBytes }: Limits,
  test: (component: Buffer) => boolean,
): Predicate => {
  const component = componentOf(field, bodyBytes);
  const lower = transformations.some(({ Type }) => Type === 'LOWERCASE');
  const handling = field.Body?.OversizeHandling ?? 'CONTINUE';
  return (request) => {
    if (field.Body !== undefined && handling !== 'CONTINUE' && request.body.length > bodyBytes)
      return handling === 'MATCH';
    const bytes = component(request);
    return test(lower ? Buffer.from(bytes.toString('latin1').toLowerCase(), 'latin1') : bytes);
  };
};
type Inspected = Pick<NonNullable<Statement['RegexMatchStatement']>, 'FieldToMatch' | 'TextTransformations'>;

const COMPARISONS = {
  EQ: (size: number, limit: number) => size === limit,
  NE: (size: number, limit: number) => size !== limit,
  LE: (size: number, limit: number) => size <= limit,
  LT: (size: number, limit: number) => size < limit,
  GE: (size: number, limit: number) => size >= limit,
  GT: (size: number, limit: number) => size > limit,
};

/** Requests of an address in a trailing window, counted by tenths of it. */
const rateOf = (limit: number, windowMillis: number, now: () => number): Predicate => {
  const step = windowMillis / 10;
  const counts = new Map<string, Map<number, number>>();
  return ({ address }) => {
    const slot = Math.floor(now() / step);
    const ofAddress = counts.get(address) ?? new Map<number, number>();
    counts.set(address, ofAddress);
    for (const old of ofAddress.keys()) if (old <= slot - 10) ofAddress.delete(old);
    ofAddress.set(slot, (ofAddress.get(slot) ?? 0) + 1);
    return [...ofAddress.values()].reduce((sum, count) => sum + count, 0) > limit;
  };
};

/**
 * Compiles a statement that is no rule group.
 * @throws {Error} when it is of none of the kinds that are known
 */
export const compile = (statement: Statement, limits: Limits): Predicate => {
  const { AndStatement: and, OrStatement: or, NotStatement: not } = statement;
  const { RegexMatchStatement: regex, SizeConstraintStatement: size, RateBasedStatement: rate } = statement;
  if (and !== undefined) {
    const all = and.Statements.map((each) => compile(each, limits));
    return (request) => all.every((test) => test(request));
  }
  if (or !== undefined) {
    const some = or.Statements.map((each) => compile(each, limits));
    return (request) => some.some((test) => test(request));
  }
  if (not !== undefined) {
    const test = compile(not.Statement, limits);
    return (request) => !test(request);
  }
  if (regex !== undefined) {
    const pattern = new RegExp(regex.RegexString);
    return inspect(regex, limits, (component) => pattern.test(component.toString()));
  }
  if (size !== undefined) {
    const compare = COMPARISONS[size.ComparisonOperator];
    return inspect(size, limits, (component) => compare(component.length, size.Size));
  }
  if (rate !== undefined) return rateOf(rate.Limit, rate.EvaluationWindowSec * 1000, limits.now);
  throw new Error('a rule without a statement that is known here');
};
