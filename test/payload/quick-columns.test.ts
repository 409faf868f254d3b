import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Message } from '../../contracts/messages/message.ts';
import { decodeColumns } from '../../payload/columns.ts';
import { encodeMessage } from '../../payload/encode.ts';
import { parseJson } from '../../payload/json.ts';
import { readQuickColumns } from '../../payload/quick-columns.ts';
import { columnsDocument } from '../support/payload-documents.ts';
import { decodeBytes, NOW, utf8 } from './decoding.ts';

/** What the quick way has to give where it gives anything: what JSON.parse and the columns of any kind come to. */
const slowly = (bytes: Uint8Array): Message | undefined => {
  try {
    const document = parseJson(bytes);
    if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined;
    return !('c' in document) || 'data' in document ? undefined : decodeColumns(document);
  } catch {
    return undefined;
  }
};

const agrees = (bytes: Uint8Array): boolean => {
  const quick = readQuickColumns(bytes);
  if (quick === undefined) return false;
  expect(quick).toStrictEqual(slowly(bytes));
  return true;
};

const digits = (least: number, most: number) => fc.stringMatching(new RegExp(`^\\d{${least},${most}}$`));
const whole = fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9]\d{0,19}$/));
/** Every form of a number that JSON has. */
const numeral = fc
  .tuple(
    fc.constantFrom('', '', '-'),
    whole,
    fc.option(digits(1, 25), { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e-', 'E+'), digits(1, 2)), { nil: undefined, freq: 4 }),
  )
  .map(([sign, integer, fraction, exponent]) =>
    [sign, integer, fraction === undefined ? '' : `.${fraction}`, ...(exponent ?? [])].join(''),
  );
/** What instruments send. */
const decimal = fc
  .tuple(fc.constantFrom('', '-'), fc.nat(99_999), fc.option(digits(1, 6), { nil: undefined }))
  .map(([sign, integer, fraction]) => `${sign}${integer}${fraction === undefined ? '' : `.${fraction}`}`);
const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value));
const space = fc.constantFrom('', '', '', ' ', '\n', '\t ', '\r\n  ');
/** What the device library sends, and what it does not: with decimals. */
const millis = fc.integer({ min: 0, max: 4e12 }).map(String);
const micros = fc.integer({ min: 0, max: 4e15 }).map((time) => String(time / 1000));
const texts = fc
  .date({ noInvalidDate: true, min: new Date(0), max: new Date('2200') })
  .map((at) => `"${at.toISOString()}"`);

const message = (numbers: fc.Arbitrary<string>, ...times: readonly fc.Arbitrary<string>[]) =>
  fc
    .record({
      count: fc.integer({ min: 1, max: 6 }),
      pad: space,
      names: fc.uniqueArray(fc.stringMatching(/^[A-Za-z_.~/]{0,40}$/), { minLength: 1, maxLength: 4 }),
    })
    .chain(({ count, pad, names }) => {
      const exactly = { minLength: count, maxLength: count };
      const list = (one: fc.Arbitrary<string>) =>
        fc.array(one, exactly).map((all) => `[${pad}${all.join(`,${pad}`)}${pad}]`);
      const block = fc
        .tuple(list(numbers), fc.constantFrom('', '"u":"Cel"', '"u":"%[sat]"'), fc.boolean())
        .map(([values, unit, first]) => {
          const members = unit === '' ? [`"v":${pad}${values}`] : [`"v":${values}`, unit];
          return `{${pad}${(first ? members.toReversed() : members).join(`${pad},${pad}`)}${pad}}`;
        });
      const blocks = fc
        .array(block, { minLength: names.length, maxLength: names.length })
        .map(
          (all) => `{${names.map((name, at) => `"${name}"${pad}:${pad}${all[at]}`).join(`${pad},${pad}`)}}`,
        );
      const header = fc.constantFrom(
        '"v":1',
        '"v":1,"session":"s-1"',
        '"v":1,"session":"s-1","seq":0',
        '"session":"01JABCDEF","seq":123456,"ack":true,"v":1',
        '"v":1,"sent":1767225600000,"ack":false',
        '"v":1,"sent":"2026-01-01T00:00:00Z","session":"s-2","seq":900719925474099',
      );
      return fc
        .tuple(header, fc.oneof(...times.map(list)), blocks, fc.constantFrom('tc', 'ct'))
        .map(([head, t, c, order]) => {
          const members = order === 'tc' ? [head, `"t":${t}`, `"c":${c}`] : [`"c":${c}`, head, `"t":${t}`];
          return `${pad}{${members.join(`,${pad}`)}}${pad}`;
        });
    });

