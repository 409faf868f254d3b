/**
 * Functions of AWS IoT rules SQL.
 *
 * Source: AWS IoT Core developer guide, "Functions". Wrong arguments give Undefined. What calls another service
 * (`aws_lambda`, `get_thing_shadow`, `get_dynamodb`, ...) is not here, and so is refused when a rule is read.
 */

import { createHash, randomUUID } from 'node:crypto';
import { isObject } from '../../../contracts/json.ts';
import type { Value } from './ast.ts';
import type { Message } from './message.ts';
import { formatTime } from './time.ts';
import { equal, isArray, member, toBoolean, toInt, toNumber, toText } from './values.ts';

/** @param args evaluated arguments; `*` is passed as the whole payload */
export type SqlFunction = (args: readonly Value[], message: Message) => Value;

const ofNumber =
  (compute: (value: number) => number): SqlFunction =>
  ([value]) => {
    const number = toNumber(value);
    return number === undefined ? undefined : finite(compute(number));
  };

const ofNumbers =
  (compute: (left: number, right: number) => number): SqlFunction =>
  ([left, right]) => {
    const first = toNumber(left);
    const second = toNumber(right);
    return first === undefined || second === undefined ? undefined : finite(compute(first, second));
  };

const ofInts =
  (compute: (left: bigint, right: bigint) => bigint): SqlFunction =>
  ([left, right]) => {
    const first = toInt(left);
    const second = toInt(right);
    return first === undefined || second === undefined
      ? undefined
      : Number(compute(BigInt(first), BigInt(second)));
  };

const ofText =
  (compute: (text: string) => Value): SqlFunction =>
  ([value]) => {
    const text = toText(value);
    return text === undefined ? undefined : compute(text);
  };

const ofTexts =
  (compute: (first: string, second: string, third: string) => Value, needed = 2): SqlFunction =>
  (args) => {
    const texts = args.slice(0, needed).map(toText);
    const [first, second, third] = texts;
    if (first === undefined || second === undefined || (needed === 3 && third === undefined))
      return undefined;
    return compute(first, second, third ?? '');
  };

const finite = (value: number): Value => (Number.isFinite(value) ? value : undefined);

const hash = (algorithm: string): SqlFunction =>
  ofText((text) => createHash(algorithm).update(text, 'utf8').digest('hex'));

const pad =
  (place: (text: string, spaces: string) => string): SqlFunction =>
  (args) => {
    const text = toText(args[0]);
    const count = toInt(args[1]);
    if (text === undefined || count === undefined) return undefined;
    return place(text, ' '.repeat(Math.min(Math.max(count, 0), 1000)));
  };

/** Compiled patterns by source; the patterns stand in the rules, so there are few. */
const patterns = new Map<string, RegExp | undefined>();
const pattern = (source: string): RegExp | undefined => {
  if (!patterns.has(source)) {
    let compiled: RegExp | undefined;
    try {
      compiled = new RegExp(source, 'g');
    } catch {
      // "If the argument is not valid regex, the result is Undefined."
      compiled = undefined;
    }
    if (patterns.size >= 1000) patterns.clear();
    patterns.set(source, compiled);
  }
  return patterns.get(source);
};

const get: SqlFunction = ([from, key]) => {
  if (isObject(from)) return typeof key === 'string' ? member(from, key) : undefined;
  const index = toInt(key);
  if (index === undefined || index < 0) return undefined;
  if (isArray(from)) return from[index];
  return typeof from === 'string' ? (from[index] ?? undefined) : undefined;
};

const concat: SqlFunction = (args) => {
  if (args.length === 0) return undefined;
  if (args.length === 1) return args[0];
  if (args.some(isArray)) return args.flatMap((value) => (isArray(value) ? value : [value]));
  if (!args.some((value) => typeof value === 'string')) return undefined;
  const texts = args.map(toText);
  return texts.includes(undefined) ? undefined : texts.join('');
};

const substring: SqlFunction = ([value, from, to]) => {
  const text = toText(value);
  const start = toInt(from);
  const end = to === undefined ? Number.POSITIVE_INFINITY : toInt(to);
  if (text === undefined || start === undefined || end === undefined) return undefined;
  return start >= end ? '' : text.substring(start, Math.min(end, text.length));
};

const decode: SqlFunction = ([value, scheme]) => {
  if (typeof value !== 'string' || scheme !== 'base64') return undefined;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return null;
  const text = Buffer.from(value, 'base64').toString('utf8');
  try {
    return JSON.parse(text) as Value;
  } catch {
    // "Otherwise, the decoded string is returned as a string."
    return text;
  }
};

const cast: SqlFunction = ([value, type]) => {
  const number = typeof value === 'boolean' ? Number(value) : toNumber(value);
  switch (typeof type === 'string' ? type.toLowerCase() : '') {
    case 'string':
    case 'nvarchar':
    case 'text':
    case 'ntext':
    case 'varchar':
      return toText(value);
    case 'int':
    case 'integer':
      return number === undefined ? undefined : Math.floor(number);
    case 'decimal':
    case 'double':
      return number;
    case 'bool':
    case 'boolean':
      return typeof value === 'number' ? value !== 0 : toBoolean(value);
    default:
      return undefined;
  }
};

