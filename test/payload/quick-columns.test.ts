import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../contracts/messages/message.ts';
import { decodeColumns } from '../../payload/columns.ts';
import { parseJson } from '../../payload/json.ts';
import { readQuickColumns } from '../../payload/quick-columns.ts';
import { columnsDocument } from '../support/payload-documents.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

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
const millis = fc.oneof(
  fc.integer({ min: 0, max: 4e12 }).map(String),
  fc.integer({ min: 0, max: 4e15 }).map((micros) => String(micros / 1000)),
);
/** Near each other, as those of one message are. */
const usualMillis = fc
  .integer({ min: 1e12, max: 9_007_199_200_000 })
  .chain((start) =>
    fc.array(fc.nat(9999), { minLength: 1, maxLength: 20 }).map((list) => list.map((one) => start + one)),
  );
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
        '"v":1,"sent":"2026-01-01T00:00:00Z","session":"s-2","seq":9007199254740991',
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
      fc.property(message(decimal, millis, texts), (text) => {
        expect(agrees(utf8(text))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('hold every time in milliseconds', () => {
    const separator = fc.constantFrom(',', ', ', ' ,', ',  ');
    const damage = fc.option(fc.tuple(fc.nat(), fc.constantFrom(...'0:/.-eE,] }x5\u0080')), { freq: 2 });
    let quick = 0;
    fc.assert(
      fc.property(
        usualMillis,
        separator,
        damage,
        fc.constantFrom('tc', 'ct'),
        (list, comma, wrong, order) => {
          let t = list.join(comma);
          if (wrong !== null)
            t = `${t.slice(0, wrong[0] % t.length)}${wrong[1]}${t.slice((wrong[0] % t.length) + 1)}`;
          const c = `"c":{"a":{"v":[${list.map(() => 1).join()}]}}`;
          const text = order === 'tc' ? `{"v":1,"t":[${t}],${c}}` : `{"v":1,${c},"t":[${t}]}`;
          if (agrees(utf8(text))) quick += 1;
          else expect(wrong).not.toBeNull();
        },
      ),
      { numRuns: 3000 },
    );
    expect(quick).toBeGreaterThan(1000);
  });

  it.each([
    '0767225600000',
    '999999999999',
    '10000000000000',
    '9999999999999',
    '9007199254740',
    '9007199254741',
    '1767225600000.5',
    '176722560000:',
  ])('read the time %s as the full parser does', (time) => {
    for (const t of [time, `1767225600000,${time}`, `${time},1767225600000`]) {
      const values = t.split(',').map(() => 1);
      agrees(utf8(`{"v":1,"c":{"a":{"v":[${values.join()}]}},"t":[${t}]}`));
      agrees(utf8(`{"v":1,"t":[${t}],"c":{"a":{"v":[${values.join()}]}}}`));
    }
  });

  it('hold every number to the bit', () => {
    let quick = 0;
    fc.assert(
      fc.property(
        message(fc.oneof(numeral, anyDouble, decimal), fc.constantFrom('1767225600000.125')),
        (text) => {
          if (agrees(utf8(text))) quick += 1;
        },
      ),
      { numRuns: 3000 },
    );
    expect(quick).toBeGreaterThan(1000);
  });

  it.each([
    '-0',
    '-0.0',
    '0.1',
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '900719925474099.3',
    '0.000000000000000001',
    '0.0000000000000000000001',
    '123456789.1',
    '123456789.123456789',
    '1234567890',
    '123456789012345',
    '1234567890123456',
    '1767225600000.125',
    '-1.2345678',
    '-1.23456789',
    '0.000001',
    '999999999.99999999',
    '1e3',
    '5e-324',
    '1.7976931348623157e308',
    '20.438000000000002',
  ])('read %s', (number) => {
    const bytes = utf8(`{"v":1,"t":[0],"c":{"a":{"v":[${number}]}}}`);
    expect(agrees(bytes)).toBe(true);
    expect(readQuickColumns(bytes)?.columns[0]?.value[0]).toBe(JSON.parse(number));
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
      message(fc.oneof(numeral, decimal), millis, fc.oneof(millis, texts)),
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

  it('are those of the full parser whatever messages were like before', () => {
    // Two kinds of message, each of which comes often enough to be known; then one of them with any byte exchanged.
    const documents = message(decimal, millis, texts);
    const damage = fc.tuple(fc.nat(), fc.constantFrom(...Array.from('0159-.eE,:"[]{} atcuvx\\\u0080')));
    fc.assert(
      fc.property(
        documents,
        documents,
        fc.array(damage, { minLength: 1, maxLength: 8 }),
        (one, other, changes) => {
          for (const text of [one, one, one, other, one, other, other, other])
            expect(agrees(utf8(text))).toBe(true);
          for (const [place, char] of changes) {
            const at = place % other.length;
            agrees(utf8(`${other.slice(0, at)}${char}${other.slice(at + 1)}`));
            agrees(utf8(`${other.slice(0, at)}${char}${other.slice(at)}`));
            agrees(utf8(other.slice(0, at)));
            agrees(utf8(`${other}${char}`));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('go on with other numbers where messages are alike', () => {
    const like = (session: string, seq: string, t: string, a: string, b: string) =>
      utf8(
        `{"v":1,"session":"${session}","seq":${seq},"t":[${t}],"c":{"a":{"u":"Cel","v":[${a}]},"b":{"v":[${b}]}}}`,
      );
    for (const bytes of [
      like('s', '1', '1767225600000', '1', '2'),
      like('s', '2', '1767225600000', '1', '2'),
      like('s', '3', '1767225600001,1767225600002', '1.5,-2', '2,3e1'),
      like('other', '123456789012', '1.5', '-0', '0'),
      like('s', '4', '"2026-01-01T00:00:00Z"', '1', '2'),
    ]) {
      expect(agrees(bytes)).toBe(true);
    }
    for (const bytes of [
      like('s', '1.5', '0', '1', '2'),
      like('s', '', '0', '1', '2'),
      like('s s', '1', '0', '1', '2'),
      like('s', '1', '0,1', '1,2', '2'),
      like('s', '1', '0', '', ''),
      like('s', '1', '', '', ''),
      like('s', '1', '0', '1],"v":[1', '1'),
      like('s","session":"s', '1', '0', '1', '1'),
    ])
      expect(readQuickColumns(bytes)).toBeUndefined();
  });

  it('lie anywhere in memory', () => {
    const bytes = utf8('##{"v":1,"t":[0],"c":{"a":{"v":[1.5]}}}##');
    expect(readQuickColumns(bytes.subarray(2, -2))?.points).toBe(1);
    expect(readQuickColumns(bytes.subarray(2, -3))).toBeUndefined();
  });
});
