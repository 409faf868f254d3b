/**
 * What a device knows of the commands that it was given, so that none is done twice.
 *
 * Each change of a command appends all that is known of it; the last record of a command counts. On disk the journal
 * is one file beside the segments of the message store, in the folder that the store has locked. A record that a crash
 * tore is dropped. It had not been flushed, and what must survive a crash is flushed before the device says it. The
 * file is written anew when it is opened and when it has grown large: then commands that are long over are left out.
 */
import { closeSync, fdatasync, fsyncSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandMessage } from '../../contracts/messages/commands.ts';
import type { ReplyKind } from '../../contracts/messages/topics.ts';
import { type Appendable, appendTo, framed, framesOf } from '../store/frame.ts';
import { syncFolder } from '../store/segment.ts';

const flushed = (fd: number): Promise<void> =>
  new Promise((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve())));

/** All that is known of a command. */
export interface KnownCommand {
  readonly message: CommandMessage;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Whether doing it has begun; then it never begins again. */
  readonly begun: boolean;
  /** The newest reply of each kind as it is sent, in the order made. */
  readonly replies: Readonly<Partial<Record<ReplyKind, string>>>;
  /** Replies that the broker has not confirmed. */
  readonly unsent: readonly ReplyKind[];
}

/** How long commands are kept after their time is up: one of them may still be delivered again. */
const KEPT_AFTER_MS = 3_600_000;
/** The file is written anew at this size, and later at twice the size that it then had, if that is more. */
const COMPACT_BYTES = 256 * 1024;

/** Whether a command is at its end. */
export const isOver = ({ replies: { rejected, result } }: KnownCommand): boolean =>
  rejected !== undefined || result !== undefined;

/** Whether a command can be forgotten: it is over, the broker has its replies, and nobody gives it again. */
const isSpent = (command: KnownCommand, now: number): boolean => {
  const { message, unsent } = command;
  const until = Date.parse(message.expiresAt) + message.timeout * 1000 + KEPT_AFTER_MS;
  return until < now && unsent.length === 0 && isOver(command);
};

/** The commands of a device. */
export class Journal {
  private readonly directory: string | undefined;
  private readonly trouble: (error: Error) => void;
  private readonly commands = new Map<string, KnownCommand>();
  private file: Appendable | undefined;
  private compactAt = COMPACT_BYTES;
  private sweptAt = Date.now();
  private writing: Promise<void> = Promise.resolve();
  /** A failed flush leaves unknown what is on disk, and a second one may succeed without writing it. */
  private broken: unknown;
  private closed = false;

  /**
   * @param directory a folder that nobody else writes to; without it commands are known only while the process lives
   * @param trouble called with errors that lose nothing
   */
  constructor(directory: string | undefined, trouble: (error: Error) => void) {
    this.directory = directory;
    this.trouble = trouble;
    if (directory === undefined) return;
    try {
      for (const { body } of framesOf(readFileSync(join(directory, 'commands.journal')))) {
        const command = JSON.parse(body.toString('utf8')) as KnownCommand;
        // A map keeps the place of the first record of a command: so commands are in the order in which they came.
        this.commands.set(command.message.id, command);
      }
    } catch (error) {
      // There is no file before the first command.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      throw error;
    }
    this.compact(directory);
  }

  /** Commands in the order in which they came. */
  known(): Iterable<KnownCommand> {
    return this.commands.values();
  }

  get(id: string): KnownCommand | undefined {
    return this.commands.get(id);
  }

  /**
   * Notes what is now known of a command; {@link get} gives it at once.
   * @param flush whether it has to survive loss of power, and not only the end of the process
   * @returns when it is written
   * @throws {Error} when it could not be written: then it may be unknown after a restart
   */
  write(command: KnownCommand, flush: boolean): Promise<void> {
    this.sweep();
    this.commands.set(command.message.id, command);
    if (this.directory === undefined) return Promise.resolve();
    const record = framed(Buffer.from(JSON.stringify(command)));
    const written = this.writing.then(() => this.append(record, flush));
    // After a failure the next record is tried all the same. Whoever asked for this one is told of it.
    this.writing = written.catch(() => undefined);
    return written;
  }

  /** Resolves when everything that was noted so far is written, or could not be. */
  settled(): Promise<void> {
    return this.writing;
  }

  /** Sets what is known of a command in memory alone, after it could not be written. */
  recall(command: KnownCommand): void {
    this.commands.set(command.message.id, command);
  }

  /** Closes the file once all writes under way are done. */
  async close(): Promise<void> {
    await this.writing;
    this.closed = true;
    if (this.file !== undefined) closeSync(this.file.fd);
    this.file = undefined;
  }

  private async append(record: Buffer, flush: boolean): Promise<void> {
    if (this.broken !== undefined) throw this.broken;
    const { directory } = this;
    if (this.closed || directory === undefined) throw new Error('the journal is closed');
    const file = this.file ?? this.compact(directory);
    appendTo(file, record);
    if (flush) {
      await flushed(file.fd).catch((error: unknown) => {
        this.broken = error;
        throw error;
      });
    }
    if (file.size < this.compactAt) return;
    try {
      this.compact(directory);
    } catch (cause) {
      this.compactAt = 2 * file.size;
      this.trouble(new Error('the journal of commands could not be written anew', { cause }));
    }
  }

  /** Forgets commands that are long over, at most once a minute. */
  private sweep(): void {
    const now = Date.now();
    if (now - this.sweptAt < 60_000) return;
    this.sweptAt = now;
    for (const command of this.commands.values())
      if (isSpent(command, now)) this.commands.delete(command.message.id);
  }

  /** Writes a new file, and puts it in the place of the old one once it is whole and flushed. */
  private compact(directory: string): Appendable {
    const path = join(directory, 'commands.journal');
    const fresh = `${path}.new`;
    const file = { fd: openSync(fresh, 'w+', 0o600), size: 0 };
    try {
      const now = Date.now();
      for (const command of this.commands.values()) {
        if (isSpent(command, now)) this.commands.delete(command.message.id);
        else appendTo(file, framed(Buffer.from(JSON.stringify(command))));
      }
      fsyncSync(file.fd);
      renameSync(fresh, path);
    } catch (error) {
      closeSync(file.fd);
      rmSync(fresh, { force: true });
      throw error;
    }
    if (this.file !== undefined) closeSync(this.file.fd);
    this.file = file;
    this.compactAt = Math.max(COMPACT_BYTES, 2 * file.size);
    try {
      syncFolder(directory);
    } catch (error) {
      // After a loss of power the old file might stand there again, without what is appended from now on.
      this.broken = error;
      throw error;
    }
    return file;
  }
}
