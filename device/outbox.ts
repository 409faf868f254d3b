/** Where each message of the store stands on its way: waiting, in flight to the broker, or awaiting its acknowledgement. */
import type { MessageStore, Stored } from './store/message-store.ts';

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

/** A message waits at most so many times the first wait. */
const MAX_PATIENCE = 16;

export class Outbox {
  private readonly store: MessageStore;
  private readonly patienceMs: number;
  private readonly parcels = new Map<string, Parcel>();
  private waiting: Parcel[] = [];
  private head = 0;
  private flying = 0;

  constructor(store: MessageStore, patienceMs: number) {
    this.store = store;
    this.patienceMs = patienceMs;
    for (const message of store.pending()) this.add(message);
  }

  /** Messages that are not acknowledged. */
  get size(): number {
    return this.parcels.size;
  }

  get inFlight(): number {
    return this.flying;
  }

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

  /** @returns which attempt this is, to tell its outcome by */
  publish(parcel: Parcel): number {
    parcel.state = 'in-flight';
    parcel.attempts += 1;
    this.flying += 1;
    return parcel.attempts;
  }

  /** The broker has it: from now on the platform's word is awaited. */
  taken(parcel: Parcel, attempt: number, now: number): void {
    if (!this.flies(parcel, attempt)) return;
    this.flying -= 1;
    parcel.state = 'sent';
    parcel.due = now + this.patienceMs * Math.min(MAX_PATIENCE, 2 ** parcel.unanswered);
  }

  /** It did not reach the broker. @returns whether that was still unknown */
  failed(parcel: Parcel, attempt: number): boolean {
    if (!this.flies(parcel, attempt)) return false;
    this.flying -= 1;
    this.again(parcel);
    return true;
  }

  /** Outcomes of earlier attempts come late, after a new connection has begun the next. */
  private flies(parcel: Parcel, attempt: number): boolean {
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
      if (parcel.state === 'in-flight') this.flying -= 1;
      parcel.state = 'settled';
      this.parcels.delete(key);
    }
    return settled.length;
  }
}
