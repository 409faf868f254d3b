/**
 * How the stream tells that a message of the quarantine is to be taken again.
 *
 * Not by the message itself: whoever may publish for a device could then send old points as new, or new ones as old.
 * The record only names the entry, of the very device whose partition key it has; the bytes and the time of arrival
 * come out of the quarantine, and only for entries that someone who may has ordered to be replayed.
 */

/** An entry of the quarantine of one device. */
export interface ReplayRef {
  /** Day of its arrival, `YYYY-MM-DD`. */
  readonly date: string;
  /** Sequence number of the record that it was. */
  readonly sequence: string;
}

const REF = /^labgate-replay\/1 (\d{4}-\d{2}-\d{2})\/(\d{1,129})$/;
/** `l`: no format of messages begins with it. */
const FIRST_BYTE = 0x6c;
const MAX_BYTES = 160;

/** The record of the stream that asks for a replay. */
export const encodeReplay = ({ date, sequence }: ReplayRef): Buffer =>
  Buffer.from(`labgate-replay/1 ${date}/${sequence}`);

/** @returns `undefined` for a record that is a message */
export const parseReplay = (bytes: Uint8Array): ReplayRef | undefined => {
  if (bytes[0] !== FIRST_BYTE || bytes.length > MAX_BYTES) return undefined;
  const [, date, sequence] = REF.exec(Buffer.from(bytes).toString('latin1')) ?? [];
  return date === undefined || sequence === undefined ? undefined : { date, sequence };
};
