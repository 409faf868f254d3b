/**
 * A device on labgate: measurements are kept on disk, sent with sequence numbers, repeated until the platform
 * says that they are durable, and only then forgotten.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../contracts/limits.ts';
import type { CommandMessage, Reply } from '../contracts/messages/commands.ts';
import {
  type AckMessage,
  ackMessage,
  type ErrorsMessage,
  errorsMessage,
} from '../contracts/messages/downstream.ts';
import type { DeviceFacts } from '../contracts/resources/devices.ts';
import { encodeMessage } from '../payload/encode.ts';
import type { Measurement } from '../payload/outgoing.ts';
import { CommandChannel } from './commands/channel.ts';
import { Link } from './link.ts';
import type { DeviceOptions } from './options.ts';
import { Outbox, type Parcel } from './outbox.ts';
import { AWS_RATE, RateLimit } from './rate-limit.ts';
import { openFileStore } from './store/file-store.ts';
import type { MessageStore } from './store/message-store.ts';
import { type Wrapping, wrap } from './wrapping.ts';

/** Formats that carry a session and a sequence number, so that they can be acknowledged. */
export type TrackedFormat = 'rows' | 'columns' | 'protobuf';

/** What to send in one message: points, facts of the device, or both. */
export interface Dispatch {
  /** At most 2000, in any order. */
  readonly points?: readonly Measurement[];
  readonly facts?: DeviceFacts;
  /** Default rows. */
  readonly format?: TrackedFormat;
  /** Default none. */
  readonly wrapping?: Wrapping;
}

/** Identity of a message that the store has: what acknowledgements and notes name. */
export interface Receipt {
  readonly session: string;
  readonly seq: number;
}

/** What a {@link Device} tells its listeners. */
export interface DeviceEvents {
  connected: [];
  disconnected: [];
  /** Messages are durable on the platform; `count` of them were still kept here. */
  acknowledged: [ack: AckMessage, count: number];
  /** The platform quarantined a message or a part of it. */
  quarantined: [note: ErrorsMessage];
  /** So many messages are sent again, as their acknowledgement is overdue. */
  repeated: [count: number];
  /** Everything sent so far is acknowledged. */
  drained: [];
  /** The device replies to a command: that it is accepted or rejected, how far it is, how it ended. */
  command: [message: CommandMessage, reply: Reply];
  /** Something failed that is tried again, or something came that cannot be read. */
  trouble: [error: Error];
}

const isStore = (store: DeviceOptions['store']): store is MessageStore => 'append' in store;
const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/**
 * A device: takes measurements at any time, and delivers them whenever there is a connection.
 * @example
 * const device = connectDevice({ ...connection, store: { directory: 'outbox' } });
 * device.on('quarantined', ({ codes }) => console.warn(codes));
 * await device.send({ points: [{ channel: 'temp', time: Date.now() * 1000, value: 37.02, unit: 'Cel' }] });
 * await device.drained();
 * await device.close();
 */
export class Device extends EventEmitter<DeviceEvents> {
  private readonly options: DeviceOptions;
  private readonly store: MessageStore;
  private readonly outbox: Outbox;
  private readonly rateLimit: RateLimit;
  private readonly link: Link;
  private readonly commands: CommandChannel | undefined;
  private readonly sweeper: NodeJS.Timeout;
  private paused: NodeJS.Timeout | undefined;
  /** Takes no more, and then sends no more. */
  private closed = false;
  private ended = false;

  /** @throws {Error} when another process has the folder of the store open */
  constructor(options: DeviceOptions) {
    super();
    const { store, acknowledgeWithinMs = 30_000, rateLimit = AWS_RATE } = options;
    this.options = options;
    const trouble = (error: Error): void => {
      this.emit('trouble', error);
    };
    this.store = isStore(store) ? store : openFileStore({ trouble, ...store });
    this.outbox = new Outbox(this.store, acknowledgeWithinMs);
    this.rateLimit = new RateLimit(rateLimit);
    this.commands = this.openCommands(trouble);
    const { ack, errors } = options.topics;
    const topics = [ack, errors, ...(this.commands === undefined ? [] : [this.commands.filter])];
    this.link = new Link(options, topics, {
      up: () => {
        this.emit('connected');
        this.pump();
      },
      down: () => {
        this.outbox.disconnected();
        this.commands?.disconnected();
        this.emit('disconnected');
      },
      message: (topic, payload) => this.hear(topic, payload),
      trouble,
    });
    this.sweeper = setInterval(() => this.sweep(), Math.max(10, acknowledgeWithinMs / 4));
    this.sweeper.unref();
  }

  private openCommands(trouble: (error: Error) => void): CommandChannel | undefined {
    const { commands, topics } = this.options;
    if (commands === undefined) return undefined;
    try {
      return new CommandChannel(commands, topics.data, this.store.directory, {
        ready: () => this.pump(),
        replied: (message, reply) => this.emit('command', message, reply),
        trouble,
      });
    } catch (error) {
      // The folder is free for another try.
      this.store.close().catch(trouble);
      throw error;
    }
  }

  get connected(): boolean {
    return this.link.up;
  }

  /** Messages that are not acknowledged. */
  get pending(): number {
    return this.outbox.size;
  }

  /** Messages refused since the start, as the store was full; each is a gap that the platform names. */
  get refused(): number {
    return this.store.refused;
  }

  /** Begins to connect, and connects again whenever the connection is lost. Goes on with commands of before. */
  connect(): void {
    this.commands?.resume();
    this.link.open();
  }

  /** Disconnects; measurements go on being kept. */
  disconnect(): Promise<void> {
    return this.link.close();
  }

