import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gapsOf, type Known } from '../../../../lambdas/domain/ledger/gaps.ts';
import { rangesOf, toRunMessages } from '../../../../lambdas/domain/ledger/messages.ts';
import type { SequenceRanges } from '../../../../lambdas/domain/ledger/sequence-ranges.ts';
import { MAX_RANGES } from '../../../../lambdas/domain/ledger/sessions.ts';

const SECOND = 1_000_000;
/** The message numbered `seq` arrived so many seconds after the start. */
type Came = readonly [session: string | undefined, seq: number | undefined, seconds: number];

const ranges = (came: readonly Came[]): SequenceRanges =>
  rangesOf(
    toRunMessages(
      came.map(([session, seq, seconds]) => ({
        sequence: '1',
        arrived: seconds * SECOND,
        session,
        seq,
        points: session === undefined ? 0 : 1,
      })),
      '1',
    ),
  );
const nothing: Known = { sessions: [], connections: [] };
const brief = (came: SequenceRanges, known: Known = nothing) =>
  gapsOf(came, known).map(({ session, from, to, cause }) => [session, from, to, cause]);

describe('gaps', () => {
  it('are the numbers that did not come, across hours, with the times around them', () => {
    const hours = ranges([
      ['s', 0, 10],
      ['s', 1, 11],
      ['s', 4, 20],
      ['s', 5, 3599],
      ['s', 6, 3601],
      ['s', 9, 3700],
    ]);
    expect(gapsOf(hours, nothing)).toEqual([
      { session: 's', from: 2, to: 3, after: 11 * SECOND, before: 20 * SECOND, cause: 'unknown' },
      { session: 's', from: 7, to: 8, after: 3601 * SECOND, before: 3700 * SECOND, cause: 'unknown' },
    ]);
  });

  it('are not what came out of order, or outside of these hours', () => {
    const hours = ranges([
      ['s', 3, 10],
      ['s', 1, 11],
      ['s', 2, 12],
      ['s', 0, 13],
      ['s', 7, 14],
    ]);
    const later: Known = { ...nothing, sessions: [{ id: 's', began: 0, ranges: [[4, 5]] }] };
    expect(brief(hours, later)).toEqual([['s', 6, 6, 'unknown']]);
  });

  it('at the beginning are told where the session begins here or is remembered, and nowhere else', () => {
    expect(brief(ranges([['s', 8, 10]]))).toEqual([]);
    const known = (...ranges: [number, number][]): Known => ({
      ...nothing,
      sessions: [{ id: 's', began: 0, ranges }],
    });
    expect(brief(ranges([['s', 8, 10]]), known([0, 5], [8, 8]))).toEqual([['s', 6, 7, 'unknown']]);
    expect(brief(ranges([['s', 8, 10]]), known([0, 8]))).toEqual([]);
    expect(brief(ranges([['s', 8, 10]]), known([2, 5], [7, 8]))).toEqual([]);
    const many = Array.from({ length: MAX_RANGES }, (_, at): [number, number] => [at * 2 + 20, at * 2 + 20]);
    expect(brief(ranges([['s', 8, 10]]), known(...many))).toEqual([]);
    const restarted = ranges([
      ['r', 0, 1],
      ['s', 2, 10],
    ]);
    expect(brief(restarted)).toEqual([['s', 0, 1, 'device-restarted']]);
  });

  it('at the beginning are put down to messages that could not be read, where as many came before', () => {
    const hours = {
      numbered: ranges([
        ['s', 1, 2],
        ['s', 3, 4],
      ]).numbered,
      unreadable: [1 * SECOND, 3 * SECOND],
    };
    const began: Known = {
      ...nothing,
      sessions: [
        {
          id: 's',
          began: 0,
          ranges: [
            [1, 1],
            [3, 3],
          ],
        },
      ],
    };
    expect(brief(hours, began)).toEqual([
      ['s', 0, 0, 'quarantined-whole'],
      ['s', 2, 2, 'quarantined-whole'],
    ]);
  });

  it('are likely where the connection changed, or where as many messages could not be read', () => {
    const hours = ranges([
      ['s', 0, 10],
      ['s', 2, 20],
    ]);
    expect(brief(hours, { ...nothing, connections: [15 * SECOND] })).toEqual([
      ['s', 1, 1, 'connection-down'],
    ]);
    expect(brief(hours, { ...nothing, connections: [21 * SECOND] })).toEqual([['s', 1, 1, 'unknown']]);
    const unread = ranges([
      ['s', 0, 10],
      [undefined, undefined, 12],
      ['s', 2, 20],
    ]);
    expect(brief(unread)).toEqual([['s', 1, 1, 'quarantined-whole']]);
  });

  it('and what came are together all numbers up to the last', () => {
    const came = fc.uniqueArray(fc.nat(200), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(came, (seqs) => {
        const hours = ranges(seqs.map((seq, at): Came => ['s', seq, at * 100]));
        const gaps = gapsOf(hours, nothing);
        const told = gaps.flatMap(({ from, to }) =>
          Array.from({ length: to - from + 1 }, (_, at) => from + at),
        );
        const [least, greatest] = [Math.min(...seqs), Math.max(...seqs)];
        expect([...told, ...seqs].sort((left, right) => left - right)).toEqual(
          Array.from({ length: greatest - least + 1 }, (_, at) => least + at),
        );
      }),
    );
  });
});
