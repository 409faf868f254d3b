import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessages, encodeMessages } from '../../../lambdas/series/messages.ts';

const identity = fc.record(
  {
    sequence: fc.bigInt({ min: 0n, max: 10n ** 129n - 1n }).map(String),
    arrived: fc.integer({ min: 0, max: 2 ** 51 }),
    session: fc.option(fc.constantFrom('s', '01J9Z3'), { nil: undefined }),
    seq: fc.option(fc.oneof(fc.nat(100), fc.maxSafeNat()), { nil: undefined }),
    points: fc.nat(2000),
  },
  { noNullPrototype: true },
);

describe('identities of messages', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(identity, { maxLength: 30 }), (messages) => {
        expect(decodeMessages(encodeMessages(messages))).toStrictEqual(messages);
      }),
    );
  });

  it('are few bytes in the usual case', () => {
    const messages = Array.from({ length: 100 }, (_, at) => ({
      sequence: String(
        49_545_115_243_490_985_018_280_067_714_973_144_582_180_062_593_244_200_961n + BigInt(at) * 10n ** 16n,
      ),
      arrived: 1_772_359_200_000_000 + at * 1_000_000,
      session: '01J9Z3',
      seq: at,
      points: 10,
    }));
    expect(encodeMessages(messages).length / messages.length).toBeLessThan(22);
  });

  it('of another version are refused', () => {
    expect(() => decodeMessages(Buffer.of(9, 0, 0))).toThrow(/version 9/);
    expect(() => decodeMessages(Buffer.of(1, 0, 3))).toThrow(/announced/);
  });
});
