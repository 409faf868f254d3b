/**
 * Takes commands and does each at most once, in the order in which they came, across restarts of the device.
 *
 * | step                | noted on disk before | after a restart                                    |
 * | ------------------- | -------------------- | -------------------------------------------------- |
 * | `rejected` is said  | the reply            | it is said again, unless the broker confirmed it   |
 * | `accepted` is said  | the command          | the command is done, unless its time has passed    |
 * | the handler runs    | that it has begun    | it is not done again, but has failed: `interrupted` |
 * | `result` is said    | the reply            | it is said again, unless the broker confirmed it   |
 *
 * To a command that comes again its newest reply is said again.
 */
import { LIMITS } from '../../contracts/limits.ts';
import type { CommandMessage, Reply } from '../../contracts/messages/commands.ts';
import { REPLY_KINDS, type ReplyKind } from '../../contracts/messages/topics.ts';
import {
  CommandFailed,
  type CommandHandler,
  type CommandHandlers,
  CommandRejected,
  type CommandRequest,
  type ProgressReport,
} from './handler.ts';
import { isOver, type Journal, type KnownCommand } from './journal.ts';
import { CommandLine, type Turn } from './line.ts';
import {
  accepted,
  encodeReply,
  failed,
  progressed,
  type Reason,
  reasonOf,
  rejected,
  succeeded,
} from './replies.ts';
import { type OutgoingReply, ReplyOutbox } from './reply-outbox.ts';

/** What a {@link CommandRunner} tells the device. */
export interface RunnerEvents {
  /** A reply waits to be published. */
  ready(): void;
  /** A reply was made. */
  replied(message: CommandMessage, reply: Reply): void;
  trouble(error: Error): void;
}

/** How long the end of the device waits for commands that are under way. */
const PARTING_MS = 1000;
/** The longest that a timer takes. */
const MOST_MS = 2 ** 31 - 1;

const requestOf = ({ id, command, dryRun, traceparent }: CommandMessage): CommandRequest => ({
  id,
  command,
  dryRun,
  traceparent,
});

/** The commands of a device. */
export class CommandRunner {
  private readonly handlers: CommandHandlers;
  private readonly journal: Journal;
  private readonly events: RunnerEvents;
  private readonly outbox = new ReplyOutbox();
  private readonly line = new CommandLine();
  private resumed = false;
  private closed = false;

  constructor(handlers: CommandHandlers, journal: Journal, events: RunnerEvents) {
    this.handlers = handlers;
    this.journal = journal;
    this.events = events;
  }

  /** Goes on with what the journal holds of the life before, once. */
  resume(): void {
    if (this.resumed) return;
    this.resumed = true;
    for (const command of this.journal.known()) {
      const { message, unsent, begun } = command;
      for (const kind of REPLY_KINDS) if (unsent.includes(kind)) this.send(command, kind);
      if (isOver(command)) continue;
      this.begin(message, async (turn) => {
        if (begun)
          await this.end(message, failed({ code: 'interrupted', detail: 'the device was restarted' }));
        else await this.execute(message, { ...turn, waits: true });
      });
    }
  }

  /** Takes a command that came. */
  take(message: CommandMessage): void {
    if (this.closed) return;
    const { id } = message;
    if (this.journal.get(id) !== undefined) {
      // Only what is noted is said.
      void this.journal.settled().then(() => {
        const known = this.journal.get(id);
        const newest = REPLY_KINDS.findLast((kind) => known?.replies[kind] !== undefined);
        if (known !== undefined && newest !== undefined) this.send(known, newest);
      });
    } else if (!this.line.has(id)) {
      const receivedAt = Date.now();
      const crowded = !this.isAside(message) && this.line.size >= LIMITS.openCommands;
      this.begin(message, async (turn) => {
        if (await this.admit(message, receivedAt, crowded)) await this.execute(message, turn);
      });
    }
  }

  /** Whether a reply waits to be published. */
  get waiting(): boolean {
    return this.outbox.hasWaiting;
  }

