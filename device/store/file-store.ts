/**
 * Keeps messages on disk until they are acknowledged, in append-only segment files.
 *
 * - **Durable.** `sync` waits for one fdatasync, which all callers that wait share. The client publishes only what is
 *   synced. So a sequence number that the platform has seen is always on disk, and the session goes on after a crash.
 *   `durability: 'process'` leaves out fdatasync: then kill -9 loses nothing, but loss of power may, and each opening
 *   of the store begins a new session.
 * - **Torn.** If a crash tore the end of a segment, the next opening cuts it off and begins a new session, so that no
 *   sequence number that was cut off is given twice.
 * - **Forgetting.** An acknowledgement is appended without waiting for the disk. If it is lost, the message is sent
 *   again, and the platform recognizes it as a repeat. The oldest segments are deleted when all their messages are
 *   acknowledged.
 * - **Bounded.** At `maxBytes` the newest message is refused.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { appendTo } from './frame.ts';
import { lockFolder } from './lock.ts';
import { type MessageStore, type Stored, StoreFull } from './message-store.ts';
import { Pending } from './pending.ts';
import { acknowledgedRecord, headRecord, MAX_SEQ, MESSAGE_OVERHEAD, messageRecord, scan } from './record.ts';
import { type Segment, segmentFile, segmentNumbers, syncFolder } from './segment.ts';
import { newSession } from './session.ts';

const fdatasyncOf = promisify(fdatasync);

/** Where messages are kept on disk, and how safely. */
export interface FileStoreOptions {
  readonly directory: string;
  /** Bound of all segments together. Default 64 MiB. */
  readonly maxBytes?: number;
  /** A segment is closed at this size. Default an eighth of the bound, at most 4 MiB. */
  readonly segmentBytes?: number;
  /** What a message survives once synced: loss of power (`disk`, default) or the end of the process. */
  readonly durability?: 'disk' | 'process';
  /** Called with errors that lose no message. */
  readonly trouble?: (error: Error) => void;
}

interface Kept extends Stored {
  readonly segment: Segment;
  /** Where its payload begins in the file. */
  readonly at: number;
}

class FileStore implements MessageStore {
  readonly maxBytes: number;
  session = newSession();
  refused = 0;
  bytes = 0;
  readonly directory: string;
  private readonly segmentBytes: number;
  private readonly durable: boolean;
  private readonly trouble: (error: Error) => void;
  private readonly unlock: () => void;
  private readonly segments: Segment[] = [];
  private readonly index = new Pending<Kept>();
  private nextSeq = 0;
  /** The flush under way. */
  private syncing: Promise<void> | undefined;
  /** The flush after it, for callers that came while it was under way. */
  private queued: Promise<void> | undefined;
  /** The segment that is being flushed: its file must stay open meanwhile. */
  private flushing: Segment | undefined;
  /** A failed flush leaves unknown what is on disk, and a second one may succeed without writing it. */
  private broken: unknown;

  constructor({ directory, maxBytes = 64 * 2 ** 20, segmentBytes, ...options }: FileStoreOptions) {
    const { durability = 'disk', trouble = () => undefined } = options;
    this.directory = directory;
    this.trouble = trouble;
    this.maxBytes = maxBytes;
    this.segmentBytes = segmentBytes ?? Math.min(4 * 2 ** 20, Math.ceil(maxBytes / 8));
    this.durable = durability === 'disk';
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.unlock = lockFolder(directory);
    try {
      this.recover();
    } catch (error) {
      this.release();
      throw error;
    }
  }

  private release(): void {
    for (const { fd } of this.segments) closeSync(fd);
    this.segments.length = 0;
    this.unlock();
  }

  private fileOf(number: number): string {
    return segmentFile(this.directory, number);
  }

  /** Reads all segments, cuts off torn ends, and begins a new segment to append to. */
  private recover(): void {
    let last: { session: string; nextSeq: number } | undefined;
    let sound = true;
    for (const number of segmentNumbers(this.directory)) {
      const file = readFileSync(this.fileOf(number));
      const found = scan(file);
      const segment: Segment = {
        number,
        fd: openSync(this.fileOf(number), 'r+'),
        size: found.sound,
        kept: 0,
      };
      this.segments.push(segment);
      if (found.sound < file.length) {
        sound = false;
        ftruncateSync(segment.fd, found.sound);
      }
      this.bytes += segment.size;
      for (const record of found.records) {
        if (record.kind === 'head') last = { session: record.session, nextSeq: record.nextSeq };
        else if (record.kind === 'acknowledged') this.forget(record.session, record.from, record.to);
        else if (last !== undefined) {
          const { seq, at, length } = record;
          this.index.add({ session: last.session, seq, bytes: length, segment, at });
          segment.kept += 1;
          last.nextSeq = Math.max(last.nextSeq, seq + 1);
        }
      }
    }
    if (last !== undefined && sound && this.durable) {
      this.session = last.session;
      this.nextSeq = last.nextSeq;
    }
    this.rotate();
  }

  private get active(): Segment {
    const segment = this.segments.at(-1);
    if (segment === undefined) throw new Error('the store is closed');
    return segment;
  }

  private write(record: Buffer): number {
    const at = appendTo(this.active, record);
    this.bytes += record.length;
    return at;
  }

