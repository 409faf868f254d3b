/**
 * Messages of QoS 1 that wait for the acknowledgement of a persistent session, and the life of such sessions.
 *
 * Takes the place of the queues in aedes' memory store: those grow without a bound for a client that never comes
 * back, and search a whole queue for each acknowledgement.
 */
import { Readable } from 'node:stream';
import { SESSION_LIFE } from './limits.ts';

/** A message as aedes hands it over. `brokerCounter` is its identity. */
export interface QueuedPacket {
  readonly brokerCounter: number;
  messageId?: number;
  readonly payload: Buffer | string;
}

interface Entry<P> {
  readonly packet: P;
  readonly at: number;
}

interface Queue<P> {
  /** In the order of arrival. */
  readonly entries: Map<number, Entry<P>>;
  /** Counter of a message that is on its way, by the id it has there. */
  readonly sent: Map<number, number>;
  bytes: number;
}

/** What one session may have waiting. */
const MAX_MESSAGES = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** See the head of this file. */
export class Outgoing<P extends QueuedPacket> {
  readonly #queues = new Map<string, Queue<P>>();
  /** When the connection of a persistent session ended, in milliseconds since the epoch. */
  readonly #gone = new Map<string, number>();
  readonly #copy: (packet: P) => P;
  #dropped = 0;

  /** @param copy makes an own copy of a packet: aedes changes the one that it passes on */
  constructor(copy: (packet: P) => P) {
    this.#copy = copy;
  }

  /** Messages that were dropped because a session had too many waiting. */
  get dropped(): number {
    return this.#dropped;
  }

  enqueue(clientId: string, packet: P): void {
    let queue = this.#queues.get(clientId);
    if (queue === undefined) {
      queue = { entries: new Map(), sent: new Map(), bytes: 0 };
      this.#queues.set(clientId, queue);
    }
    queue.entries.set(packet.brokerCounter, { packet: this.#copy(packet), at: Date.now() });
    queue.bytes += packet.payload.length;
    while (queue.entries.size > MAX_MESSAGES || queue.bytes > MAX_BYTES) {
      const [oldest] = queue.entries.keys();
      if (oldest === undefined) return;
      this.#remove(queue, oldest);
      this.#dropped++;
    }
  }

  /** A message is on its way under this id. */
  update(clientId: string, { brokerCounter, messageId }: QueuedPacket): void {
    const queue = this.#queues.get(clientId);
    const entry = queue?.entries.get(brokerCounter);
    if (queue === undefined || entry === undefined || messageId === undefined) return;
    if (entry.packet.messageId !== undefined) queue.sent.delete(entry.packet.messageId);
    entry.packet.messageId = messageId;
    queue.sent.set(messageId, brokerCounter);
  }

  /** The message of this id has arrived. */
  clear(clientId: string, messageId: number | undefined): P | undefined {
    const queue = this.#queues.get(clientId);
    const counter = messageId === undefined ? undefined : queue?.sent.get(messageId);
    return queue === undefined || counter === undefined ? undefined : this.#remove(queue, counter);
  }

  /** What waits for a client, oldest first; what was on its way before is marked as a duplicate. */
  stream(clientId: string): Readable {
    const queue = this.#queues.get(clientId);
    if (queue !== undefined) this.#expire(queue, Date.now() - SESSION_LIFE);
    const packets = [...(queue?.entries.values() ?? [])].map(({ packet }) =>
      packet.messageId === undefined ? packet : { ...packet, dup: true },
    );
    return Readable.from(packets);
  }

  forget(clientId: string): void {
    this.#queues.delete(clientId);
    this.#gone.delete(clientId);
  }

  /** @param clean whether the client wants nothing of before */
  connected(clientId: string, clean: boolean): void {
    if (clean) this.#queues.delete(clientId);
    this.#gone.delete(clientId);
  }

  disconnected(clientId: string): void {
    this.#gone.set(clientId, Date.now());
  }

  /** Drops what has waited too long. @returns ids of the sessions that have ended */
  sweep(now = Date.now()): readonly string[] {
    const since = now - SESSION_LIFE;
    for (const queue of this.#queues.values()) this.#expire(queue, since);
    const ended = [...this.#gone].filter(([, at]) => at <= since).map(([clientId]) => clientId);
    for (const clientId of ended) this.forget(clientId);
    return ended;
  }

  #expire(queue: Queue<P>, since: number): void {
    for (const [counter, { at }] of queue.entries) {
      if (at > since) return;
      this.#remove(queue, counter);
    }
  }

  #remove(queue: Queue<P>, counter: number): P | undefined {
    const packet = queue.entries.get(counter)?.packet;
    if (packet === undefined) return undefined;
    queue.entries.delete(counter);
    queue.bytes -= packet.payload.length;
    if (packet.messageId !== undefined) queue.sent.delete(packet.messageId);
    return packet;
  }
}
