/** What is kept of the messages of a run: for gaps in `seq`, and to count none twice where runs overlap. */
import type { Micros } from '../../../contracts/time.ts';
import { ByteReader, ByteWriter } from '../../../series/codec/bytes.ts';
import { UnknownFormat } from '../../../series/codec/unknown-format.ts';
import {
  decodeRanges,
  encodeRanges,
  mergeRanges,
  type SequenceRange,
  type SequenceRanges,
} from './sequence-ranges.ts';

/** What a message is known by once its points are in columns. */
export interface MessageIdentity {
  /** Kinesis sequence number. */
  readonly sequence: string;
  /** When the platform received it. */
  readonly arrived: Micros;
  readonly session: string | undefined;
  readonly seq: number | undefined;
  /** Points received with it. */
  readonly points: number;
}

/** A message of which nothing could be read: only its place in the stream tells it from another. */
export interface Unreadable {
  /** Kinesis sequence number. */
  readonly sequence: string;
  readonly arrived: Micros;
}

/** The messages of a run. */
export interface RunMessages {
  /** Kinesis sequence number of the last one. */
  readonly last: string;
  /** Those that have a number. */
  readonly numbered: readonly SequenceRange[];
  /** In the order of the stream. */
  readonly unreadable: readonly Unreadable[];
}

/**
 * What is kept of messages.
 * @param first Kinesis sequence number of the first one, for a run without any
 */
export const toRunMessages = (messages: readonly MessageIdentity[], first: string): RunMessages => {
  const numbered: SequenceRange[] = [];
  const unreadable: Unreadable[] = [];
  // Almost all messages of almost all runs follow on each other.
  let open: { -readonly [K in keyof SequenceRange]: SequenceRange[K] } | undefined;
  for (const { sequence, arrived, session, seq, points } of messages) {
    if (session === undefined) {
      if (points === 0) unreadable.push({ sequence, arrived });
    } else if (seq !== undefined) {
      if (open?.session === session && open.to + 1 === seq) {
        open.to = seq;
        open.toArrived = arrived;
      } else {
        open = { session, from: seq, to: seq, fromArrived: arrived, toArrived: arrived };
        numbered.push(open);
      }
    }
  }
  return {
    last: messages.at(-1)?.sequence ?? first,
    numbered: numbered.length > 1 ? mergeRanges([{ numbered, unreadable: [] }]).numbered : numbered,
    unreadable,
  };
};

/** Messages of a run as ranges. */
export const rangesOf = ({ numbered, unreadable }: Omit<RunMessages, 'last'>): SequenceRanges => ({
  numbered,
  unreadable: unreadable.map(({ arrived }) => arrived).sort((left, right) => left - right),
});

const VERSION = 2;

/**
 * Encodes the messages of a run: a session without a gap is some 60 bytes, however many messages it has. Kinesis
 * numbers of up to 129 digits are written as differences in base 36.
 * @param first Kinesis sequence number of the first message, which decoding is told too
 */
export const encodeMessages = ({ last, numbered, unreadable }: RunMessages, first: string): Buffer => {
  const ranges = encodeRanges({ numbered, unreadable: [] });
  const out = new ByteWriter(64 + ranges.length + unreadable.length * 40);
  const from = BigInt(first);
  out.byte(VERSION);
  out.text((BigInt(last) - from).toString(36));
  out.unsigned(ranges.length);
  out.bytes(ranges);
  out.unsigned(unreadable.length);
  let before = from;
  let arrivedBefore = 0;
  for (const { sequence, arrived } of unreadable) {
    const number = BigInt(sequence);
    out.text((number - before).toString(36));
    out.signed(arrived - arrivedBefore);
    before = number;
    arrivedBefore = arrived;
  }
  return Buffer.from(out.view());
};

/** A whole number in base 36, of any length. */
export const parseBase36 = (text: string): bigint => {
  let value = 0n;
  const negative = text.startsWith('-');
  for (const digit of negative ? text.slice(1) : text)
    value = value * 36n + BigInt(Number.parseInt(digit, 36));
  return negative ? -value : value;
};

/** @throws {UnknownFormat}, or {MalformedBytes} or {RangeError} for bytes that {@link encodeMessages} did not write */
export const decodeMessages = (bytes: Uint8Array, first: string): RunMessages => {
  const input = new ByteReader(bytes);
  const version = input.byte();
  if (version !== VERSION) throw new UnknownFormat('messages of a run', version, VERSION);
  let sequence = BigInt(first);
  const last = (sequence + parseBase36(input.text())).toString();
  const { numbered } = decodeRanges(input.bytes(input.unsigned()));
  let arrived = 0;
  const unreadable = Array.from({ length: input.count(2) }, (): Unreadable => {
    sequence += parseBase36(input.text());
    arrived += input.signed();
    return { sequence: sequence.toString(), arrived };
  });
  return { last, numbered, unreadable };
};