  /** Begins a new segment. The one before is flushed first, so that a crash can tear only the newest. */
  private rotate(): void {
    const before = this.segments.at(-1);
    if (before !== undefined && this.durable) this.flushNow(before);
    const number = (before?.number ?? 0) + 1;
    const file = this.fileOf(number);
    const segment = { number, fd: openSync(file, 'w+', 0o600), size: 0, kept: 0 };
    this.segments.push(segment);
    try {
      this.write(headRecord(this.nextSeq, this.session));
      if (this.durable) {
        fdatasyncSync(segment.fd);
        syncFolder(this.directory);
      }
    } catch (error) {
      // Only the head says to which session the messages of a segment belong.
      this.segments.pop();
      this.bytes -= segment.size;
      closeSync(segment.fd);
      rmSync(file, { force: true });
      throw error;
    }
    this.dropOldest();
  }

  private flushNow({ fd }: Segment): void {
    try {
      fdatasyncSync(fd);
    } catch (error) {
      this.broken = error;
      throw error;
    }
  }

  /**
   * Deletes the oldest segments whose messages are all acknowledged. It stops at the first that has others, because the
   * acknowledgements of its messages may stand in the segments after it.
   */
  private dropOldest(): void {
    for (let oldest = this.segments[0]; oldest !== undefined; oldest = this.segments[0]) {
      if (oldest.kept > 0 || oldest === this.active || oldest === this.flushing) return;
      closeSync(oldest.fd);
      rmSync(this.fileOf(oldest.number));
      this.bytes -= oldest.size;
      this.segments.shift();
    }
  }

  private forget(session: string, from: number, to: number): readonly Kept[] {
    const taken = this.index.take(session, from, to);
    for (const { segment } of taken) segment.kept -= 1;
    return taken;
  }

  append(encode: (session: string, seq: number) => Uint8Array): Stored {
    if (this.broken !== undefined) throw this.broken;
    const seq = this.nextSeq;
    if (seq > MAX_SEQ) throw new RangeError('the session has no sequence numbers left');
    const payload = encode(this.session, seq);
    const size = payload.length + MESSAGE_OVERHEAD;
    // Also used up by a message that is refused: the platform sees the gap.
    this.nextSeq += 1;
    // There is no room, and the active segment holds nothing but what is acknowledged: it can go once a new one is
    // begun.
    const freesRoom = this.active.kept === 0 && this.active.size > size && this.bytes + size > this.maxBytes;
    if (freesRoom || this.active.size >= this.segmentBytes) this.rotate();
    if (this.bytes + size > this.maxBytes) {
      this.refused += 1;
      throw new StoreFull(seq, this.bytes, this.maxBytes);
    }
    const at = this.write(messageRecord(seq, payload)) + MESSAGE_OVERHEAD;
    const segment = this.active;
    segment.kept += 1;
    const kept = { session: this.session, seq, bytes: payload.length, segment, at };
    this.index.add(kept);
    return { session: kept.session, seq, bytes: payload.length };
  }

  sync(): Promise<void> {
    if (!this.durable) return Promise.resolve();
    if (this.syncing === undefined) return this.flush();
    // The flush under way may have begun before the newest record: callers that come now share the next one.
    this.queued ??= this.syncing.then(() => this.flush());
    return this.queued;
  }

  private async flush(): Promise<void> {
    this.queued = undefined;
    this.syncing = this.flushActive();
    await this.syncing;
  }

  private async flushActive(): Promise<void> {
    const segment = this.active;
    this.flushing = segment;
    try {
      if (this.broken !== undefined) throw this.broken;
      await fdatasyncOf(segment.fd);
    } catch (error) {
      this.broken = error;
      throw error;
    } finally {
      this.flushing = undefined;
      this.syncing = undefined;
    }
    this.dropOldest();
  }

  read({ session, seq }: Stored): Uint8Array {
    const kept = this.index.get(session, seq);
    if (kept === undefined) throw new Error(`message ${session}/${seq} is not kept`);
    const payload = Buffer.allocUnsafe(kept.bytes);
    if (readSync(kept.segment.fd, payload, 0, kept.bytes, kept.at) !== kept.bytes) {
      throw new Error(`message ${session}/${seq} is cut short on disk`);
    }
    return payload;
  }

  acknowledge(session: string, from: number, to: number): readonly Stored[] {
    const taken = this.forget(session, from, to);
    if (taken.length === 0) return taken;
    try {
      this.write(acknowledgedRecord(from, to, session));
    } catch (cause) {
      // The disk may be full. Acknowledged messages are forgotten all the same, because that makes room.
      const what = `${session}/${from}-${to} may be sent again after a restart`;
      this.trouble(new Error(`an acknowledgement could not be noted: ${what}`, { cause }));
    }
    this.dropOldest();
    return taken;
  }

  pending(): Iterable<Stored> {
    return this.index;
  }

  async close(): Promise<void> {
    if (this.segments.length === 0) return;
    try {
      await this.sync();
    } finally {
      this.release();
    }
  }
}

/**
 * Opens the store of a folder, or makes it there.
 * @throws {Error} when another process has it open
 */
export const openFileStore = (options: FileStoreOptions): MessageStore => new FileStore(options);
