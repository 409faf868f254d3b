/** Replies on their way to the broker, in the order made. Each is kept until the broker has confirmed it. */
import type { ReplyKind } from '../../contracts/messages/topics.ts';

/** A reply on its way. */
export interface OutgoingReply {
  /** Identifier of the command. */
  readonly id: string;
  readonly kind: ReplyKind;
  readonly payload: string;
}

/** Replies that the broker has not confirmed. */
export class ReplyOutbox {
  private readonly waiting = new Map<string, OutgoingReply>();
  private readonly inFlight = new Map<string, OutgoingReply>();

  /** Adds a reply; of the same kind and command only the newest waits. */
  add(reply: OutgoingReply): void {
    const key = `${reply.id}/${reply.kind}`;
    this.waiting.delete(key);
    this.waiting.set(key, reply);
  }

  get hasWaiting(): boolean {
    return this.waiting.size > 0;
  }

  /** Takes the next reply to publish; {@link confirmed} or {@link disconnected} says what became of it. */
  next(): OutgoingReply | undefined {
    for (const [key, reply] of this.waiting) {
      this.waiting.delete(key);
      this.inFlight.set(key, reply);
      return reply;
    }
    return undefined;
  }

  /** The broker has it. @returns whether nothing newer of its kind is on its way */
  confirmed(reply: OutgoingReply): boolean {
    const key = `${reply.id}/${reply.kind}`;
    if (this.inFlight.get(key) === reply) this.inFlight.delete(key);
    return !this.waiting.has(key) && !this.inFlight.has(key);
  }

  /** The connection is gone: what the broker did not confirm goes first over the next one. */
  disconnected(): void {
    const later = [...this.waiting];
    this.waiting.clear();
    for (const [key, reply] of [...this.inFlight, ...later]) this.waiting.set(key, reply);
    this.inFlight.clear();
  }
}
