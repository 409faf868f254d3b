import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateName, hasUniqueNames } from '../../payload/unique-names.ts';
import { decodeBytes, refused, T, utf8 } from './decoding.ts';

const unique = (text: string): boolean => hasUniqueNames(utf8(text), text, JSON.parse(text));

describe('a JSON message', () => {
  const point = `{"n":"a","t":"${T}","v":1}`;

  it.each([
    ['of rows', `{"v":1,"v":1,"data":[${point}]}`, '/v'],
    ['of rows, written otherwise', `{"v":1,"data":[${point}],"\\u0076":1}`, '/v'],
    ['of rows, in a row', `{"v":1,"data":[${point},{"n":"a","t":"${T}","v":1,"v":2}]}`, '/data/1/v'],
    ['of rows, in place of a member', `{"v":1,"data":[{"n":"a","n":"b","t":"${T}"}]}`, '/data/0/n'],
    ['of rows, twice the rows', `{"v":1,"data":[${point}],"data":[${point}]}`, '/data'],
    ['of rows, in a fact', `{"v":1,"data":[${point}],"device":{"ip":"::1","ip":"::2"}}`, '/device/ip'],
    [
      'of rows, in what is ignored',
      `{"v":1,"data":[${point}],"x":[[],[{"a/~":1,"a/~":[]}]]}`,
      '/x/1/0/a~1~0',
    ],
    ['of columns', '{"v":1,"t":[0],"c":{"a":{"v":[1]},"a":{"v":[1]}}}', '/c/a'],
    ['of columns, of values', '{"v":1,"t":[0],"c":{"a":{"v":[1],"v":[1]}}}', '/c/a/v'],
    ['of SenML', '[{"n":"a","v":1},{"n":"b","v":1,"v":2}]', '/1/v'],
    ['with a name that is empty', `{"v":1,"":1,"":2,"data":[${point}]}`, '/'],
    ['with a name of the language', `{"v":1,"__proto__":1,"__proto__":2,"data":[${point}]}`, '/__proto__'],
  ])('%s is refused when a name stands twice', (_, text, pointer) => {
    expect(() => decodeBytes(utf8(text))).toThrow(refused('invalid-structure', pointer));
  });

  it.each([
    `{"v":1,"data":[${point},{"n":"v","t":"${T}","v":"n","u":"v","q":"good"}]}`,
    `{"v":1,"data":[{"n":"\\"a\\"","t":"${T}","v":"\\\\","note":"\\\\\\""}]}`,
    `{"v":1,"data":[${point}],"note":{"v":{"v":"v"}}}`,
    `\ufeff{"v":1,"data":[{"n":"é","t":"${T}","v":"日本"}]}`,
    '{"v":1,"t":["2026-03-01T10:00:00Z"],"c":{"a":{"v":["x"],"q":["good"]},"b":{"v":[1]}}}',
    '[{"bn":"a","n":"v","vs":"v"},{"n":"v","v":1}]',
  ])('like %s is taken: nothing stands twice in it', (text) => {
    expect(decodeBytes(utf8(text)).faults).toEqual([]);
  });
});

describe('counting', () => {
  const document = fc.jsonValue({ maxDepth: 4 });

  it('finds nothing in what was written from a document', () => {
    fc.assert(
      fc.property(document, fc.constantFrom(undefined, 1), (value, indent) => {
        expect(unique(JSON.stringify(value, null, indent))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('finds a name put in a second time, and where', () => {
    const object = fc.dictionary(fc.string(), document, { minKeys: 1, maxKeys: 5, noNullPrototype: true });
    fc.assert(
      fc.property(object, fc.nat(), document, (value, pick, other) => {
        const names = Object.keys(value);
        const name = names[pick % names.length] ?? '';
        const text = `[0,${JSON.stringify(value).slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(other)}}]`;
        expect(unique(text)).toBe(false);
        expect(duplicateName(text)).toEqual({
          name,
          pointer: `/1/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('counts every quote, wherever the text lies and however long it is', () => {
    for (const length of [0, 1, 2, 3, 4, 5, 1019, 1020, 1021, 5000]) {
      const text = JSON.stringify(Array.from({ length }, () => ''));
      const bytes = utf8(`#${text}#`);
      expect(hasUniqueNames(bytes.subarray(1, -1), text, JSON.parse(text))).toBe(true);
      expect(hasUniqueNames(utf8(text), text, JSON.parse(text).slice(1))).toBe(length === 0);
    }
  });

  it('is not misled by depth', () => {
    const deep = `${'['.repeat(50_000)}{"a":1,"a":1}${']'.repeat(50_000)}`;
    expect(unique(deep)).toBe(false);
    expect(duplicateName(deep)).toEqual({ name: 'a', pointer: '/0'.repeat(16) });
  });
});
