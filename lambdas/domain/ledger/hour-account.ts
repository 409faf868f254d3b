/**
 * What became of the messages of an hour, told run by run. A run that was written and given up comes again, perhaps
 * cut elsewhere: so the last run of each shardKey is remembered, to take it back should another tell of its records too.
 */

import { disjoint, type Span } from './cover.ts';
import { addLedgers, type Counts, EMPTY_LEDGER, type Ledger } from './ledger.ts';
import { type RunMessages, rangesOf } from './messages.ts';
import { compareSequences } from './sequence.ts';
import { mergeRanges, NO_RANGES, type SequenceRanges } from './sequence-ranges.ts';

/** A run, and what became of its records. */
export interface ToldRun extends Span {
  readonly ledger: Ledger;
}

/** A run as a chunk tells it. */
export interface RunAccount extends ToldRun, RunMessages {}

export interface HourAccount {
  readonly ledger: Ledger;
  readonly ranges: SequenceRanges;
  /** The last run of each shardKey. */
  readonly last: readonly ToldRun[];
}

export const EMPTY_ACCOUNT: HourAccount = { ledger: EMPTY_LEDGER, ranges: NO_RANGES, last: [] };

/**
 * Times of unreadable messages that are kept of an hour, at 3 to 5 bytes: a block has to hold them. The ledger counts
 * all of them; the times only tell what gaps are likely to come from, which after so many is known.
 */
const MAX_UNREADABLE = 10_000;

const bounded = ({ numbered, unreadable }: SequenceRanges): SequenceRanges => ({
  numbered,
  unreadable: unreadable.slice(0, MAX_UNREADABLE),
});

const negative = (counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).map(([code, count]) => [code, -count]));

const present = (counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));

/** A ledger without what another added to it. */
const takeBack = (from: Ledger, ledger: Ledger): Ledger => {
  const rest = addLedgers(from, {
    messages: -ledger.messages,
    received: -ledger.received,
    stored: -ledger.stored,
    duplicate: -ledger.duplicate,
    overwritten: -ledger.overwritten,
    quarantined: negative(ledger.quarantined),
    rejected: negative(ledger.rejected),
    late: -(ledger.late ?? 0),
    replayed: -(ledger.replayed ?? 0),
  });
  return { ...rest, quarantined: present(rest.quarantined), rejected: present(rest.rejected) };
};

/**
 * Tells an account of further runs.
 * @param runs in any order; none that the account was told of before
 */
export const tellRuns = (account: HourAccount, runs: readonly RunAccount[]): HourAccount => {
  if (runs.length === 0) return account;
  const counted = disjoint<ToldRun>([...account.last, ...runs]);
  let { ledger } = account;
  for (const run of account.last) ledger = takeBack(ledger, run.ledger);
  for (const run of counted) ledger = addLedgers(ledger, run.ledger);
  const noted = new Map(account.last.map(({ shardKey, last }) => [shardKey, last]));
  const ranges = [account.ranges];
  const inOrder = runs.toSorted(
    (left, right) => compareSequences(left.first, right.first) || left.count - right.count,
  );
  for (const { shardKey, last, numbered, unreadable } of inOrder) {
    const before = noted.get(shardKey) ?? '';
    // Numbers are the same when told twice; messages that have none are known by their place in the stream.
    const fresh = unreadable.filter(({ sequence }) => compareSequences(sequence, before) > 0);
    ranges.push(rangesOf({ numbered, unreadable: fresh }));
    if (compareSequences(last, before) > 0) noted.set(shardKey, last);
  }
  // The runs of a shardKey come in their order: the last one stays.
  const last = new Map<string, ToldRun>();
  for (const { shardKey, first, last: end, count, ledger: own } of counted)
    last.set(shardKey, { shardKey, first, last: end, count, ledger: own });
  return { ledger, ranges: bounded(mergeRanges(ranges)), last: [...last.values()] };
};
