/** Where each message of the store stands on its way: waiting, in flight to the broker, or awaiting its acknowledgement. */
import type { MessageStore, Stored } from './store/message-store.ts';

/** A message on its way. */
export interface Parcel {
  readonly message: Stored;
  state: 'waiting' | 'in-flight' | 'sent' | 'settled';
  /** How often it was published. */
  attempts: number;
  /** How often the broker took it and the platform did not answer in time. */
  unanswered: number;
  /** When to publish it again, milliseconds. */
  due: number;
}

/** The wait for an acknowledgement grows up to so many times the first. */
const MAX_BACKOFF = 16;

/** The messages of a store, by where they stand. */
export class Outbox {
  private readonly store: MessageStore;
  private readonly acknowledgeWithinMs: number;
  private readonly parcels = new Map<string, Parcel>();
  private waiting: Parcel[] = [];
  private head = 0;
  private published = 0;

  /** @param acknowledgeWithinMs how long a message that the broker took may stay without acknowledgement */
  constructor(store: MessageStore, acknowledgeWithinMs: number) {
    this.store = store;
    this.acknowledgeWithinMs = acknowledgeWithinMs;
    for (const message of store.pending()) this.add(message);
  }

  /** Messages that are not acknowledged. */
  get size(): number {
    return this.parcels.size;
  }

  /** Messages published of which the broker has not answered. */
  get inFlight(): number {
    return this.published;
  }

  /** Adds a message that was put into the store. */
  add(message: Stored): void {
    const parcel: Parcel = { message, state: 'waiting', attempts: 0, unanswered: 0, due: 0 };
    this.parcels.set(`${message.session}/${message.seq}`, parcel);
    this.waiting.push(parcel);
  }

  /** The next message to publish. */
  next(): Parcel | undefined {
    for (; this.head < this.waiting.length; this.head += 1) {
      const parcel = this.waiting[this.head];
      if (parcel?.state === 'waiting') return parcel;
    }
    this.waiting = [];
    this.head = 0;
    return undefined;
  }

  /** Notes that a message is published now. @returns which attempt this is: {@link taken} and {@link failed} name it */
  publish(parcel: Parcel): number {
    parcel.state = 'in-flight';
    parcel.attempts += 1;
    this.published += 1;
    return parcel.attempts;
  }

  /** The broker has it: from now on the acknowledgement of the platform is awaited. */
  taken(parcel: Parcel, attempt: number, now: number): void {
    if (!this.isInFlight(parcel, attempt)) return;
    this.published -= 1;
    parcel.state = 'sent';
    parcel.due = now + this.acknowledgeWithinMs * Math.min(MAX_BACKOFF, 2 ** parcel.unanswered);
  }

  /** It did not reach the broker. @returns whether that was still unknown */
  failed(parcel: Parcel, attempt: number): boolean {
    if (!this.isInFlight(parcel, attempt)) return false;
    this.published -= 1;
    this.again(parcel);
    return true;
  }

  /** Outcomes of earlier attempts come late, after a new connection has begun the next. */
  private isInFlight(parcel: Parcel, attempt: number): boolean {
    return parcel.state === 'in-flight' && parcel.attempts === attempt;
  }

  /** The connection is gone: what the broker did not confirm waits again. */
  disconnected(): void {
    for (const parcel of this.parcels.values()) this.failed(parcel, parcel.attempts);
  }

  /** Lets messages wait again whose acknowledgement is overdue. @returns how many */
  overdue(now: number): number {
    let count = 0;
    for (const parcel of this.parcels.values()) {
      if (parcel.state !== 'sent' || parcel.due > now) continue;
      parcel.unanswered += 1;
      this.again(parcel);
      count += 1;
    }
    return count;
  }

  private again(parcel: Parcel): void {
    parcel.state = 'waiting';
    this.waiting.push(parcel);
  }

  /** The platform has them: they are forgotten. @returns how many were still kept */
  settle(session: string, from: number, to: number): number {
    const settled = this.store.acknowledge(session, from, to);
    for (const { session: of, seq } of settled) {
      const key = `${of}/${seq}`;
      const parcel = this.parcels.get(key);
      if (parcel === undefined) continue;
      if (parcel.state === 'in-flight') this.published -= 1;
      parcel.state = 'settled';
      this.parcels.delete(key);
    }
    return settled.length;
  }
}
