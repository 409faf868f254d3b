/** Requests against the schemas of the contract; every fault is pointed at. */
import type * as z from 'zod';
import { LIMITS } from '../../../contracts/limits.ts';
import type { ProblemDetail } from '../../../contracts/problems.ts';
import { ProblemError } from './problem.ts';

/** Part of a request that a schema describes. */
export type Part = 'params' | 'query' | 'headers' | 'body';

const NOT_OURS = 'is not part of the contract';

const escapeKey = (key: PropertyKey): string => String(key).replaceAll('~', '~0').replaceAll('/', '~1');

/** Where a fault is: JSON Pointer into the body, `?name`, `{name}` of the path, or the name of a header. */
const pointerTo = (part: Part, path: readonly PropertyKey[]): string => {
  if (part === 'body') return path.map((key) => `/${escapeKey(key)}`).join('');
  const name = String(path[0] ?? '');
  if (part === 'query') return `?${name}`;
  return part === 'params' ? `{${name}}` : name;
};

const detailsOf = (part: Part, issue: z.core.$ZodIssue): ProblemDetail[] => {
  // Keys too many are one issue at the object; a caller needs each key pointed at.
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      pointer: pointerTo(part, [...issue.path, key]),
      detail: NOT_OURS,
    }));
  if (issue.code === 'invalid_key')
    return issue.issues.map(({ message }) => ({ pointer: pointerTo(part, issue.path), detail: message }));
  return [{ pointer: pointerTo(part, issue.path), detail: issue.message }];
};

/** At most so many faults are told at once. */
const FAULTS_TOLD = 50;

/**
 * Reads one part of a request.
 * @throws {ProblemError} `invalid-request` with a pointer to each fault
 */
export const parsePart = <S extends z.ZodType>(schema: S, part: Part, value: unknown): z.output<S> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ProblemError('invalid-request', {
    errors: parsed.error.issues.flatMap((issue) => detailsOf(part, issue)).slice(0, FAULTS_TOLD),
  });
};

/** Where members are named `__proto__`: schemas pass over them, as assigning one changes an object's prototype. */
const prototypesIn = (value: unknown): ProblemDetail[] => {
  const found: ProblemDetail[] = [];
  // A list of what is still to look at: bodies may be nested deeper than calls may be.
  const rest: (readonly [value: unknown, pointer: string])[] = [[value, '']];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const [inside, at] = next;
    if (typeof inside !== 'object' || inside === null) continue;
    for (const [name, member] of Object.entries(inside)) {
      const pointer = `${at}/${escapeKey(name)}`;
      if (name === '__proto__') found.push({ pointer, detail: NOT_OURS });
      else rest.push([member, pointer]);
    }
  }
  return found;
};

/** Whether a text may spell `__proto__`, plainly or with escapes. */
const MAY_SPELL = /__proto__|\\u00/;

const JSON_TYPES = new Set(['application/json', 'application/merge-patch+json']);

const SURROGATE = /\\u[dD][89a-fA-F]/;

/** JSON whose texts are Unicode (RFC 7493): half a surrogate pair has neither a digest nor a place in a table. */
const parseUnicode = (text: string): unknown =>
  SURROGATE.test(text)
    ? JSON.parse(text, (key, value: unknown) => {
        if (key.isWellFormed() && (typeof value !== 'string' || value.isWellFormed())) return value;
        throw new SyntaxError('half a surrogate pair');
      })
    : JSON.parse(text);

/** Whether lists and objects stand too deep within each other: what is done with bodies goes as deep as they do. */
const isTooDeep = (body: unknown): boolean => {
  let level: readonly unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    const nested = level.filter((value) => typeof value === 'object' && value !== null);
    if (nested.length > 0 && depth === LIMITS.bodyDepth) return true;
    level = nested.flatMap(Object.values);
  }
  return false;
};

/**
 * Reads a JSON body.
 * @throws {ProblemError} `unsupported-media-type`, `body-too-large`, or `invalid-request` for what is not JSON of Unicode
 * texts, is nested too deep, or has members named `__proto__`
 */
export const readJson = async (request: Request): Promise<unknown> => {
  // Many a client sends nothing with a DELETE: what is missing in it is then pointed at by name.
  if (request.body === null && !request.headers.has('content-type')) return {};
  const [type = '', ...parameters] = (request.headers.get('content-type') ?? '').toLowerCase().split(';');
  const charset = parameters
    .map((parameter) => parameter.trim())
    .find((entry) => entry.startsWith('charset='));
  if (!JSON_TYPES.has(type.trim()) || (charset !== undefined && !/^charset="?utf-8"?$/.test(charset)))
    throw new ProblemError('unsupported-media-type');
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  if (encoding.trim().toLowerCase() !== 'identity')
    throw new ProblemError('unsupported-media-type', {
      detail: 'send the body as it is: no Content-Encoding is taken',
      headers: { 'accept-encoding': 'identity' },
    });
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.byteLength > LIMITS.bodyBytes)
    throw new ProblemError('body-too-large', { detail: `the limit is ${LIMITS.bodyBytes} bytes` });
  let text: string;
  let body: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    body = parseUnicode(text);
  } catch (cause) {
    throw new ProblemError('invalid-request', {
      errors: [{ pointer: '', detail: 'is not JSON in UTF-8' }],
      cause,
    });
  }
  if (isTooDeep(body))
    throw new ProblemError('invalid-request', {
      errors: [{ pointer: '', detail: `is nested deeper than ${LIMITS.bodyDepth}` }],
    });
  const errors = MAY_SPELL.test(text) ? prototypesIn(body).slice(0, FAULTS_TOLD) : [];
  if (errors.length > 0) throw new ProblemError('invalid-request', { errors });
  return body;
};

/** Query parameters by name; a name that is repeated keeps the list, which no schema of the contract takes. */
export const queryOf = (url: URL): Record<string, string | string[]> => {
  const query: Record<string, string | string[]> = Object.create(null);
  for (const name of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(name);
    const [only] = values;
    query[name] = values.length === 1 && only !== undefined ? only : values;
  }
  return query;
};