const topic: SqlFunction = ([position], message) => {
  if (position === undefined) return message.topic;
  const index = toInt(position);
  return index === undefined || index < 1 ? undefined : message.levels[index - 1];
};

const FUNCTIONS: Readonly<Record<string, SqlFunction>> = {
  abs: ofNumber(Math.abs),
  accountid: (_args, message) => message.account,
  acos: ofNumber(Math.acos),
  asin: ofNumber(Math.asin),
  atan: ofNumber(Math.atan),
  atan2: ofNumbers(Math.atan2),
  bitand: ofInts((left, right) => left & right),
  bitor: ofInts((left, right) => left | right),
  bitxor: ofInts((left, right) => left ^ right),
  cast,
  ceil: ofNumber(Math.ceil),
  chr: ([value]) => {
    const code = toInt(value);
    return code === undefined || code < 0 || code > 255 ? undefined : String.fromCharCode(code);
  },
  clientid: (_args, message) => message.clientId,
  concat,
  cos: ofNumber(Math.cos),
  cosh: ofNumber(Math.cosh),
  decode,
  encode: ([value, scheme]) => {
    const text = toText(value);
    return scheme === 'base64' && text !== undefined
      ? Buffer.from(text, 'utf8').toString('base64')
      : undefined;
  },
  endswith: ofTexts((text, end) => text.endsWith(end)),
  exp: ofNumber(Math.exp),
  floor: ofNumber(Math.floor),
  get,
  get_or_default: ([value, otherwise]) => (value === undefined ? otherwise : value),
  indexof: ofTexts((text, part) => text.indexOf(part)),
  isnull: ([value]) => value === null,
  isundefined: ([value]) => value === undefined,
  length: ofText((text) => text.length),
  ln: ofNumber(Math.log),
  log: ofNumber(Math.log10),
  lower: ofText((text) => text.toLowerCase()),
  lpad: pad((text, spaces) => spaces + text),
  ltrim: ofText((text) => text.trimStart()),
  md5: hash('md5'),
  mod: ofNumbers((left, right) => left % right),
  nanvl: ([value, otherwise]) => (value === undefined || value === null ? otherwise : value),
  newuuid: () => randomUUID(),
  numbytes: ofText((text) => Buffer.byteLength(text, 'utf8')),
  parse_time: ([form, time, zone]) => {
    const timestamp = toInt(time);
    const name = zone === undefined ? 'UTC' : toText(zone);
    if (typeof form !== 'string' || timestamp === undefined || name === undefined) return undefined;
    return formatTime(form, timestamp, name);
  },
  power: ofNumbers(Math.pow),
  principal: (_args, message) => message.principal,
  rand: () => Math.random(),
  regexp_matches: ofTexts((text, source) => {
    const compiled = pattern(source);
    return compiled === undefined ? undefined : text.search(compiled) >= 0;
  }),
  regexp_replace: ofTexts((text, source, by) => {
    const compiled = pattern(source);
    return compiled === undefined ? undefined : text.replace(compiled, by);
  }, 3),
  regexp_substr: ofTexts((text, source) => {
    const compiled = pattern(source);
    return compiled === undefined ? undefined : text.match(compiled)?.[0];
  }),
  remainder: ofNumbers((left, right) => left % right),
  replace: ofTexts((text, part, by) => text.replaceAll(part, () => by), 3),
  round: ofNumber((value) => Math.sign(value) * Math.round(Math.abs(value))),
  rpad: pad((text, spaces) => text + spaces),
  rtrim: ofText((text) => text.trimEnd()),
  sha1: hash('sha1'),
  sha224: hash('sha224'),
  sha256: hash('sha256'),
  sha384: hash('sha384'),
  sha512: hash('sha512'),
  sign: ofNumber(Math.sign),
  sin: ofNumber(Math.sin),
  sinh: ofNumber(Math.sinh),
  sourceip: (_args, message) => message.sourceIp,
  sql_version: () => '2016-03-23',
  sqrt: ofNumber(Math.sqrt),
  startswith: ofTexts((text, start) => text.startsWith(start)),
  substring,
  tan: ofNumber(Math.tan),
  tanh: ofNumber(Math.tanh),
  timestamp: (_args, message) => message.timestamp,
  topic,
  traceid: (_args, message) => message.traceId,
  trim: ofText((text) => text.trim()),
  trunc: ([value, places]) => {
    const number = toNumber(value);
    const digits = toInt(places);
    if (number === undefined || digits === undefined) return undefined;
    const factor = 10 ** Math.min(Math.max(digits, 0), 34);
    return finite(Math.trunc(number * factor) / factor);
  },
  upper: ofText((text) => text.toUpperCase()),
};

/** Whether the name, in any case, is a function that the gateway runs. */
export const isFunction = (name: string): boolean => Object.hasOwn(FUNCTIONS, name.toLowerCase());

/** @throws {RangeError} when {@link isFunction} is not so */
export const functionNamed = (name: string): SqlFunction => {
  const found = isFunction(name) ? FUNCTIONS[name.toLowerCase()] : undefined;
  if (found === undefined) throw new RangeError(`unknown function ${name}`);
  return found;
};

/** The operator IN. */
export const contains = (list: Value, value: Value): boolean | undefined =>
  isArray(list) && value !== undefined ? list.some((item) => equal(item, value) === true) : undefined;
