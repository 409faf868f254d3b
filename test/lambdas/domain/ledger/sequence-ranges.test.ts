import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MessageIdentity, rangesOf, toRunMessages } from '../../../../lambdas/domain/ledger/messages.ts';
import {
  decodeRanges,
  encodeRanges,
  mergeRanges,
  type SequenceRanges,
} from '../../../../lambdas/domain/ledger/sequence-ranges.ts';
import { UnknownFormat } from '../../../../series/codec/unknown-format.ts';

const toStretches = (messages: readonly MessageIdentity[]): SequenceRanges =>
  rangesOf(toRunMessages(messages, '0'));

const identity = fc.record(
  {
    sequence: fc.constant('1'),
    arrived: fc.integer({ min: 0, max: 2 ** 51 }),
    session: fc.option(fc.constantFrom('s', '01J9Z3'), { nil: undefined }),
    seq: fc.option(fc.oneof(fc.nat(40), fc.maxSafeNat()), { nil: undefined }),
    points: fc.nat(3),
  },
  { noNullPrototype: true },
);
const message = (seq: number, arrived = seq, session = 's'): MessageIdentity => ({
  sequence: String(seq),
  arrived,
  session,
  seq,
  points: 1,
});

describe('ranges of messages', () => {
  it('hold each number that came and no other', () => {
    fc.assert(
      fc.property(fc.array(identity, { maxLength: 60 }), (messages) => {
        const { numbered } = toStretches(messages);
        for (const [at, { session, from, to }] of numbered.entries()) {
          const next = numbered[at + 1];
          if (next?.session === session) expect(next.from).toBeGreaterThan(to + 1);
          const came = new Set(messages.filter((each) => each.session === session).map(({ seq }) => seq));
          for (let seq = from; seq <= Math.min(to, from + 50); seq += 1) expect(came.has(seq)).toBe(true);
        }
        for (const { session, seq } of messages)
          if (session !== undefined && seq !== undefined)
            expect(
              numbered.filter((each) => each.session === session && each.from <= seq && seq <= each.to),
            ).toHaveLength(1);
      }),
    );
  });

  it('are the same merged from parts as made at once', () => {
    fc.assert(
      fc.property(fc.array(identity, { maxLength: 60 }), fc.nat(60), (messages, cut) => {
        const parts = [messages.slice(0, cut), messages.slice(cut)].map(toStretches);
        expect(mergeRanges(parts)).toStrictEqual(toStretches(messages));
      }),
    );
  });

  it('come back as they were, in few bytes', () => {
    fc.assert(
      fc.property(fc.array(identity, { maxLength: 60 }), (messages) => {
        const ranges = toStretches(messages);
        expect(decodeRanges(encodeRanges(ranges))).toStrictEqual(ranges);
      }),
    );
    const hour = toStretches(Array.from({ length: 3600 }, (_, seq) => message(seq, 1.7e15 + seq * 1e6)));
    expect(encodeRanges(hour).length).toBeLessThan(32);
  });

  it('keep when the messages at their ends came first', () => {
    const { numbered } = toStretches([message(4, 40), message(5, 90), message(5, 50), message(7, 70)]);
    expect(numbered).toStrictEqual([
      { session: 's', from: 4, to: 5, fromArrived: 40, toArrived: 50 },
      { session: 's', from: 7, to: 7, fromArrived: 70, toArrived: 70 },
    ]);
  });

  it('of another version are refused', () => {
    expect(() => decodeRanges(Buffer.of(9))).toThrow(UnknownFormat);
    expect(() => decodeRanges(Buffer.of(1, 0, 1, 3, 0, 0, 0, 0))).toThrow(/no session/);
  });
});
