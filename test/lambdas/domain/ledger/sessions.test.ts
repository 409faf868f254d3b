import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contiguous,
  holds,
  MAX_RANGES,
  MAX_SESSIONS,
  noteDurable,
  type Session,
  toRanges,
} from '../../../../lambdas/domain/ledger/sessions.ts';

const seqs = fc.array(fc.nat(60), { maxLength: 30 });

describe('ranges of seq', () => {
  it('hold just the numbers they were made of', () => {
    fc.assert(
      fc.property(seqs, (numbers) => {
        const ranges = toRanges(numbers);
        for (let seq = 0; seq <= 61; seq += 1) expect(holds(ranges, seq)).toBe(numbers.includes(seq));
        for (const [at, [from]] of ranges.entries())
          if (at > 0) expect(from).toBeGreaterThan((ranges[at - 1]?.[1] ?? 0) + 1);
      }),
    );
  });

  it('come to the same in any order and any portions, as long as none is forgotten', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(30), { maxLength: 8 }), { maxLength: 6 }), (portions) => {
        let sessions: readonly Session[] = [];
        for (const portion of portions) sessions = noteDurable(sessions, 's', portion);
        expect(sessions.at(-1)?.ranges ?? []).toStrictEqual(toRanges(portions.flat()));
      }),
    );
  });

  it('are bounded, and the first stays true', () => {
    const even = Array.from({ length: 100 }, (_, at) => at * 2);
    const [session] = noteDurable([], 's', even);
    expect(session?.ranges).toHaveLength(MAX_RANGES);
    expect(contiguous(session?.ranges ?? [])).toBe(0);
    expect(session?.ranges.at(-1)).toStrictEqual([198, 198]);
  });

  it('are kept of the newest sessions', () => {
    let sessions: readonly Session[] = [];
    for (const id of ['a', 'b', 'c', 'd', 'a', 'e']) sessions = noteDurable(sessions, id, [0]);
    expect(sessions.map(({ id }) => id)).toStrictEqual(['c', 'd', 'a', 'e']);
    expect(sessions).toHaveLength(MAX_SESSIONS);
  });

  it('say how far all is durable only when it begins with 0', () => {
    expect(contiguous(toRanges([0, 1, 2, 5]))).toBe(2);
    expect(contiguous(toRanges([1, 2]))).toBeUndefined();
    expect(contiguous([])).toBeUndefined();
  });
});
