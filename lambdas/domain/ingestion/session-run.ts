/**
 * The sessions of a device during one run of its records: which messages are repeats, which ones the device is to be
 * told are durable, and what is to be remembered of the sessions.
 */
import type { Message } from '../../../contracts/messages/message.ts';
import type { Micros } from '../../../contracts/time.ts';
import { AGAIN, NO_NUMBER } from '../../../series/points/order.ts';
import {
  contiguous,
  MAX_SESSIONS,
  type SeqRange,
  SequenceSet,
  type Session,
  toRanges,
} from '../ledger/sessions.ts';

/** Messages of one session that the device is told are durable, once the run is written. */
export interface Durable {
  readonly session: string;
  /** Those of this run. */
  readonly ranges: readonly SeqRange[];
  /** Up to this number all messages of the session came; `undefined` when the first did not. */
  readonly seq: number | undefined;
}

/** Which message points came with, see `series/points/order.ts`. */
export interface MessageOrder {
  readonly rank: number;
  readonly number: number;
}

/** The order of a message whose sequence number came before. */
export const REPEATED: MessageOrder = { rank: AGAIN, number: NO_NUMBER };

/** Sessions that were read from the table by their ids; `undefined` for one that is not there. */
export type Recalled = ReadonlyMap<string, Session | undefined>;

interface OpenSession {
  readonly id: string;
  readonly began: Micros;
  readonly numbers: SequenceSet;
}

/** What is to be remembered of sessions. */
export interface SessionsAfter {
  readonly durable: readonly Durable[];
  /** Sessions to remember with the state of the device, the newest last. */
  readonly sessions: readonly Session[];
  /** Sessions that have no place among them any more: each is to be written as an item of its own. */
  readonly parted: readonly Session[];
  /**
   * Sessions that the state does not hold. They may be new, or stand in the table: then the run has to be taken again
   * with what is {@link Recalled}, because some of its messages may be repeats.
   */
  readonly unknown: readonly string[];
}

/** Most sessions that one run reads or writes as items: a device could begin a new session with each message. */
const MAX_ASKED = 64;

export class SessionRun {
  /** By id. The session of the newest message is last. */
  private readonly open = new Map<string, OpenSession>();
  private readonly recalled: Recalled;
  private readonly unknown = new Set<string>();
  /** Messages by session that the device may wait for, and whether it asked to be told of them. */
  private readonly awaited = new Map<string, { readonly seqs: number[]; ack: boolean }>();
  /** The session of the newest message: the next message mostly belongs to it too. */
  private current: OpenSession | undefined;

  constructor(sessions: readonly Session[], recalled: Recalled) {
    this.recalled = recalled;
    for (const { id, began, ranges } of sessions)
      this.open.set(id, { id, began, numbers: new SequenceSet(ranges) });
  }

  private sessionOf(id: string, arrived: Micros): OpenSession {
    if (this.current?.id === id) return this.current;
    let session = this.open.get(id);
    if (session === undefined) {
      const known = this.recalled.get(id);
      if (!this.recalled.has(id) && this.unknown.size < MAX_ASKED) this.unknown.add(id);
      const began = known?.began ?? arrived;
      session = { id, began, numbers: new SequenceSet(known?.ranges) };
    } else this.open.delete(id);
    this.open.set(id, session);
    this.current = session;
    return session;
  }

  /** Takes a message with a sequence number. @returns its place among the messages, or {@link REPEATED} */
  take(id: string, seq: number, arrived: Micros): MessageOrder {
    const session = this.sessionOf(id, arrived);
    if (!session.numbers.add(seq)) return REPEATED;
    return { rank: session.began, number: seq };
  }

  /** Notes a message that the device is told is durable if it asked for that, even if the message is a repeat. */
  noteSeq({ session, seq, ack }: Message): void {
    if (session === undefined || seq === undefined) return;
    const known = this.awaited.get(session);
    if (known === undefined) this.awaited.set(session, { seqs: [seq], ack });
    else {
      known.seqs.push(seq);
      known.ack ||= ack;
    }
  }

  /** What the device is to be told, and what is to be remembered of its sessions. */
  finish(): SessionsAfter {
    const all = [...this.open.values()].map(
      ({ id, began, numbers }): Session => ({ id, began, ranges: numbers.kept() }),
    );
    const durable = [...this.awaited].flatMap(([session, { seqs, ack }]) => {
      if (!ack) return [];
      const ranges = this.open.get(session)?.numbers.ranges ?? this.recalled.get(session)?.ranges ?? [];
      return [{ session, ranges: toRanges(seqs), seq: contiguous(ranges) }];
    });
    return {
      durable,
      sessions: all.slice(-MAX_SESSIONS),
      // Also those that did not change: so far the state held them, and the table may not.
      parted: all.slice(0, -MAX_SESSIONS).slice(-MAX_ASKED),
      unknown: [...this.unknown],
    };
  }
}
