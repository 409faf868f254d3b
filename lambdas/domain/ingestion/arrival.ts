/** A record of a device as it came in, and the message that it holds. */

import { type Message, UndecodableMessage } from '../../../contracts/messages/message.ts';
import type { Micros } from '../../../contracts/time.ts';
import { decodeMessage } from '../../../payload/decode.ts';
import { inflaters } from './inflaters.ts';

/** One record as it came in. */
export interface Arrival {
  readonly sequence: string;
  readonly arrived: Micros;
  readonly bytes: Uint8Array;
  /** When it arrived first, for a message that comes out of the quarantine again: its points are held to that. */
  readonly original?: Micros;
}

/** Why a record is no message. */
export interface Undecoded {
  readonly error: UndecodableMessage;
  /** Set when the decoder failed in a way it should not: a defect of ours, not of the message. */
  readonly defect?: unknown;
}

/** The message of a record. */
export const decodeArrival = (arrival: Arrival): Message | Undecoded => {
  try {
    return decodeMessage(arrival.bytes, arrival.original ?? arrival.arrived, inflaters);
  } catch (error) {
    if (error instanceof UndecodableMessage) return { error };
    // A defect of the decoder must not stop the shard: the bytes are kept, and the handler logs the defect.
    return { error: new UndecodableMessage('invalid-structure', 'The decoder failed.'), defect: error };
  }
};
