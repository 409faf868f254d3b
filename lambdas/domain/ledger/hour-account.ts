/**
 * What became of the messages that arrived in an hour, told run by run.
 *
 * A run is a device's records of one batch. One that is written and given up comes again, perhaps cut elsewhere. Those that
 * were remembered in the end, the committed ones, do not overlap and leave nothing out. An account is told of runs up to where
 * the device is known to be committed, so that whatever starts before the end of what was told is given up.
 */
import { disjoint, type Span } from './cover.ts';
import { type Findings, NO_FINDINGS } from './findings.ts';
import { addLedgers, EMPTY_LEDGER, type Ledger } from './ledger.ts';
import { type RunMessages, rangesOf } from './messages.ts';
import { compareSequences } from './sequence.ts';
import { mergeRanges, NO_RANGES, type SequenceRanges } from './sequence-ranges.ts';

/** A run as a chunk tells it. */
export interface RunAccount extends Span, RunMessages {
  readonly ledger: Ledger;
}

export interface HourAccount {
  readonly ledger: Ledger;
  readonly ranges: SequenceRanges;
  /** Sequence number of the last record told, by shard. */
  readonly told: Readonly<Record<string, string>>;
  /** What merging the points that were measured in the hour found so far. */
  readonly found: Findings;
}

export const EMPTY_ACCOUNT: HourAccount = {
  ledger: EMPTY_LEDGER,
  ranges: NO_RANGES,
  told: {},
  found: NO_FINDINGS,
};

/**
 * Times of unreadable messages that are kept of an hour, at 3 to 5 bytes: a block has to hold them. The ledger counts
 * all of them; the times only tell what gaps are likely to come from, which after so many is known.
 */
const MAX_UNREADABLE = 10_000;

const bounded = ({ numbered, unreadable }: SequenceRanges): SequenceRanges => ({
  numbered,
  unreadable: unreadable.slice(0, MAX_UNREADABLE),
});

/**
 * Tells an account of further runs. Each record counts once.
 * @param runs in any order; given up ones may be among them
 */
export const tellRuns = (account: HourAccount, runs: readonly RunAccount[]): HourAccount => {
  const fresh = runs.filter(
    ({ shardKey, first }) => compareSequences(first, account.told[shardKey] ?? '') > 0,
  );
  if (fresh.length === 0) return account;
  let { ledger } = account;
  const told: Record<string, string> = { ...account.told };
  const ranges = [account.ranges];
  for (const run of disjoint(fresh)) {
    ledger = addLedgers(ledger, run.ledger);
    ranges.push(rangesOf(run));
    if (compareSequences(run.last, told[run.shardKey] ?? '') > 0) told[run.shardKey] = run.last;
  }
  return { ledger, ranges: bounded(mergeRanges(ranges)), told, found: account.found };
};
