import { describe, expect, it } from 'vitest';
import { itemBytes, writeUnits } from '../../../local/endpoint/dynamodb/capacity.ts';

const table = {
  keys: ['pk'],
  indexes: [{ name: 'g', global: true, keys: ['g'], projected: ['shown'] }],
};
const of = (more: object) => ({ pk: { S: 'k' }, ...more });
const total = (before?: object, after?: object) =>
  writeUnits(table, before && of(before), after && of(after)).total;

describe('capacity of DynamoDB writes', () => {
  it('counts bytes of names and values', () => {
    expect(itemBytes({ pk: { S: 'ä' } })).toBe(4);
    expect(itemBytes({ b: { B: Buffer.alloc(100).toString('base64') } })).toBe(101);
    expect(itemBytes({ n: { N: '12345' } })).toBe(1 + 4);
    expect(itemBytes({ n: { N: '-12345' } })).toBe(1 + 5);
    expect(itemBytes({ n: { N: '1e20' } })).toBe(1 + 2);
    expect(itemBytes({ t: { BOOL: true }, z: { NULL: true } })).toBe(4);
    expect(itemBytes({ l: { L: [{ S: 'ab' }] }, m: { M: { k: { S: 'v' } } } })).toBe(1 + 3 + 3 + 1 + 3 + 3);
    expect(itemBytes({ s: { SS: ['a', 'bc'] }, n: { NS: ['1'] }, b: { BS: ['AAAA'] } })).toBe(4 + 3 + 5 - 1);
  });

  it('rounds up to whole kilobytes, of the larger of old and new', () => {
    const kb = (n: number) => ({ d: { S: 'x'.repeat(1024 * n - 4) } });
    expect(total(undefined, {})).toBe(1);
    expect(total(undefined, kb(1))).toBe(1);
    expect(total(undefined, { ...kb(1), e: { S: '' } })).toBe(2);
    expect(total(kb(5), {})).toBe(5);
    expect(total(kb(3), undefined)).toBe(3);
  });

  it('adds what an index needs', () => {
    const g = { g: { S: 'x' } };
    expect(total(undefined, g)).toBe(2);
    expect(total(g, undefined)).toBe(2);
    expect(total(g, {})).toBe(2);
    expect(total(g, { ...g, hidden: { S: '1' } })).toBe(1);
    expect(total(g, { ...g, shown: { S: '1' } })).toBe(2);
    expect(total(g, { g: { S: 'y' } })).toBe(3);
    expect(
      total(
        { ...g, shown: { M: { a: { N: '1' }, b: { N: '2' } } } },
        { ...g, shown: { M: { b: { N: '2' }, a: { N: '1' } } } },
      ),
    ).toBe(1);
  });
});
