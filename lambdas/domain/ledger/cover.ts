/** Of runs of records that overlap, those that together count each record once. */
import { compareSequences } from './sequence.ts';

/** The records that a ledger speaks of: a run of one device in one shard. */
export interface Span {
  readonly shardKey: string;
  /** Sequence number of the first record. */
  readonly first: string;
  /** Sequence number of the last record. */
  readonly last: string;
  readonly count: number;
}

const cover = <T extends Span>(spans: readonly T[]): T[] => {
  const sorted = [...spans].sort(
    (left, right) => compareSequences(left.last, right.last) || compareSequences(left.first, right.first),
  );
  // Weighted interval scheduling: `most[n]` is the greatest count of records that the first n runs can tell of.
  const most: number[] = [0];
  const taken: boolean[] = [];
  const before: number[] = [];
  for (const [at, span] of sorted.entries()) {
    let low = 0;
    let high = at;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareSequences(sorted[middle]?.last ?? '', span.first) < 0) low = middle + 1;
      else high = middle;
    }
    const withIt = (most[low] ?? 0) + span.count;
    const without = most[at] ?? 0;
    before.push(low);
    taken.push(withIt > without);
    most.push(Math.max(withIt, without));
  }
  const chosen: T[] = [];
  for (let at = sorted.length; at > 0; ) {
    const span = sorted[at - 1];
    if (span === undefined || !taken[at - 1]) at -= 1;
    else {
      chosen.push(span);
      at = before[at - 1] ?? 0;
    }
  }
  return chosen.reverse();
};

/**
 * Runs that do not overlap and tell of as many records as possible. A run that was written but not committed comes
 * again, cut elsewhere; those that were committed do not overlap and leave nothing out, so that what is chosen
 * leaves nothing out and counts nothing twice.
 */
export const disjoint = <T extends Span>(spans: readonly T[]): T[] =>
  [...Map.groupBy(spans, ({ shardKey }) => shardKey).values()].flatMap(cover);
