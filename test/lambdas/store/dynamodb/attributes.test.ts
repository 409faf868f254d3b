import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isStorable } from '../../../../contracts/numbers.ts';
import {
  type Attribute,
  marshal,
  unmarshal,
  unmarshalValue,
} from '../../../../lambdas/store/dynamodb/attributes.ts';

describe('attributes', () => {
  it.each([1e-131, -1e-200, 5e-324, 1e126, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuse %d, which DynamoDB does not keep',
    (number) => {
      expect(() => marshal({ number })).toThrow(RangeError);
    },
  );

  it('come back as they were', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc
          .double({ noNaN: true, noDefaultInfinity: true })
          .filter(isStorable)
          .map((number) => number + 0),
        fc.boolean(),
        fc.constant(null),
        fc.uint8Array(),
        fc.array(tie('any')),
        fc.dictionary(fc.string(), tie('any')),
      ),
    })).any as fc.Arbitrary<Attribute>;
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value, { noNullPrototype: true }), (object) => {
        expect(unmarshal(marshal(object))).toEqual(object);
      }),
    );
  });

  it('leave out what is undefined, and read sets as lists', () => {
    expect(marshal({ a: undefined, b: 1 })).toEqual({ b: { N: '1' } });
    expect(unmarshal({ s: { SS: ['a'] }, n: { NS: ['1'] }, b: { BS: [new Uint8Array([1])] } })).toEqual({
      s: ['a'],
      n: [1],
      b: [new Uint8Array([1])],
    });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuse %d', (number) => {
    expect(() => marshal({ number })).toThrow(RangeError);
  });

  it('refuse a type that is none', () => {
    expect(() => unmarshalValue({ $unknown: ['X', 1] })).toThrow(TypeError);
  });
});
