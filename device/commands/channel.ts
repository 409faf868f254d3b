/** Commands of a device as they come and go over MQTT. */
import { commandMessage } from '../../contracts/messages/commands.ts';
import { downstream, type Origin, originOfTopic, upstream } from '../../contracts/messages/topics.ts';
import type { CommandHandlers } from './handler.ts';
import { Journal } from './journal.ts';
import type { OutgoingReply } from './reply-outbox.ts';
import { CommandRunner, type RunnerEvents } from './runner.ts';

/** A reply as it is published. */
export interface Publication {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly reply: OutgoingReply;
}

/** Where a device hears commands and replies to them. */
export class CommandChannel {
  /** What to subscribe to. */
  readonly filter: string;
  private readonly origin: Origin;
  private readonly runner: CommandRunner;

  /**
   * @param dataTopic tells site and device
   * @param directory where the journal is kept; none: in memory
   * @throws {RangeError} when the topic tells no site and device
   */
  constructor(
    handlers: CommandHandlers,
    dataTopic: string,
    directory: string | undefined,
    events: RunnerEvents,
  ) {
    const origin = originOfTopic(dataTopic);
    if (origin === undefined)
      throw new RangeError(`${dataTopic} tells no site and device to hear commands for`);
    this.origin = origin;
    this.filter = downstream.command(origin, '+');
    this.runner = new CommandRunner(
      handlers,
      new Journal(directory, (error) => events.trouble(error)),
      events,
    );
  }

  /** Goes on with what an earlier life was told. */
  resume(): void {
    this.runner.resume();
  }

  /**
   * Takes a command that came.
   * @throws {Error} when it is none
   */
  hear(topic: string, document: unknown): void {
    const message = commandMessage.parse(document);
    if (topic !== downstream.command(this.origin, message.id))
      throw new Error(`command ${message.id} came on the topic of another`);
    this.runner.take(message);
  }

  /** Whether a reply waits to be published. */
  get waiting(): boolean {
    return this.runner.waiting;
  }

  /** Takes the next reply to publish. */
  next(): Publication | undefined {
    const reply = this.runner.next();
    if (reply === undefined) return undefined;
    const topic = upstream.reply(this.origin, reply.id, reply.kind);
    return { topic, payload: Buffer.from(reply.payload), reply };
  }

  /** The broker has a reply. */
  confirmed({ reply }: Publication): void {
    this.runner.confirmed(reply);
  }

  /** The connection is gone: what the broker has not confirmed is published again. */
  disconnected(): void {
    this.runner.disconnected();
  }

  /** Aborts what is under way, and lets go of the journal. */
  close(): Promise<void> {
    return this.runner.close();
  }
}
