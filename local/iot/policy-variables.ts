/**
 * Policy variables of AWS IoT Core and patterns that contain them.
 */
import type { Thing } from './registry.ts';

/** Who is connected: what policy variables are resolved from. */
export interface Principal {
  readonly clientId: string;
  readonly principalId: string;
  readonly ip: string;
  /**
   * The thing of this connection: the one whose name is the client id, if the certificate is attached to it.
   * Without it no thing variable resolves.
   */
  readonly thing: Thing | undefined;
  /** Common name in the certificate's subject. */
  readonly commonName: string | undefined;
}

/** A part of a template: fixed text or a variable that may not resolve. */
export type Variable = (principal: Principal) => string | undefined;

const VARIABLES: Readonly<Record<string, Variable>> = {
  'iot:clientid': (principal) => principal.clientId,
  'iot:connection.thing.thingname': (principal) => principal.thing?.name,
  'iot:connection.thing.thingtypename': (principal) => principal.thing?.typeName,
  'iot:connection.thing.isattached': (principal) => (principal.thing === undefined ? undefined : 'true'),
  'iot:certificate.subject.commonname': (principal) => principal.commonName,
  'aws:sourceip': (principal) => principal.ip,
};

const ATTRIBUTE = /^iot:Connection\.Thing\.Attributes\[([A-Za-z0-9_.,@/:#=-]+)\]$/i;

/** @returns how to resolve a variable by its name, or `undefined` when nobody knows the name */
export const variable = (name: string): Variable | undefined => {
  const attribute = ATTRIBUTE.exec(name)?.[1];
  // A device may not smuggle a wildcard in through an attribute: AWS forbids * and # in used values too.
  if (attribute !== undefined) return (principal) => principal.thing?.attributes[attribute];
  return VARIABLES[name.toLowerCase()];
};

/** A pattern with `*`, `?` and variables. */
export interface Text {
  readonly source: string;
  matches(value: string, principal: Principal): boolean;
}

/**
 * Compiles a pattern. `${*}`, `${?}` and `${$}` stand for the characters themselves.
 * @param fail called with a reason when a variable is unknown
 * @param wild whether `*` and `?` are wildcards
 */
export const compileText = (source: string, fail: (reason: string) => never, wild = true): Text => {
  const text = wild ? wildcards : literal;
  const parts: (string | Variable)[] = [];
  let at = 0;
  for (const match of source.matchAll(/\$\{([^}]*)\}/g)) {
    const name = match[1] ?? '';
    parts.push(text(source.slice(at, match.index)));
    const known = variable(name);
    if (name === '*' || name === '?' || name === '$') parts.push(literal(name));
    else if (known === undefined) fail(`uses the unknown variable \${${name}}`);
    else parts.push(known);
    at = match.index + match[0].length;
  }
  parts.push(text(source.slice(at)));

  if (parts.every((part) => typeof part === 'string')) {
    const fixed = anchored(parts.join(''));
    return { source, matches: (value) => fixed.test(value) };
  }
  // The last principal asks again and again, for each of its topics.
  let last: { readonly principal: Principal; readonly pattern: RegExp | undefined } | undefined;
  return {
    source,
    matches(value, principal) {
      if (last?.principal !== principal) last = { principal, pattern: resolve(parts, principal) };
      return last.pattern?.test(value) ?? false;
    },
  };
};

const resolve = (parts: readonly (string | Variable)[], principal: Principal): RegExp | undefined => {
  let text = '';
  for (const part of parts) {
    const resolved = typeof part === 'string' ? part : part(principal);
    if (resolved === undefined) return undefined;
    text += typeof part === 'string' ? part : literal(resolved);
  }
  return anchored(text);
};

const anchored = (pattern: string): RegExp => new RegExp(`^${pattern}$`, 's');
const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const wildcards = (text: string): string => literal(text).replaceAll('\\*', '.*').replaceAll('\\?', '.');
