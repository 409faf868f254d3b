/** What the messages of a chunk are known by: for gaps in `seq`, and to count none twice where chunks overlap. */
import type { Micros } from '../../contracts/time.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

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

const VERSION = 1;
const NO_SEQ = 0;

/**
 * Encodes identities in their order. Kinesis numbers of up to 129 digits are written as differences in base 36.
 */
export const encodeMessages = (messages: readonly MessageIdentity[]): Buffer => {
  const out = new ByteWriter(64 + messages.length * 40);
  const sessions = [...new Set(messages.map(({ session }) => session ?? ''))];
  out.byte(VERSION);
  out.unsigned(sessions.length);
  for (const session of sessions) out.text(session);
  out.unsigned(messages.length);
  let sequence = 0n;
  let arrived = 0;
  let seq = 0;
  for (const message of messages) {
    const number = BigInt(message.sequence);
    out.text((number - sequence).toString(36));
    sequence = number;
    out.signed(message.arrived - arrived);
    arrived = message.arrived;
    out.unsigned(sessions.indexOf(message.session ?? ''));
    if (message.seq === undefined) out.unsigned(NO_SEQ);
    else {
      const step = message.seq - seq;
      // 1: a difference; 2: the number itself, where the difference is too large to be exact.
      const near = Math.abs(step) < 2 ** 40;
      out.unsigned(near ? 1 : 2);
      if (near) out.signed(step);
      else out.float64(message.seq);
      seq = message.seq;
    }
    out.unsigned(message.points);
  }
  return Buffer.from(out.view());
};

const parseBase36 = (text: string): bigint => {
  let value = 0n;
  const negative = text.startsWith('-');
  for (const digit of negative ? text.slice(1) : text)
    value = value * 36n + BigInt(Number.parseInt(digit, 36));
  return negative ? -value : value;
};

/** @throws {MalformedBytes} for bytes that {@link encodeMessages} did not write */
export const decodeMessages = (bytes: Uint8Array): MessageIdentity[] => {
  const input = new ByteReader(bytes);
  const version = input.byte();
  if (version !== VERSION) throw new RangeError(`unknown version ${version} of message identities`);
  const sessions = Array.from({ length: input.count(1) }, () => input.text());
  let sequence = 0n;
  let arrived = 0;
  let seq = 0;
  return Array.from({ length: input.count(5) }, () => {
    sequence += parseBase36(input.text());
    arrived += input.signed();
    const session = sessions[input.unsigned()];
    const form = input.unsigned();
    if (form === 1) seq += input.signed();
    else if (form === 2) seq = input.float64();
    return {
      sequence: sequence.toString(),
      arrived,
      session: session || undefined,
      seq: form === NO_SEQ ? undefined : seq,
      points: input.unsigned(),
    };
  });
};
