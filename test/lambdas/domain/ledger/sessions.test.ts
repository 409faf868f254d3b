import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contiguous,
  holds,
  MAX_RANGES,
  SequenceSet,
  toRanges,
} from '../../../../lambdas/domain/ledger/sessions.ts';

const seqs = fc.array(fc.nat(60), { maxLength: 30 });

describe('ranges of seq', () => {
  it('hold just the numbers they were made of, and know which came before', () => {
    fc.assert(
      fc.property(seqs, (numbers) => {
        const set = new SequenceSet();
        const seen = new Set<number>();
        for (const number of numbers) {
          expect(set.add(number)).toBe(!seen.has(number));
          seen.add(number);
        }
        const { ranges } = set;
        for (let seq = 0; seq <= 61; seq += 1) expect(holds(ranges, seq)).toBe(numbers.includes(seq));
        for (const [at, [from]] of ranges.entries())
          if (at > 0) expect(from).toBeGreaterThan((ranges[at - 1]?.[1] ?? 0) + 1);
      }),
    );
  });

  it('come to the same in any order and any portions', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(30), { maxLength: 8 }), { maxLength: 6 }), (portions) => {
        let ranges = new SequenceSet().ranges;
        for (const portion of portions) {
          const set = new SequenceSet(ranges);
          for (const number of portion) set.add(number);
          ranges = set.kept();
        }
        expect(ranges).toStrictEqual(toRanges(portions.flat()));
      }),
    );
  });

  it('are bounded, and the first stays true', () => {
    const even = new SequenceSet();
    for (let at = 0; at <= 2 * MAX_RANGES; at += 1) even.add(at * 2);
    const kept = even.kept();
    expect(kept).toHaveLength(MAX_RANGES);
    expect(contiguous(kept)).toBe(0);
    expect(kept.at(-1)).toStrictEqual([4 * MAX_RANGES, 4 * MAX_RANGES]);
  });

  it('say how far all is durable only when it begins with 0', () => {
    expect(contiguous(toRanges([0, 1, 2, 5]))).toBe(2);
    expect(contiguous(toRanges([1, 2]))).toBeUndefined();
    expect(contiguous([])).toBeUndefined();
  });
});
