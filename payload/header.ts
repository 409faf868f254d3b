/** What a native message says besides its points. */

import { LIMITS } from '../contracts/limits.ts';
import {
  type Message,
  PAYLOAD_VERSION,
  type PointFault,
  SESSION,
  UndecodableMessage,
} from '../contracts/messages/message.ts';
import { type DeviceFacts, deviceFacts } from '../contracts/resources/devices.ts';
import { readTime } from './times.ts';

export type Header = Pick<Message, 'session' | 'seq' | 'sent' | 'ack' | 'facts'>;

const refuse = (detail: string, pointer: string): UndecodableMessage =>
  new UndecodableMessage('invalid-structure', detail, pointer);

/** Reads device facts; each member that is wrong becomes a fault, the rest stands. */
export const readFacts = (
  device: unknown,
  pointer: string,
  faults: PointFault[],
): DeviceFacts | undefined => {
  if (device === undefined) return undefined;
  const facts = deviceFacts.safeParse(device);
  let kept = facts.data;
  if (!facts.success) {
    const wrong = new Set(facts.error.issues.map(({ path }) => path[0]));
    for (const member of wrong) {
      faults.push({
        code: 'invalid-structure',
        pointer: member === undefined ? pointer : `${pointer}/${String(member)}`,
        points: 0,
      });
    }
    if (typeof device !== 'object' || device === null || wrong.has(undefined)) return undefined;
    kept = deviceFacts.parse(Object.fromEntries(Object.entries(device).filter(([name]) => !wrong.has(name))));
  }
  return kept !== undefined && Object.keys(kept).length > 0 ? kept : undefined;
};

/**
 * Checks what identifies a message: with a wrong identity nothing of it could be acknowledged, so that a fault
 * here is one of the whole message.
 * @throws UndecodableMessage
 */
export const checkIdentity = (session: unknown, seq: unknown, ack: unknown): void => {
  if (session !== undefined && (typeof session !== 'string' || !SESSION.test(session))) {
    throw refuse(
      `session is 1 to ${LIMITS.sessionChars} visible ASCII characters without spaces.`,
      '/session',
    );
  }
  if (seq !== undefined && !(Number.isSafeInteger(seq) && Number(seq) >= 0)) {
    throw refuse('seq is a whole number from 0.', '/seq');
  }
  if (ack !== undefined && typeof ack !== 'boolean') throw refuse('ack is true or false.', '/ack');
  if (seq !== undefined && session === undefined) {
    throw refuse('seq needs the session that it counts in.', '/session');
  }
  if (ack === true && seq === undefined) throw refuse('ack needs a seq to acknowledge.', '/seq');
};

// The session that was last found good: most messages go on with one.
let goodSession = '';

/** Whether {@link checkIdentity} would find nothing wrong. */
export const isIdentity = (
  session: string | undefined,
  seq: number | undefined,
  ack: boolean | undefined,
): boolean => {
  if (session === undefined) return seq === undefined && ack !== true;
  if (session !== goodSession) {
    if (!SESSION.test(session)) return false;
    goodSession = session;
  }
  return seq === undefined ? ack !== true : Number.isSafeInteger(seq) && seq >= 0;
};

/**
 * Reads the header of a native JSON message.
 * @throws UndecodableMessage for another version or an unusable identity
 */
export const readHeader = (document: object, faults: PointFault[]): Header => {
  const { v, session, seq, sent, ack, device } = document as Record<
    'v' | 'session' | 'seq' | 'sent' | 'ack' | 'device',
    unknown
  >;
  if (v !== PAYLOAD_VERSION) {
    throw typeof v === 'number'
      ? new UndecodableMessage('unsupported-version', `Version ${v}; ${PAYLOAD_VERSION} is supported.`, '/v')
      : refuse('v is the version of the format, a number.', '/v');
  }
  checkIdentity(session, seq, ack);
  const sentAt = sent === undefined ? undefined : readTime(sent);
  if (Number.isNaN(sentAt)) faults.push({ code: 'invalid-time', pointer: '/sent', points: 0 });
  return {
    session: session as string | undefined,
    seq: seq as number | undefined,
    sent: Number.isNaN(sentAt) ? undefined : sentAt,
    ack: ack === true,
    facts: readFacts(device, '/device', faults),
  };
};