  /** Breaks the connection as a pulled cable does, for tests of faults; it is made again. */
  cut(): void {
    this.link.cut();
  }

  /**
   * Puts a message into the store. It is sent when there is a connection.
   * @returns its identity, once it survives a crash of the device
   * @throws {StoreFull} when there is no room for it
   * @throws {RangeError} when the format cannot say it, or it is larger than the platform takes
   */
  async send(dispatch: Dispatch): Promise<Receipt> {
    if (this.closed) throw new Error('the device is closed');
    const { points = [], facts, format = 'rows', wrapping = 'none' } = dispatch;
    if (points.length > LIMITS.messagePoints) {
      throw new RangeError(`${points.length} points; a message takes ${LIMITS.messagePoints}`);
    }
    const sent = Date.now() * 1000;
    const message = this.store.append((session, seq) => {
      const bytes = wrap(encodeMessage({ session, seq, sent, ack: true, facts, points }, format), wrapping);
      if (bytes.length > LIMITS.messageBytes) {
        throw new RangeError(`${bytes.length} bytes; a message takes ${LIMITS.messageBytes}`);
      }
      return bytes;
    });
    // Only what cannot be lost any more is published: a number that the platform has seen is never given twice.
    await this.store.sync();
    this.outbox.add(message);
    this.pump();
    return { session: message.session, seq: message.seq };
  }

  /**
   * Publishes bytes as they are, once, for formats that cannot be acknowledged.
   * @returns when the broker has them
   * @throws {Error} when there is no connection
   */
  async publishOnce(payload: Uint8Array): Promise<void> {
    for (let now = performance.now(); ; now = performance.now()) {
      const wait = this.rateLimit.wait(now);
      if (wait === 0) {
        this.rateLimit.count(payload.length, now);
        return this.link.publish(this.options.topics.data, payload);
      }
      await sleep(Math.ceil(wait));
    }
  }

  /** Resolves when everything sent so far is acknowledged; rejects when the signal says so. */
  async drained(signal?: AbortSignal): Promise<void> {
    while (this.outbox.size > 0) {
      await new Promise<void>((resolve, reject) => {
        const stop = (): void => {
          this.off('drained', done);
          reject(asError(signal?.reason));
        };
        const done = (): void => {
          signal?.removeEventListener('abort', stop);
          resolve();
        };
        if (signal?.aborted === true) return stop();
        signal?.addEventListener('abort', stop, { once: true });
        this.once('drained', done);
      });
    }
  }

  /**
   * Ends the commands that are under way, disconnects and closes the store; what is not acknowledged is sent after the
   * next start.
   */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.commands?.close();
    this.ended = true;
    clearInterval(this.sweeper);
    clearTimeout(this.paused);
    await this.link.close();
    await this.store.close();
  }

  /** Publishes what waits, replies first, within the window and the quotas of the connection. */
  private pump(): void {
    const { inFlight = 50 } = this.options;
    while (this.link.up && !this.ended) {
      const replies = this.commands?.waiting === true;
      const parcel = replies || this.outbox.inFlight >= inFlight ? undefined : this.outbox.next();
      if (!replies && parcel === undefined) return;
      const now = performance.now();
      const wait = this.rateLimit.wait(now);
      if (wait > 0) {
        clearTimeout(this.paused);
        this.paused = setTimeout(() => this.pump(), Math.ceil(wait));
        return;
      }
      if (parcel === undefined) this.publishReply(now);
      else this.publishParcel(parcel, now);
    }
  }

  private publishParcel(parcel: Parcel, now: number): void {
    this.rateLimit.count(parcel.message.bytes, now);
    const attempt = this.outbox.publish(parcel);
    this.deliver(parcel, attempt).catch((error: unknown) => {
      if (this.outbox.failed(parcel, attempt)) this.emit('trouble', asError(error));
    });
  }

  private publishReply(now: number): void {
    const publication = this.commands?.next();
    if (publication === undefined) return;
    const { topic, payload } = publication;
    this.rateLimit.count(payload.length, now);
    this.link.publish(topic, payload).then(
      () => this.commands?.confirmed(publication),
      // It goes first over the next connection.
      (error: unknown) => this.emit('trouble', asError(error)),
    );
  }

  private async deliver(parcel: Parcel, attempt: number): Promise<void> {
    await this.link.publish(this.options.topics.data, this.store.read(parcel.message));
    this.outbox.taken(parcel, attempt, performance.now());
    this.pump();
  }

  private sweep(): void {
    const count = this.outbox.overdue(performance.now());
    if (count > 0) this.emit('repeated', count);
    this.pump();
  }

  private hear(topic: string, payload: Uint8Array): void {
    try {
      const document: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
      if (topic === this.options.topics.ack) this.settle(ackMessage.parse(document));
      else if (topic === this.options.topics.errors) this.emit('quarantined', errorsMessage.parse(document));
      else this.commands?.hear(topic, document);
    } catch (error) {
      this.emit('trouble', new Error(`${topic}: unreadable or not settled`, { cause: error }));
    }
  }

  private settle(ack: AckMessage): void {
    let count = 0;
    for (const [from, to] of ack.ranges) count += this.outbox.settle(ack.session, from, to);
    if (ack.seq !== undefined) count += this.outbox.settle(ack.session, 0, ack.seq);
    this.emit('acknowledged', ack, count);
    if (count > 0 && this.outbox.size === 0) this.emit('drained');
    this.pump();
  }
}

/**
 * Makes a device and begins to connect it.
 * @throws {Error} as the constructor of {@link Device}
 */
export const connectDevice = (options: DeviceOptions): Device => {
  const device = new Device(options);
  device.connect();
  return device;
};
