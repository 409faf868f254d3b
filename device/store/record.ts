/**
 * Records of a segment file: `kind u8 | rest`, big-endian, each in a frame.
 *
 * | kind | rest |
 * |---|---|
 * | 0 head: first of every segment | next sequence number u48, session |
 * | 1 message | sequence number u48, payload |
 * | 2 acknowledged | from u48, to u48, session |
 */
import { FRAME, framed, framesOf } from './frame.ts';

/** What a record says. */
export type StoreRecord =
  | { readonly kind: 'head'; readonly nextSeq: number; readonly session: string }
  /** `at` and `length`: where the payload lies in the file. */
  | { readonly kind: 'message'; readonly seq: number; readonly at: number; readonly length: number }
  | { readonly kind: 'acknowledged'; readonly from: number; readonly to: number; readonly session: string };

/** Bytes of a sequence number. */
const SEQ = 6;
/** Bytes before the payload of a message. */
export const MESSAGE_OVERHEAD = FRAME + 1 + SEQ;
/** Sequence numbers fit 48 bits: a thousand a second for 8 900 years. */
export const MAX_SEQ = 2 ** 48 - 1;

const frame = (kind: number, numbers: readonly number[], rest: Uint8Array): Buffer => {
  const body = Buffer.allocUnsafe(1 + numbers.length * SEQ + rest.length);
  let at = body.writeUInt8(kind);
  for (const number of numbers) at = body.writeUIntBE(number, at, SEQ);
  body.set(rest, at);
  return framed(body);
};

/** A record that begins a segment. */
export const headRecord = (nextSeq: number, session: string): Buffer =>
  frame(0, [nextSeq], Buffer.from(session));
/** A record of a message. */
export const messageRecord = (seq: number, payload: Uint8Array): Buffer => frame(1, [seq], payload);
/** A record that the messages `from` to `to`, both included, are acknowledged. */
export const acknowledgedRecord = (from: number, to: number, session: string): Buffer =>
  frame(2, [from, to], Buffer.from(session));

const parse = (body: Buffer, at: number): StoreRecord | undefined => {
  const kind = body.readUInt8(0);
  const numbers = kind === 2 ? 2 : 1;
  if (kind > 2 || body.length < 1 + numbers * SEQ) return undefined;
  const first = body.readUIntBE(1, SEQ);
  const rest = 1 + numbers * SEQ;
  if (kind === 1) return { kind: 'message', seq: first, at: at + rest, length: body.length - rest };
  const session = body.toString('utf8', rest);
  return kind === 0
    ? { kind: 'head', nextSeq: first, session }
    : { kind: 'acknowledged', from: first, to: body.readUIntBE(1 + SEQ, SEQ), session };
};

/** What a segment file holds. */
export interface Scan {
  readonly records: readonly StoreRecord[];
  /** Bytes of the whole records at its start; what follows is torn or damaged. */
  readonly sound: number;
}

/** Reads the records of a segment up to the first that is not whole. */
export const scan = (file: Buffer): Scan => {
  const records: StoreRecord[] = [];
  let sound = 0;
  for (const { body, at } of framesOf(file)) {
    const record = parse(body, at);
    if (record === undefined) break;
    records.push(record);
    sound = at + body.length;
  }
  return { records, sound };
};
