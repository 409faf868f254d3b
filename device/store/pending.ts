/** Index of the messages that are not acknowledged: by session and sequence number, in the order appended. */
import type { Stored } from './message-store.ts';

/** Messages that are not acknowledged. */
export class Pending<T extends Stored> {
  private readonly sessions = new Map<string, Map<number, T>>();

  add(message: T): void {
    const session = this.sessions.get(message.session) ?? new Map<number, T>();
    this.sessions.set(message.session, session);
    session.set(message.seq, message);
  }

  get(session: string, seq: number): T | undefined {
    return this.sessions.get(session)?.get(seq);
  }

  /** Takes out the messages from `from` to `to`, both included. */
  take(session: string, from: number, to: number): readonly T[] {
    const messages = this.sessions.get(session);
    if (messages === undefined) return [];
    const taken: T[] = [];
    // A range may be far wider than what is kept: walk the smaller of the two.
    if (to - from < messages.size) {
      for (let seq = from; seq <= to; seq += 1) {
        const message = messages.get(seq);
        if (message !== undefined) taken.push(message);
      }
    } else {
      for (const message of messages.values()) {
        if (message.seq >= from && message.seq <= to) taken.push(message);
      }
    }
    for (const { seq } of taken) messages.delete(seq);
    if (messages.size === 0) this.sessions.delete(session);
    return taken;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const messages of this.sessions.values()) yield* messages.values();
  }
}
