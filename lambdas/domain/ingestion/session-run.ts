/** Messages of a device's sessions in one batch: which of them came before, and which become durable. */
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

/** Messages of one session that are durable once the run is written. */
export interface Durable {
  readonly session: string;
  readonly ranges: readonly SeqRange[];
  readonly seq: number | undefined;
}

/** Which message some points came with, see `series/points/order.ts`. */
export interface MessageOrder {
  readonly rank: number;
  readonly number: number;
}

/** A message whose number came before. */
export const REPEATED: MessageOrder = { rank: AGAIN, number: NO_NUMBER };

/** Sessions that were asked for by their names. */
export type Recalled = ReadonlyMap<string, Session | undefined>;

interface OpenSession {
  readonly id: string;
  readonly began: Micros;
  readonly numbers: SequenceSet;
  /** Whether anything came of it in this run. */
  changed: boolean;
}

/** What is to be remembered of sessions. */
export interface SessionsAfter {
  readonly durable: readonly Durable[];
  /** The newest last. */
  readonly sessions: readonly Session[];
  /** Those that are no longer among them and are to be kept elsewhere. */
  readonly parted: readonly Session[];
  /** Those that are not remembered and have to be asked for, before this run can be told as it is. */
  readonly unknown: readonly string[];
}

/** Sessions that one run asks for: a device that begins one with each message gets no more. */
const MAX_ASKED = 64;

export class SessionRun {
  /** The one of which a message came last is the last. */
  private readonly open = new Map<string, OpenSession>();
  private readonly recalled: Recalled;
  private readonly unknown = new Set<string>();
  private readonly heard = new Map<string, { readonly seqs: number[]; ack: boolean }>();
  private current: OpenSession | undefined;

  constructor(sessions: readonly Session[], recalled: Recalled) {
    this.recalled = recalled;
    for (const { id, began, ranges } of sessions)
      this.open.set(id, { id, began, numbers: new SequenceSet(ranges), changed: false });
  }

  private sessionOf(id: string, arrived: Micros): OpenSession {
    if (this.current?.id === id) return this.current;
    let session = this.open.get(id);
    if (session === undefined) {
      const known = this.recalled.get(id);
      if (!this.recalled.has(id) && this.unknown.size < MAX_ASKED) this.unknown.add(id);
      const began = known?.began ?? arrived;
      session = { id, began, numbers: new SequenceSet(known?.ranges), changed: false };
    } else this.open.delete(id);
    this.open.set(id, session);
    this.current = session;
    return session;
  }

  /** Takes a message with a number. @returns where it stands in its session, or that it came before */
  take(id: string, seq: number, arrived: Micros): MessageOrder {
    const session = this.sessionOf(id, arrived);
    if (!session.numbers.add(seq)) return REPEATED;
    session.changed = true;
    return { rank: session.began, number: seq };
  }

  /** Notes that the device wants to hear of a message, whether it came before or not. */
  noteSeq({ session, seq, ack }: Message): void {
    if (session === undefined || seq === undefined) return;
    const known = this.heard.get(session);
    if (known === undefined) this.heard.set(session, { seqs: [seq], ack });
    else {
      known.seqs.push(seq);
      known.ack ||= ack;
    }
  }

  /** What the device is to hear, and what is to be remembered of its sessions. */
  finish(): SessionsAfter {
    const all = [...this.open.values()].map(({ id, began, numbers, changed }) => ({
      session: { id, began, ranges: numbers.kept() },
      changed,
    }));
    const durable = [...this.heard].flatMap(([session, { seqs, ack }]) => {
      if (!ack) return [];
      const ranges = this.open.get(session)?.numbers.ranges ?? this.recalled.get(session)?.ranges ?? [];
      return [{ session, ranges: toRanges(seqs), seq: contiguous(ranges) }];
    });
    return {
      durable,
      sessions: all.slice(-MAX_SESSIONS).map(({ session }) => session),
      // One that did not change since it was remembered with the state parts from it all the same.
      parted: all
        .slice(0, -MAX_SESSIONS)
        .slice(-MAX_ASKED)
        .map(({ session }) => session),
      unknown: [...this.unknown],
    };
  }
}
