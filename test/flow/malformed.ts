/** Payloads that are wrong, each with the code that it must be quarantined with. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { QuarantineCode } from '../../contracts/problems.ts';

export interface Malformed {
  readonly name: string;
  readonly bytes: Buffer;
  readonly code: QuarantineCode;
}

const SOON = 3_600_000;
const now = Date.now();
const at = new Date(now - 60_000).toISOString();
const text = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');

const one = (code: QuarantineCode, name: string, bytes: Buffer): Malformed => ({
  name: `${code}: ${name}`,
  bytes,
  code,
});
const each = (code: QuarantineCode, kinds: Readonly<Record<string, unknown>>): Malformed[] =>
  Object.entries(kinds).map(([name, value]) => one(code, name, Buffer.isBuffer(value) ? value : text(value)));

/** A rows message whose only point is changed; `undefined` takes a member away. */
const row = (change: object): object => ({ v: 1, data: [{ n: 'temp', t: at, v: 20, ...change }] });
const columns = (change: object): object => ({ v: 1, t: [at], c: { temp: { v: [20], ...change } } });
const header = (change: object): object => ({ v: 1, data: [{ n: 'temp', t: at, v: 20 }], ...change });
const senml = (change: object): object => [
  { n: 'temp', u: 'Cel', t: (now - 60_000) / 1000, v: 20, ...change },
];

const badTimes: Readonly<Record<string, unknown>> = {
  word: 'yesterday',
  empty: '',
  'no zone': '2026-03-01T10:00:00',
  'no time': '2026-03-01',
  'month 13': '2026-13-01T10:00:00Z',
  'day 0': '2026-03-00T10:00:00Z',
  '30 February': '2026-02-30T10:00:00Z',
  '29 February of a common year': '2025-02-29T10:00:00Z',
  'hour 24': '2026-03-01T24:00:00Z',
  'minute 60': '2026-03-01T10:60:00Z',
  'second 61': '2026-03-01T10:00:61Z',
  'ten decimals': '2026-03-01T10:00:00.0123456789Z',
  'no decimals after the point': '2026-03-01T10:00:00.Z',
  'wide zone': '2026-03-01T10:00:00+25:00',
  'zone without a colon': '2026-03-01T10:00:00+0100',
  'space at the end': '2026-03-01T10:00:00Z ',
  boolean: true,
  object: {},
  array: [],
  null: null,
  'too large a number': 1e300,
};

const badUnits: Readonly<Record<string, unknown>> = {
  kelvin: 'K',
  lower: 'cel',
  empty: '',
  degree: '°C',
  number: 1,
  null: null,
};

const badQualities: Readonly<Record<string, unknown>> = {
  'unknown name': 'excellent',
  'unknown reason': 'bad/luck',
  upper: 'GOOD',
  negative: -1,
  fraction: 1.5,
  'beyond 32 bits': 0x100000000,
  boolean: true,
  null: null,
  object: {},
};

const badHeaders: Readonly<Record<string, object>> = {
  'version as text': header({ v: '1' }),
  'no version': header({ v: undefined }),
  'session number': header({ session: 7 }),
  'session empty': header({ session: '' }),
  'session with a space': header({ session: 'a b' }),
  'session too long': header({ session: 'x'.repeat(65) }),
  'session with a control character': header({ session: 'a\u0007' }),
  'seq negative': header({ session: 's', seq: -1 }),
  'seq fraction': header({ session: 's', seq: 0.5 }),
  'seq text': header({ session: 's', seq: '1' }),
  'seq beyond exact': header({ session: 's', seq: 2 ** 53 }),
  'seq without session': header({ seq: 1 }),
  'ack as text': header({ session: 's', seq: 1, ack: 'yes' }),
  'ack without seq': header({ ack: true }),
  'no data': { v: 1 },
  'data object': { v: 1, data: {} },
  'data null': { v: 1, data: null },
  'data text': { v: 1, data: 'x' },
  'data and c': { v: 1, data: [], c: {}, t: [] },
  'c without t': { v: 1, c: { temp: { v: [1] } } },
  't no array': { v: 1, t: at, c: { temp: { v: [1] } } },
  'c array': { v: 1, t: [at], c: [] },
  'c null': { v: 1, t: [at], c: null },
  'c text': { v: 1, t: [at], c: 'x' },
};

