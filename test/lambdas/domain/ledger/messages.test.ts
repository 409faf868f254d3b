import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessages, encodeMessages, toRunMessages } from '../../../../lambdas/domain/ledger/messages.ts';
import { mergeRanges } from '../../../../lambdas/domain/ledger/sequence-ranges.ts';
import { UnknownFormat } from '../../../../series/codec/unknown-format.ts';

const sequence = fc.bigInt({ min: 0n, max: 10n ** 129n - 1n }).map(String);
const identity = fc.record(
  {
    sequence,
    arrived: fc.integer({ min: 0, max: 2 ** 51 }),
    session: fc.option(fc.constantFrom('s', '01J9Z3'), { nil: undefined }),
    seq: fc.option(fc.oneof(fc.nat(100), fc.maxSafeNat()), { nil: undefined }),
    points: fc.nat(2000),
  },
  { noNullPrototype: true },
);

describe('messages of a run', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(identity, { maxLength: 30 }), sequence, (messages, first) => {
        const run = toRunMessages(messages, first);
        expect(decodeMessages(encodeMessages(run, first), first)).toStrictEqual(run);
        expect(run.last).toBe(messages.at(-1)?.sequence ?? first);
        expect(run.unreadable.map(({ sequence: one }) => one)).toStrictEqual(
          messages.flatMap(({ session, points, sequence: one }) =>
            session === undefined && points === 0 ? [one] : [],
          ),
        );
      }),
    );
  });

  it('are told by ranges, as if each were one', () => {
    const close = fc.record(
      {
        sequence: fc.constant('1'),
        arrived: fc.nat(1000),
        session: fc.constantFrom('s', 't'),
        seq: fc.nat(9),
        points: fc.nat(2),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(close, { maxLength: 30 }), (messages) => {
        const singles = messages.map(({ session, seq, arrived }) => ({
          session,
          from: seq,
          to: seq,
          fromArrived: arrived,
          toArrived: arrived,
        }));
        const { numbered } = mergeRanges(singles.map((single) => ({ numbered: [single], unreadable: [] })));
        expect(toRunMessages(messages, '1').numbered).toStrictEqual(numbered);
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
    const [{ sequence: first } = { sequence: '0' }] = messages;
    expect(encodeMessages(toRunMessages(messages, first), first).length).toBeLessThan(60);
  });

  it('of another version are refused', () => {
    expect(() => decodeMessages(Buffer.of(9, 0, 0), '1')).toThrow(UnknownFormat);
    expect(() => decodeMessages(Buffer.of(2, 0, 4, 1, 0, 0, 0, 3), '1')).toThrow(/announced/);
  });
});