describe('columns read from bytes', () => {
  it('are those of the full parser, and usual messages are among them', () => {
    fc.assert(
      fc.property(message(decimal, millis), (text) => {
        expect(agrees(utf8(text))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('are what devices send: no general parser is needed for those', () => {
    const parse = vi.spyOn(JSON, 'parse');
    const point = (channel: string, at: number) => ({
      channel,
      time: NOW + at,
      value: at / 1e6,
      unit: 'Cel',
    });
    const points = ['temp', 'chamber.temp'].flatMap((name) => [0, 1000, 2e6].map((at) => point(name, at)));
    const bytes = encodeMessage({ session: 's', seq: 7, sent: NOW, ack: true, points }, 'columns');
    expect(decodeBytes(bytes)).toMatchObject({ session: 's', seq: 7, sent: NOW, ack: true, points: 6 });
    expect(parse).not.toHaveBeenCalled();
    decodeBytes(encodeMessage({ points }, 'rows'));
    expect(parse).toHaveBeenCalled();
    parse.mockRestore();
  });

  it('hold every number of at most 15 digits to the bit', () => {
    const short = fc
      .tuple(
        fc.constantFrom('', '-'),
        fc.stringMatching(/^(0|[1-9]\d{0,14})$/),
        fc.option(digits(1, 14), { nil: undefined }),
      )
      .map(([sign, integer, fraction = '']) => {
        const kept = fraction.slice(0, 15 - integer.length);
        return `${sign}${integer}${kept === '' ? '' : `.${kept}`}`;
      });
    fc.assert(
      fc.property(fc.array(short, { minLength: 1, maxLength: 20 }), (numbers) => {
        const times = numbers.map((_, at) => at);
        expect(agrees(utf8(`{"v":1,"t":[${times}],"c":{"a":{"v":[${numbers}]}}}`)), `${numbers}`).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    '-0',
    '-0.0',
    '0.1',
    '999999999999999',
    '99999999999999.9',
    '0.00000000000001',
    '123456789.12345',
    '1767225600000.12',
    '-1.23456789',
    '0.000001',
  ])('read %s', (number) => {
    const bytes = utf8(`{"v":1,"t":[0],"c":{"a":{"v":[${number}]}}}`);
    expect(agrees(bytes)).toBe(true);
    expect(readQuickColumns(bytes)?.columns[0]?.value[0]).toBe(JSON.parse(number));
  });

  it.each([
    '1000000000000000',
    '0.000000000000001',
    '20.438000000000002',
    '9007199254740993',
    '1e3',
    '1E3',
    '5e-324',
    '1.7976931348623157e308',
  ])('leave %s to the full parser, which reads it', (number) => {
    const bytes = utf8(`{"v":1,"t":[0],"c":{"a":{"v":[${number}]}}}`);
    expect(readQuickColumns(bytes)).toBeUndefined();
    expect(decodeBytes(bytes).columns[0]?.value[0]).toBe(JSON.parse(number));
  });

  it('leave to the full parser whatever is unusual', () => {
    for (const text of [
      '',
      '{',
      '{}',
      '{"v":1}',
      '{"v":1,"t":[],"c":{}}',
      '{"v":1,"t":[],"c":{"a":{"v":[]}}}',
      '{"v":2,"t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"v":1,"t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1]},"a":{"v":[2]}}}',
      '{"v":1,"t":[0],"c":{"b":{"v":[1]},"7":{"v":[2]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1],"v":[2]}}}',
      '{"v":1,"t":[0],"c":{"a":{"u":"Cel"}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1],"q":["good"]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1,2]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1e999]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[01]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1.]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[.1]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[123456789.]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1234567890123456.]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1.2.3]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1.234567890.1]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1e]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[00]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[-01]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[-]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[+1]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1,]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1]}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1]}}}x',
      '{"v":1,"t":[0],"c":{"a":{"v":[1]}}}\0',
      '{"v":1,"t":[0],"c":{"a":{"v":[1]}},}',
      '{"v":1,"t":[0],"c":{"\\u0061":{"v":[1]}}}',
      '{"v":1,"t":[0],"c":{"µ":{"v":[1]}}}',
      '{"v":1,"t":[9e18],"c":{"a":{"v":[1]}}}',
      '{"v":1,"t":[0,"x"],"c":{"a":{"v":[1,2]}}}',
      '{"v":1,"t":["0"],"c":{"a":{"v":[1]}}}',
      '{"v":1,"t":["2026-03-01T10:00:00Z"],"c":{"a":{"v":[1]}}}',
      '{"v":1,"sent":1767225600000.5,"t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":01,"t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"session":"a","seq":007,"t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"session":"a","seq":9007199254740993,"t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"seq":1,"t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"ack":true,"session":"a","t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"ack":tru1,"t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"session":"a b","t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"session":"a","seq":-1,"t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"session":"a","seq":1.5,"t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"device":{"firmware":"2"},"t":[0],"c":{"a":{"v":[1]}}}',
      '{"v":1,"t":[0],"c":{"a":{"v":[1]}},"data":[]}',
      `{"v":1,"t":[${'0,'.repeat(2000)}0],"c":{"a":{"v":[${'0,'.repeat(2000)}0]}}}`,
      `{"v":1,"t":[${'0,'.repeat(1000)}0],"c":{"a":{"v":[${'0,'.repeat(1000)}0]},"b":{"v":[${'0,'.repeat(1000)}0]}}}`,
    ])
      expect(readQuickColumns(utf8(text)), text).toBeUndefined();
  });

  it('are those of the full parser whatever the documents and their damage', () => {
    const damage = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }), cut: fc.boolean() });
    const documents = fc.oneof(
      columnsDocument.map((one) => JSON.stringify(one)),
      message(fc.oneof(numeral, anyDouble, decimal), millis, micros, texts),
    );
    fc.assert(
      fc.property(documents, fc.option(damage), (text, wrong) => {
        const bytes = utf8(text);
        if (wrong !== null && bytes.length > 0) bytes[wrong.at % bytes.length] = wrong.byte;
        agrees(wrong?.cut === true ? bytes.subarray(0, wrong.at % (bytes.length + 1)) : bytes);
      }),
      { numRuns: 5000 },
    );
  });

  it('lie anywhere in memory', () => {
    const bytes = utf8('##{"v":1,"t":[0],"c":{"a":{"v":[1.5]}}}##');
    expect(readQuickColumns(bytes.subarray(2, -2))?.points).toBe(1);
    expect(readQuickColumns(bytes.subarray(2, -3))).toBeUndefined();
  });
});
