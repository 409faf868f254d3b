import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_ACCOUNT, type RunAccount, tellRuns } from '../../../../lambdas/domain/ledger/hour-account.ts';
import { EMPTY_LEDGER } from '../../../../lambdas/domain/ledger/ledger.ts';
import { type MessageIdentity, rangesOf, toRunMessages } from '../../../../lambdas/domain/ledger/messages.ts';
import { encodeRanges } from '../../../../lambdas/domain/ledger/sequence-ranges.ts';

/** Messages of a shardKey in the order of their sequence numbers; a session or none, numbers that may come again. */
const stream = fc.array(
  fc.record(
    {
      session: fc.option(fc.constantFrom('s', 't'), { nil: undefined }),
      seq: fc.option(fc.nat(12), { nil: undefined }),
      points: fc.nat(1),
      pause: fc.nat(50),
    },
    { noNullPrototype: true },
  ),
  { minLength: 1, maxLength: 40 },
);

const toMessages = (came: readonly { pause: number; session?: string; seq?: number; points: number }[]) => {
  let arrived = 1_000;
  return came.map(({ pause, session, seq, points }, at): MessageIdentity => {
    arrived += pause;
    return { sequence: String(at + 7), arrived, session, seq, points };
  });
};

const runOf = (messages: readonly MessageIdentity[]): RunAccount => {
  const first = messages[0]?.sequence ?? '0';
  const count = messages.length;
  const points = messages.reduce((sum, each) => sum + each.points, 0);
  return {
    shardKey: 'a',
    first,
    count,
    ledger: { ...EMPTY_LEDGER, messages: count, received: points, stored: points },
    ...toRunMessages(messages, first),
  };
};

describe('the account of an hour', () => {
  it('stays small enough to be written when nothing that came could be read', () => {
    let account = EMPTY_ACCOUNT;
    for (let first = 1; first <= 360_000; first += 3000) {
      const messages = Array.from({ length: 3000 }, (_, at) => ({
        sequence: String(first + at),
        arrived: (first + at) * 10_000,
        session: undefined,
        seq: undefined,
        points: 0,
      }));
      account = tellRuns(account, [runOf(messages)]);
    }
    expect(account.ledger.messages).toBe(360_000);
    expect(encodeRanges(account.ranges).length).toBeLessThan(64 * 1024);
  });

  it('told of runs that were cut elsewhere and came again, at once or bit by bit, is that of its messages', () => {
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.nat(40), { maxLength: 6 }),
        fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { maxLength: 3 }),
        fc.nat(8),
        (came, cuts, given, until) => {
          const messages = toMessages(came as Parameters<typeof toMessages>[0]);
          const bounds = [...new Set([0, ...cuts, messages.length])]
            .filter((at) => at <= messages.length)
            .sort((left, right) => left - right);
          // Those that were committed leave nothing out; the others were given up, from the start of one of them on.
          const committed = bounds.slice(1).map((to, at) => messages.slice(bounds[at], to));
          const others = given.flatMap(([at, length]) => {
            const start = bounds[at % bounds.length] ?? 0;
            const part = messages.slice(start, start + 1 + length);
            return part.length === 0 ? [] : [part];
          });
          const runs = [...committed, ...others]
            .map(runOf)
            .sort((left, right) => Number(left.first) - Number(right.first) || left.count - right.count);
          const expected = runOf(messages);
          const whole = tellRuns(EMPTY_ACCOUNT, runs);
          expect(whole.ranges).toStrictEqual(rangesOf(expected));
          expect(whole.ledger).toStrictEqual(expected.ledger);
          // Told first of all that ends where something was committed, and then of the rest.
          const end = Number(committed[until % committed.length]?.at(-1)?.sequence);
          const early = runs.filter(({ last }) => Number(last) <= end);
          const late = runs.filter(({ last }) => Number(last) > end);
          const bit = tellRuns(tellRuns(EMPTY_ACCOUNT, early), late);
          expect(bit.ranges).toStrictEqual(whole.ranges);
          expect(bit.ledger).toStrictEqual(whole.ledger);
        },
      ),
    );
  });
});
