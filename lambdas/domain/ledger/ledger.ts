/**
 * The ledger of a device: what came in, and what became of it.
 *
 * Of points: received = stored + duplicate + quarantined. A version of a point of which a later one stays is counted as
 * stored and as overwritten besides: so many points as stored less overwritten are there. `ingest` cannot know all
 * duplicates, because it does not read what is stored: it counts what it knows, and whoever merges the points of an
 * hour finds the rest, see {@link settle}. Of messages: `rejected` are those of which nothing could be used.
 */

import type { QuarantineCode } from '../../../contracts/problems.ts';
import type { Found } from '../../../series/points/merge.ts';

export type Counts = Readonly<Partial<Record<QuarantineCode, number>>>;

export interface Ledger {
  readonly messages: number;
  /** Points of messages that could be decoded. */
  readonly received: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly overwritten: number;
  /** Points by code. */
  readonly quarantined: Counts;
  /** Messages quarantined whole, by code. */
  readonly rejected: Counts;
  /** Of the stored, those whose hour was over and closed when they came; absent: none. */
  readonly late?: number;
  /** Of the received, those that came out of the quarantine again; absent: none. */
  readonly replayed?: number;
}

export const EMPTY_LEDGER: Ledger = {
  messages: 0,
  received: 0,
  stored: 0,
  duplicate: 0,
  overwritten: 0,
  quarantined: {},
  rejected: {},
};

const addCounts = (left: Counts, right: Counts): Counts => {
  const sum: Partial<Record<string, number>> = { ...left };
  for (const [code, count] of Object.entries(right)) sum[code] = (sum[code] ?? 0) + count;
  return sum;
};

const addOptional = <N extends 'late' | 'replayed'>(
  name: N,
  left: Ledger,
  right: Ledger,
): { readonly [M in N]?: number } => {
  const sum = (left[name] ?? 0) + (right[name] ?? 0);
  return (sum === 0 ? {} : { [name]: sum }) as { readonly [M in N]?: number };
};

/** Both ledgers as one. */
export const addLedgers = (left: Ledger, right: Ledger): Ledger => ({
  messages: left.messages + right.messages,
  received: left.received + right.received,
  stored: left.stored + right.stored,
  duplicate: left.duplicate + right.duplicate,
  overwritten: left.overwritten + right.overwritten,
  quarantined: addCounts(left.quarantined, right.quarantined),
  rejected: addCounts(left.rejected, right.rejected),
  ...addOptional('late', left, right),
  ...addOptional('replayed', left, right),
});

/** A ledger once it is known what a merge found: what was counted as stored may be a duplicate, or the reverse. */
export const settle = (ledger: Ledger, { duplicate, overwritten, recovered }: Readonly<Found>): Ledger => ({
  ...ledger,
  stored: ledger.stored - duplicate + recovered,
  duplicate: ledger.duplicate + duplicate - recovered,
  overwritten: ledger.overwritten + overwritten,
});

export const sumCounts = (counts: Counts): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Whether every point received has exactly one outcome. */
export const isBalanced = (ledger: Ledger): boolean =>
  ledger.received === ledger.stored + ledger.duplicate + sumCounts(ledger.quarantined);
