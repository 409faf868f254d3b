/** One standard queue: visibility, delays, redrive, retention, long polling. Time is an argument throughout. */
import { randomUUID } from 'node:crypto';
import type { DiskWatch } from '../disk-watch.ts';
import type { Journal } from './journal.ts';

export interface QueueOptions {
  readonly name: string;
  readonly arn: string;
  readonly keyArn: string | undefined;
  readonly visibilitySeconds: number;
  readonly delaySeconds: number;
  readonly waitSeconds: number;
  readonly retentionSeconds: number;
  readonly maxBytes: number;
  readonly redrive: { readonly targetArn: string; readonly maxReceiveCount: number } | undefined;
}

export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

export interface Message {
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly sender: string;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  /** ARN of the queue it was moved here from. */
  readonly source?: string;
  visibleAt: number;
  receiveCount: number;
  firstReceivedAt?: number;
}

type Entry =
  | { readonly put: Message }
  | { readonly gone: string }
  | { readonly received: string; readonly count: number; readonly at: number };

export class Queue {
  readonly options: QueueOptions;
  readonly #disk: DiskWatch;
  readonly #journal: Journal | undefined;
  readonly #messages = new Map<string, Message>();
  /** The newest receipt of each message in flight; older ones are worth nothing. */
  readonly #receipts = new Map<string, string>();
  readonly #newest = new Map<string, string>();
  readonly #waiters = new Set<() => void>();
  #redriveTo: Queue | undefined;
  #closed = false;

  constructor(
    options: QueueOptions,
    disk: DiskWatch,
    journal: Journal | undefined,
    entries: readonly unknown[],
  ) {
    this.options = options;
    this.#disk = disk;
    this.#journal = journal;
    for (const entry of entries as readonly Entry[]) {
      if ('put' in entry) this.#messages.set(entry.put.id, entry.put);
      else if ('gone' in entry) this.#messages.delete(entry.gone);
      else {
        const message = this.#messages.get(entry.received);
        if (message) Object.assign(message, { receiveCount: entry.count, firstReceivedAt: entry.at });
      }
    }
    // Receipts do not survive a restart, so what was in flight is visible again.
    for (const message of this.#messages.values()) {
      if (message.receiveCount > 0 || !Number.isFinite(message.visibleAt)) message.visibleAt = 0;
    }
  }

  /** Where messages go that were received too often. */
  set redriveTo(queue: Queue | undefined) {
    this.#redriveTo = queue;
  }

  async send(
    body: string,
    attributes: Readonly<Record<string, MessageAttribute>>,
    sender: string,
    now: number,
    delaySeconds = this.options.delaySeconds,
  ): Promise<Message> {
    const message: Message = {
      id: randomUUID(),
      body,
      attributes,
      sender,
      sentAt: now,
      visibleAt: now + delaySeconds * 1000,
      receiveCount: 0,
    };
    await this.#add(message);
    return message;
  }

  /**
   * Takes up to `max` visible messages; waits for the first up to `waitMs`.
   * @param clock gives the time now, since this may take a while
   */
  async receive(
    max: number,
    visibilitySeconds: number,
    waitMs: number,
    clock: () => number,
  ): Promise<{ message: Message; receipt: string }[]> {
    const deadline = clock() + waitMs;
    for (;;) {
      const now = clock();
      const taken = await this.#take(max, visibilitySeconds, now);
      if (taken.length > 0 || now >= deadline || this.#closed) return taken;
      await this.#wait(Math.min(deadline, this.#nextVisible(now)) - now);
    }
  }

  /** @returns whether the receipt was one of this queue */
  async delete(receipt: string): Promise<boolean> {
    const id = this.#receipts.get(receipt);
    if (id === undefined) return false;
    await this.#drop(id);
    return true;
  }

  /** @returns whether the message is in flight */
  changeVisibility(receipt: string, seconds: number, now: number): boolean {
    const message = this.#messages.get(this.#receipts.get(receipt) ?? '');
    if (!message || message.visibleAt <= now) return false;
    message.visibleAt = now + seconds * 1000;
    if (seconds === 0) this.#wake();
    return true;
  }

  async purge(): Promise<void> {
    await Promise.all([...this.#messages.keys()].map((id) => this.#drop(id)));
  }

  counts(now: number): { visible: number; inFlight: number; delayed: number } {
    const counts = { visible: 0, inFlight: 0, delayed: 0 };
    for (const message of this.#messages.values()) {
      if (message.visibleAt <= now) counts.visible += 1;
      else if (message.receiveCount > 0) counts.inFlight += 1;
      else counts.delayed += 1;
    }
    return counts;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    // Without it the journal is longer, no more; why it failed has been told.
    await this.#compact().catch(() => undefined);
    await this.#journal?.close();
  }

  async #compact(): Promise<void> {
    await this.#disk.write(async () =>
      this.#journal?.rewrite(() =>
        [...this.#messages.values()].map((message) => ({ put: message }) satisfies Entry),
      ),
    );
  }

  async #note(entry: Entry): Promise<void> {
    await this.#disk.write(async () => this.#journal?.append(entry));
  }

  async #take(max: number, visibilitySeconds: number, now: number) {
    const oldest = now - this.options.retentionSeconds * 1000;
    const taken: { message: Message; receipt: string }[] = [];
    const writes: Promise<void>[] = [];
    for (const message of this.#messages.values()) {
      if (taken.length === max) break;
      if (message.sentAt < oldest) writes.push(this.#drop(message.id));
      else if (message.visibleAt > now) continue;
      else if (
        this.#redriveTo &&
        message.receiveCount >= (this.options.redrive?.maxReceiveCount ?? Infinity)
      ) {
        writes.push(this.#redrive(message, this.#redriveTo, now));
      } else {
        message.visibleAt = now + visibilitySeconds * 1000;
        message.receiveCount += 1;
        message.firstReceivedAt ??= now;
        const receipt = randomUUID();
        this.#receipts.delete(this.#newest.get(message.id) ?? '');
        this.#receipts.set(receipt, message.id);
        this.#newest.set(message.id, receipt);
        taken.push({ message, receipt });
        const { id, receiveCount: count, firstReceivedAt: at } = message;
        writes.push(this.#note({ received: id, count, at }));
      }
    }
    await Promise.all(writes);
    return taken;
  }

  /** In the other queue before it leaves this one. */
  async #redrive(message: Message, target: Queue, now: number): Promise<void> {
    message.visibleAt = Number.POSITIVE_INFINITY;
    await target.#add({ ...message, source: this.options.arn, visibleAt: now, receiveCount: 0 });
    await this.#drop(message.id);
  }

  async #add(message: Message): Promise<void> {
    await this.#note({ put: message });
    this.#messages.set(message.id, message);
    this.#wake();
  }

  async #drop(id: string): Promise<void> {
    if (!this.#messages.delete(id)) return;
    this.#receipts.delete(this.#newest.get(id) ?? '');
    this.#newest.delete(id);
    await this.#note({ gone: id });
    if (this.#journal && this.#journal.length > 10_000 + 4 * this.#messages.size) await this.#compact();
  }

  #nextVisible(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { visibleAt } of this.#messages.values()) {
      if (visibleAt > now && visibleAt < next) next = visibleAt;
    }
    return next;
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#waiters.add(done);
    });
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}