const named = (prefix: string, kinds: Readonly<Record<string, unknown>>, make: (value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(kinds).map(([name, value]) => [`${prefix} ${name}`, make(value)]));

/** Every kind, at least two hundred. */
export const MALFORMED: readonly Malformed[] = [
  ...each('malformed-json', {
    'open object': '{',
    'open array': '[',
    'open string': '{"v":1,"data":[{"n":"te',
    'trailing comma': '{"v":1,}',
    'two documents': '{"v":1}{"v":1}',
    'single quotes': "{'v':1}",
    'bare word': '{v:1}',
    comment: '{"v":1/*x*/}',
    NaN: '{"v":1,"data":[{"n":"temp","t":1,"v":NaN}]}',
    Infinity: '{"v":1,"data":[{"n":"temp","t":1,"v":Infinity}]}',
    'leading zero': '{"v":01}',
    hexadecimal: '{"v":0x1}',
    'lone surrogate bytes': Buffer.concat([text('{"v":1,"x":"'), hex('eda080'), text('"}')]),
    'overlong UTF-8': Buffer.concat([text('{"v":1,"x":"'), hex('c0af'), text('"}')]),
    'cut UTF-8': Buffer.concat([text('{"v":1,"x":"'), hex('e282'), text('"}')]),
    'Latin-1': Buffer.concat([text('{"v":1,"x":"'), hex('b0'), text('"}')]),
    'raw control character': '{"v":1,"x":"\u0001"}',
    'white space alone': ' ',
    'newline alone': '\n\n',
  }),
  ...each('unknown-format', {
    'plain text': 'hello',
    number: '42',
    'zstd of another magic': hex('28b52ffe00'),
    word: 'null',
    'zero byte': hex('00'),
    XML: '<measurement/>',
    'high byte': hex('ff'),
    CSV: 'temp,20',
  }),
  ...each('invalid-structure', badHeaders),
  ...each('unsupported-version', {
    'version 2': header({ v: 2 }),
    'version 0': header({ v: 0 }),
    'version -1': header({ v: -1 }),
  }),
  ...each('no-content', {
    'no points': { v: 1, data: [] },
    'no columns': { v: 1, t: [], c: {} },
    'no records': [],
  }),
  ...each('invalid-structure', {
    'point null': { v: 1, data: [null] },
    'point number': { v: 1, data: [1] },
    'point text': { v: 1, data: ['x'] },
    'point array': { v: 1, data: [[]] },
    'name missing': row({ n: undefined }),
    'name number': row({ n: 1 }),
    'name null': row({ n: null }),
    'column null': { v: 1, t: [at], c: { temp: null } },
    'column number': { v: 1, t: [at], c: { temp: 1 } },
    'values missing': columns({ v: undefined }),
    'values object': columns({ v: {} }),
    'fewer values than times': columns({ v: [] }),
    'more values than times': columns({ v: [1, 2] }),
    'more qualities than times': columns({ q: ['good', 'good'] }),
  }),
  ...each(
    'invalid-time',
    named('row', badTimes, (t) => row({ t })),
  ),
  ...each(
    'invalid-time',
    named('column', badTimes, (t) => ({ v: 1, t: [t], c: { temp: { v: [20] } } })),
  ),
  one('invalid-time', 'row without time', text(row({ t: undefined }))),
  ...each('not-a-number', {
    'null in a row': row({ v: null }),
    'null in a column': columns({ v: [null] }),
    'too large for a float64': `{"v":1,"data":[{"n":"temp","t":"${at}","v":1e999}]}`,
  }),
  ...each('wrong-value-type', {
    'no value': row({ v: undefined }),
    object: row({ v: {} }),
    array: row({ v: [1] }),
    'text for a number': row({ v: '20' }),
    'boolean for a number': row({ v: true }),
    'number for a boolean': row({ n: 'door', v: 1 }),
    'text for a boolean': row({ n: 'door', v: 'true' }),
    'fraction for an integer': row({ n: 'count', v: 1.5 }),
    'text for an integer': row({ n: 'count', v: '7' }),
    'number for a text': row({ n: 'state', v: 5 }),
    'boolean for a text': row({ n: 'state', v: false }),
    'object in a column': columns({ v: [{}] }),
    'text in a column': columns({ v: ['20'] }),
  }),
  ...each('value-too-long', {
    ASCII: row({ n: 'state', v: 'x'.repeat(257) }),
    'two bytes each': row({ n: 'state', v: 'ü'.repeat(129) }),
    'four bytes each': row({ n: 'state', v: '😀'.repeat(65) }),
  }),
  ...each(
    'wrong-unit',
    named('row', badUnits, (u) => row({ u })),
  ),
  ...each(
    'wrong-unit',
    named('column', badUnits, (u) => columns({ u })),
  ),
  ...each(
    'invalid-quality',
    named('row', badQualities, (q) => row({ q })),
  ),
  ...each(
    'invalid-quality',
    named('column', badQualities, (q) => columns({ q: [q] })),
  ),
  ...each('unknown-channel', {
    'other name': row({ n: 'pressure' }),
    upper: row({ n: 'Temp' }),
    empty: row({ n: '' }),
    prototype: `{"v":1,"data":[{"n":"__proto__","t":"${at}","v":1}]}`,
    constructor: row({ n: 'constructor' }),
    'in a column': { v: 1, t: [at], c: { pressure: { v: [1] } } },
    'prototype column': `{"v":1,"t":["${at}"],"c":{"__proto__":{"v":[1]}}}`,
    'very long': row({ n: 'x'.repeat(5000) }),
  }),
  ...each('too-old', {
    'eight days': row({ t: new Date(now - 8 * 86_400_000).toISOString() }),
    'the epoch': row({ t: 0 }),
    'seconds for milliseconds': row({ t: Math.floor(now / 1000) }),
    'before the epoch': row({ t: '1969-07-20T20:17:40Z' }),
    'in a column': { v: 1, t: [0], c: { temp: { v: [1] } } },
  }),
  ...each('in-future', {
    'one hour': row({ t: new Date(now + SOON).toISOString() }),
    'next century': row({ t: '2126-01-01T00:00:00Z' }),
    'in a column': { v: 1, t: [now + SOON], c: { temp: { v: [1] } } },
  }),
  ...each('invalid-structure', {
    'SenML of numbers': [1],
    'SenML of nulls': [null],
    'SenML of arrays': [[]],
    'SenML name number': senml({ n: 7 }),
    'SenML base name number': senml({ bn: 7 }),
    'SenML base time text': senml({ bt: 'x' }),
  }),
  ...each('unsupported-version', { 'SenML version 99': senml({ bver: 99 }) }),
  ...each('malformed-cbor', {
    'cut array': hex('81'),
    'cut map': hex('81a1'),
    'cut text': hex('81a10065'),
    'cut float': hex('81a102fb4034'),
    'reserved length': hex('9c'),
    'endless without an end': hex('9f'),
    'bytes after the end': hex('8000'),
  }),
  ...each('malformed-protobuf', {
    'text that begins like it': '"x"',
    'cut length': hex('1a'),
    'cut message': hex('1aff0141'),
    'cut varint': hex('10ffffff'),
    'endless varint': hex('10ffffffffffffffffffffff'),
  }),
  ...each('corrupt-compression', {
    'gzip header alone': hex('1f8b08'),
    'gzip cut': gzipSync(text(row({}))).subarray(0, 30),
    'gzip checksum': Buffer.concat([gzipSync(text(row({}))).subarray(0, -8), Buffer.alloc(8)]),
    'zstd magic alone': hex('28b52ffd'),
    'zstd cut': zstdCompressSync(text(row({}))).subarray(0, 20),
  }),
  ...each('unpacked-too-large', {
    'gzip bomb': gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20)).subarray(0, 128 * 1024),
    'zstd bomb': zstdCompressSync(Buffer.alloc(64 * 1024 * 1024, 0x20)),
    'one byte too many': gzipSync(Buffer.alloc(2 * 1024 * 1024 + 1, 0x20)),
  }),
  ...each('too-many-points', {
    rows: { v: 1, data: Array.from({ length: 2001 }, (_, i) => ({ n: 'temp', t: i, v: i })) },
    columns: {
      v: 1,
      t: Array.from({ length: 2001 }, (_, i) => i),
      c: { temp: { v: Array.from({ length: 2001 }, () => 1) } },
    },
    'columns together': {
      v: 1,
      t: Array.from({ length: 1001 }, (_, i) => i),
      c: {
        temp: { v: Array.from({ length: 1001 }, () => 1) },
        count: { v: Array.from({ length: 1001 }, () => 1) },
      },
    },
  }),
  ...each('empty-message', { 'no bytes': Buffer.alloc(0) }),
  ...each(
    'malformed-json',
    named('cut after', { 5: 5, 9: 9, 15: 15, 22: 22, 30: 30 }, (length) =>
      text(row({})).subarray(0, Number(length)),
    ),
  ),
];
