/** What a native message says besides its points. */
import { isObject } from '../contracts/json.ts';
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

/** Who sent a message and when, and what its device says of itself. */
export type Header = Pick<Message, 'session' | 'seq' | 'sent' | 'ack' | 'facts'>;

const refuse = (detail: string, pointer: string): UndecodableMessage =>
  new UndecodableMessage('invalid-structure', detail, pointer);

/**
 * Reads device facts. A member that is wrong becomes a fault of no points, the rest stands.
 * @param pointer where the facts stand
 * @param faults where faults are added
 * @returns `undefined` when there is no usable fact
 */
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
    if (!isObject(device) || wrong.has(undefined)) return undefined;
    kept = deviceFacts.parse(Object.fromEntries(Object.entries(device).filter(([name]) => !wrong.has(name))));
  }
  return kept !== undefined && Object.keys(kept).length > 0 ? kept : undefined;
};

/** What is wrong with what identifies a message, and where; `undefined` when nothing is. */
export const faultOfIdentity = (
  session: unknown,
  seq: unknown,
  ack: unknown,
): readonly [detail: string, pointer: string] | undefined => {
  if (session !== undefined && (typeof session !== 'string' || !SESSION.test(session)))
    return [`session is 1 to ${LIMITS.sessionChars} visible ASCII characters without spaces.`, '/session'];
  if (seq !== undefined && !(Number.isSafeInteger(seq) && Number(seq) >= 0))
    return ['seq is a whole number from 0.', '/seq'];
  if (ack !== undefined && typeof ack !== 'boolean') return ['ack is true or false.', '/ack'];
  if (seq !== undefined && session === undefined)
    return ['seq needs the session that it counts in.', '/session'];
  if (ack === true && seq === undefined) return ['ack needs a seq to acknowledge.', '/seq'];
  return undefined;
};

/**
 * Checks what identifies a message. Without it nothing of the message could be acknowledged: a fault here is one of the
 * whole message.
 * @throws {UndecodableMessage} `invalid-structure`
 */
export const checkIdentity = (session: unknown, seq: unknown, ack: unknown): void => {
  const fault = faultOfIdentity(session, seq, ack);
  if (fault !== undefined) throw refuse(...fault);
};

/**
 * Reads the header of a native JSON message.
 * @param faults where faults are added that leave the points usable
 * @throws {UndecodableMessage} for another version or an unusable identity
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
