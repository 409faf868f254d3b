/**
 * The ledger of a device: how many messages and points came in, and what became of them.
 *
 * For points: received = stored + duplicate + quarantined. A point may be stored in several versions, of which one
 * stays. The others still count as stored, and also as overwritten: stored - overwritten is the number of points that
 * are there.
 *
 * `ingest` does not read what is stored, so it cannot tell which points are duplicates. It counts all points of
 * repeated and replayed messages as duplicates, and all others as stored. The merge of the points of an hour finds
 * what they really are, see {@link settle}.
 *
 * For messages: `rejected` counts those of which nothing could be used.
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
  /** Points that came more than ten minutes after the end of their hour; absent: none. */
  readonly late?: number;
  /** Of the received, those that were replayed from the quarantine; absent: none. */
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

/** The sum of two ledgers. */
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

/**
 * Corrects a ledger by what merges found. Points counted as stored may be duplicates. Points counted as duplicates are
 * recovered when no earlier message had brought them: they are stored.
 */
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