  /** Takes the next reply to publish. */
  next(): OutgoingReply | undefined {
    return this.outbox.next();
  }

  /** The broker has a reply. */
  confirmed(reply: OutgoingReply): void {
    const known = this.journal.get(reply.id);
    if (!this.outbox.confirmed(reply) || this.closed || known === undefined) return;
    const unsent = known.unsent.filter((kind) => kind !== reply.kind);
    // Not flushed: losing it costs a repetition.
    this.journal.write({ ...known, unsent }, false).catch((error: unknown) => this.unnoted(error));
  }

  /** The connection is gone: what the broker has not confirmed is published again. */
  disconnected(): void {
    this.outbox.disconnected();
  }

  /** Aborts what is under way, and waits a moment for it. What has not begun is done after the next start. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const reason = new CommandFailed('interrupted', 'the device was closed');
    await this.line.abort(reason, PARTING_MS);
    await this.journal.close();
  }

  private unnoted(cause: unknown): void {
    this.events.trouble(new Error('the journal of commands could not be written', { cause }));
  }

  /** Names come from outside: what every object has is no handler. */
  private handlerOf(command: string): CommandHandler | undefined {
    return Object.hasOwn(this.handlers, command) ? this.handlers[command] : undefined;
  }

  /** Whether it waits for no other. */
  private isAside({ command, dryRun }: CommandMessage): boolean {
    return dryRun || this.handlerOf(command)?.atOnce === true;
  }

  private knownOf({ id }: CommandMessage): KnownCommand {
    const known = this.journal.get(id);
    if (known === undefined) throw new Error(`command ${id} is not known`);
    return known;
  }

  private begin(message: CommandMessage, work: (turn: Turn) => Promise<void>): void {
    this.line.begin(message.id, this.isAside(message), (turn) =>
      work(turn).catch((error: unknown) => this.unnoted(error)),
    );
  }

  /** Accepts or rejects a command that is new. @returns whether it was accepted */
  private async admit(message: CommandMessage, receivedAt: number, crowded: boolean): Promise<boolean> {
    const fresh: KnownCommand = { message, receivedAt, begun: false, replies: {}, unsent: [] };
    const obstacle = await this.objection(message, crowded);
    try {
      await this.reply(fresh, obstacle === undefined ? accepted() : rejected(obstacle));
    } catch (error) {
      // What cannot be noted must not be done.
      this.unnoted(error);
      const reason = obstacle ?? { code: 'not-noted', detail: 'the device cannot write its journal' };
      this.sendUnnoted(fresh, rejected(reason));
      return false;
    }
    return obstacle === undefined;
  }

  /** Why a command that is new is not accepted. */
  private async objection(message: CommandMessage, crowded: boolean): Promise<Reason | undefined> {
    const { command, expiresAt } = message;
    if (Date.parse(expiresAt) <= Date.now())
      return { code: 'expired', detail: `it was not to begin after ${expiresAt}` };
    const handler = this.handlerOf(command);
    if (handler === undefined) return { code: 'unknown-command', detail: `there is no command ${command}` };
    if (crowded) return { code: 'busy', detail: `${LIMITS.openCommands} commands are under way` };
    return await this.checked(handler, message);
  }

  /** Asks the handler what is in the way of a command. */
  private async checked(handler: CommandHandler, message: CommandMessage): Promise<Reason | undefined> {
    try {
      await handler.check?.(message.parameters, requestOf(message));
      return undefined;
    } catch (error) {
      if (!(error instanceof CommandRejected))
        this.events.trouble(new Error(`${message.command} could not be checked`, { cause: error }));
      return reasonOf(error);
    }
  }

