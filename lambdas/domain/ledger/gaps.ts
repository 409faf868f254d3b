/** Gaps in the numbers of messages, and why they are likely to be there. */
import type { GapCause } from '../../../contracts/resources/completeness.ts';
import type { Micros } from '../../../contracts/time.ts';
import type { SequenceRange, SequenceRanges } from './sequence-ranges.ts';
import { MAX_RANGES, type SeqRange, type Session } from './sessions.ts';

/** Messages of a session that did not come. Both numbers are missing ones. */
export interface SeqGap {
  readonly session: string;
  readonly from: number;
  readonly to: number;
  /** When the message before it arrived; `undefined` where none did. */
  readonly after: Micros | undefined;
  /** When the message after it arrived. */
  readonly before: Micros;
  readonly cause: GapCause;
}

/** What is known besides the messages of the range. */
export interface Known {
  /** Numbers that came at any time, as far as the device's state remembers them. */
  readonly sessions: readonly Session[];
  /** When the broker saw the device leave or return. */
  readonly connections: readonly Micros[];
}

/** What of `[from, to]` is not in the ranges. */
const without = (from: number, to: number, ranges: readonly SeqRange[]): SeqRange[] => {
  const left: SeqRange[] = [];
  let next = from;
  for (const [start, end] of ranges) {
    if (end < next || start > to) continue;
    if (start > next) left.push([next, start - 1]);
    next = Math.max(next, end + 1);
  }
  if (next <= to) left.push([next, to]);
  return left;
};

type Missing = Omit<SeqGap, 'cause' | 'session'>;

/** The numbers before the first of a session in the range: at most one gap that ends with it. */
const leading = (first: SequenceRange, known: Session | undefined, begins: boolean): Missing[] => {
  if (first.from === 0) return [];
  // Ranges that were forgotten could be any: only a list that was never cut tells what did not come.
  const ranges = known === undefined || known.ranges.length >= MAX_RANGES ? undefined : known.ranges;
  if (ranges === undefined && !begins) return [];
  const [from, to] = without(0, first.from - 1, ranges ?? []).at(-1) ?? [0, -1];
  // Numbers that end earlier are missing from an earlier time, or did come.
  return to === first.from - 1 ? [{ from, to, after: undefined, before: first.fromArrived }] : [];
};

const inner = (ranges: readonly SequenceRange[], known: Session | undefined): Missing[] =>
  ranges.slice(1).flatMap((next, at) => {
    const last = ranges[at];
    if (last === undefined) return [];
    const after = Math.min(last.toArrived, next.fromArrived);
    const before = Math.max(last.toArrived, next.fromArrived);
    const missing = without(last.to + 1, next.from - 1, known?.ranges ?? []);
    return missing.map(([from, to]) => ({ from, to, after, before }));
  });

/**
 * Gaps in the messages of a time, ordered by when they ended.
 *
 * A number that came at another time is not missing. Numbers missing at the end of a session cannot be known; numbers
 * missing at its beginning are known where the session begins in this time, or is still remembered.
 */
export const gapsOf = ({ numbered, unreadable }: SequenceRanges, known: Known): SeqGap[] => {
  const within = (times: readonly Micros[], after: Micros, before: Micros): number =>
    times.filter((time) => time >= after && time <= before).length;
  const causeOf = ({ from, to, after, before }: Missing): GapCause => {
    // Before the first of a session nothing of it came: what could not be read may have been any of it.
    if (within(unreadable, after ?? Number.NEGATIVE_INFINITY, before) > to - from) return 'quarantined-whole';
    if (after === undefined) return from === 0 ? 'device-restarted' : 'unknown';
    return within(known.connections, after, before) > 0 ? 'connection-down' : 'unknown';
  };
  const sessions = Map.groupBy(numbered, ({ session }) => session);
  const began = new Map(
    [...sessions].map(([session, ranges]) => [
      session,
      ranges.reduce((least, { fromArrived }) => Math.min(least, fromArrived), Number.POSITIVE_INFINITY),
    ]),
  );
  // A session that another one went before began in this time.
  const earliest = Math.min(...began.values());
  return [...sessions]
    .flatMap(([session, ranges]) => {
      const remembered = known.sessions.find(({ id }) => id === session);
      const [first] = ranges;
      const before =
        first === undefined ? [] : leading(first, remembered, (began.get(session) ?? 0) > earliest);
      return [...before, ...inner(ranges, remembered)].map((missing) => ({
        session,
        ...missing,
        cause: causeOf(missing),
      }));
    })
    .sort((left, right) => left.before - right.before || left.from - right.from);
};
