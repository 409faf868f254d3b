/**
 * Which numbers of which sessions came, and when: the identities of messages with what is between the ends of a run
 * of numbers left out. What a block keeps of the messages of its hour, and what gaps in `seq` are told from.
 */
import type { Micros } from '../../../contracts/time.ts';
import { ByteReader, ByteWriter } from '../../../series/codec/bytes.ts';
import { UnknownFormat } from '../../../series/codec/unknown-format.ts';

/** Numbers of one session that came without one missing, both ends included. */
export interface SequenceRange {
  readonly session: string;
  readonly from: number;
  readonly to: number;
  /** When the message numbered `from` came first. */
  readonly fromArrived: Micros;
  /** When the message numbered `to` came first. */
  readonly toArrived: Micros;
}

/** The messages of an hour, or of any time, by what gaps are told from. */
export interface SequenceRanges {
  /** By session as text, then by number; no two of a session touch. */
  readonly numbered: readonly SequenceRange[];
  /** When messages came of which nothing could be read, ascending. */
  readonly unreadable: readonly Micros[];
}

export const NO_RANGES: SequenceRanges = { numbered: [], unreadable: [] };

const bySession = (left: SequenceRange, right: SequenceRange): number =>
  left.session < right.session ? -1 : left.session > right.session ? 1 : left.from - right.from;

const earlier = (left: Micros, right: Micros): Micros => Math.min(left, right);

const unite = (ranges: readonly SequenceRange[]): SequenceRange[] => {
  const united: SequenceRange[] = [];
  for (const next of [...ranges].sort(bySession)) {
    const last = united.at(-1);
    if (last === undefined || last.session !== next.session || next.from > last.to + 1) {
      united.push(next);
      continue;
    }
    const fromArrived =
      last.from === next.from ? earlier(last.fromArrived, next.fromArrived) : last.fromArrived;
    const toArrived =
      last.to === next.to
        ? earlier(last.toArrived, next.toArrived)
        : last.to > next.to
          ? last.toArrived
          : next.toArrived;
    united[united.length - 1] = { ...last, to: Math.max(last.to, next.to), fromArrived, toArrived };
  }
  return united;
};

/** Several as one. They may overlap in numbers, but not in unreadable messages, which have none. */
export const mergeRanges = (parts: readonly SequenceRanges[]): SequenceRanges => ({
  numbered: unite(parts.flatMap(({ numbered }) => numbered)),
  unreadable: parts.flatMap(({ unreadable }) => unreadable).sort((left, right) => left - right),
});

const VERSION = 1;

/** Encodes ranges: an unbroken session of an hour is some 20 bytes and its name. */
export const encodeRanges = ({ numbered, unreadable }: SequenceRanges): Buffer => {
  const out = new ByteWriter(64 + numbered.length * 24 + unreadable.length * 8);
  out.byte(VERSION);
  const sessions = [...new Set(numbered.map(({ session }) => session))];
  out.unsigned(sessions.length);
  for (const session of sessions) out.text(session);
  out.unsigned(numbered.length);
  let arrived = 0;
  for (const range of numbered) {
    out.unsigned(sessions.indexOf(range.session));
    out.unsigned(range.from);
    out.unsigned(range.to - range.from);
    out.signed(range.fromArrived - arrived);
    out.signed(range.toArrived - range.fromArrived);
    arrived = range.toArrived;
  }
  out.unsigned(unreadable.length);
  arrived = 0;
  for (const at of unreadable) {
    out.signed(at - arrived);
    arrived = at;
  }
  return Buffer.from(out.view());
};

/** @throws {UnknownFormat}, or {MalformedBytes} or {RangeError} for bytes that {@link encodeRanges} did not write */
export const decodeRanges = (bytes: Uint8Array): SequenceRanges => {
  const input = new ByteReader(bytes);
  const version = input.byte();
  if (version !== VERSION) throw new UnknownFormat('sequence ranges', version, VERSION);
  const sessions = Array.from({ length: input.count(1) }, () => input.text());
  let arrived = 0;
  const numbered = Array.from({ length: input.count(5) }, (): SequenceRange => {
    const session = sessions[input.unsigned()];
    if (session === undefined) throw new RangeError('a range of no session');
    const from = input.unsigned();
    const to = from + input.unsigned();
    const fromArrived = arrived + input.signed();
    const toArrived = fromArrived + input.signed();
    arrived = toArrived;
    return { session, from, to, fromArrived, toArrived };
  });
  arrived = 0;
  const unreadable = Array.from({ length: input.count(1) }, () => {
    arrived += input.signed();
    return arrived;
  });
  return { numbered, unreadable };
};