  /** Does an accepted command when its turn comes. */
  private async execute(message: CommandMessage, { before, waits, controller }: Turn): Promise<void> {
    await before;
    const handler = this.handlerOf(message.command);
    const obstacle =
      this.lateness(this.knownOf(message)) ??
      (handler !== undefined && waits && !this.closed ? await this.checked(handler, message) : undefined);
    // Noted as accepted, it is done after the next start.
    if (this.closed) return;
    if (obstacle !== undefined) return this.end(message, failed(obstacle));
    if (handler === undefined)
      return this.end(
        message,
        failed({ code: 'unknown-command', detail: 'there is no such command any more' }),
      );
    if (message.dryRun) return this.end(message, succeeded(undefined));
    try {
      await this.journal.write({ ...this.knownOf(message), begun: true }, true);
    } catch (error) {
      // Nothing is said of it: it may begin after a restart.
      this.journal.recall({ ...this.knownOf(message), begun: false });
      throw error;
    }
    // Closed while that was written: what is known as begun does not begin any more.
    if (controller.signal.aborted) return this.end(message, failed(reasonOf(controller.signal.reason)));
    await this.end(message, await this.run(handler, message, controller));
  }

  private lateness({ message, receivedAt }: KnownCommand): Reason | undefined {
    const { expiresAt, timeout } = message;
    if (Date.parse(expiresAt) <= Date.now())
      return { code: 'expired', detail: `its turn came after ${expiresAt}` };
    return receivedAt + timeout * 1000 <= Date.now()
      ? { code: 'timed-out', detail: `its turn did not come within ${timeout} seconds` }
      : undefined;
  }

  private async run(
    handler: CommandHandler,
    message: CommandMessage,
    controller: AbortController,
  ): Promise<Reply> {
    const { signal } = controller;
    const { timeout } = message;
    const left = this.knownOf(message).receivedAt + timeout * 1000 - Date.now();
    const timer = setTimeout(
      () => controller.abort(new CommandFailed('timed-out', `it was not done within ${timeout} seconds`)),
      Math.min(left, MOST_MS),
    );
    let seq = 0;
    const progress = (report: ProgressReport): void => {
      if (this.closed || isOver(this.knownOf(message))) return;
      const reply = progressed(seq, report);
      // Not flushed: losing one costs a report.
      this.reply(this.knownOf(message), reply, false).catch((error: unknown) => this.unnoted(error));
      seq += 1;
    };
    try {
      const value = await handler.run(message.parameters, { ...requestOf(message), progress, signal });
      return succeeded(value);
    } catch (error) {
      const own = error instanceof CommandFailed || error instanceof CommandRejected;
      // What is aborted says so in many ways.
      if (!own && signal.aborted) return failed(reasonOf(signal.reason));
      if (!own) this.events.trouble(new Error(`${message.command} failed`, { cause: error }));
      return failed(reasonOf(error));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Says how a command ended. */
  private async end(message: CommandMessage, outcome: Reply): Promise<void> {
    let reply = outcome;
    try {
      encodeReply(outcome);
    } catch (error) {
      reply = failed(reasonOf(error));
    }
    try {
      await this.reply(this.knownOf(message), reply);
    } catch (error) {
      this.unnoted(error);
      this.sendUnnoted(this.knownOf(message), reply);
    }
  }

  /** Notes a reply, and says it once it is noted. */
  private reply(known: KnownCommand, reply: Reply, flush = true): Promise<void> {
    const command = withReply(known, reply);
    return this.journal.write(command, flush).then(() => this.say(command, reply));
  }

  /** Says a reply that cannot be noted: this life knows it, the next one does not. */
  private sendUnnoted(known: KnownCommand, reply: Reply): void {
    const command = withReply(known, reply);
    this.journal.recall(command);
    this.say(command, reply);
  }

  private say(command: KnownCommand, reply: Reply): void {
    this.send(command, reply.kind);
    this.events.replied(command.message, reply);
  }

  private send({ message, replies }: KnownCommand, kind: ReplyKind): void {
    const payload = replies[kind];
    if (payload === undefined) return;
    this.outbox.add({ id: message.id, kind, payload });
    this.events.ready();
  }
}

const withReply = (known: KnownCommand, reply: Reply): KnownCommand => ({
  ...known,
  replies: { ...known.replies, [reply.kind]: encodeReply(reply) },
  unsent: [...known.unsent.filter((kind) => kind !== reply.kind), reply.kind],
});
