/** The segment files of one shard: append only, one file a segment, named by the counter of its first record. */
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeAll } from '../../checked-file.ts';
import type { OnDamage } from '../../damage.ts';
import { Segment } from './segment.ts';

const name = (segment: Segment) => `${String(segment.first).padStart(16, '0')}.seg`;

export class ShardFiles {
  readonly #dir: string;
  #writing: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;
  #written = 0;
  #failing = false;
  #open: { segment: Segment; file: FileHandle; bytes: number } | undefined;

  constructor(dir: string, written: number) {
    this.#dir = dir;
    this.#written = written;
  }

  /** Whether the last write has failed, so that records are in memory which are not on disk. */
  get failing(): boolean {
    return this.#failing;
  }

  /**
   * Writes what is not yet on disk, and has it flushed. Appends that come while a write is under way share the next
   * one.
   * @param segments gives the shard's segments when the write starts
   * @param upTo counter that must be on disk when the promise is kept
   */
  write(segments: () => readonly Segment[], upTo: number): Promise<void> {
    if (this.#written >= upTo) return this.#writing;
    this.#queued ??= this.#writing
      .catch(() => undefined) // whoever waited for the failed write was told; this one starts where that ended
      .then(() => {
        this.#queued = undefined;
        this.#writing = this.#flush(segments());
        return this.#writing;
      });
    return this.#queued;
  }

  async remove(segments: readonly Segment[]): Promise<void> {
    for (const segment of segments) {
      if (this.#open?.segment === segment) await this.#closeOpen();
      await rm(join(this.#dir, name(segment)), { force: true });
    }
  }

  async close(): Promise<void> {
    // Whoever waited for a write that failed was told.
    await this.#queued?.catch(() => undefined);
    await this.#writing.catch(() => undefined);
    await this.#closeOpen();
  }

  async #flush(segments: readonly Segment[]): Promise<void> {
    try {
      await this.#append(segments);
      this.#failing = false;
    } catch (error) {
      this.#failing = true;
      throw error;
    }
  }

  async #append(segments: readonly Segment[]): Promise<void> {
    for (const segment of segments) {
      if (segment.next <= this.#written) continue;
      if (this.#open?.segment !== segment) {
        await this.#closeOpen();
        this.#open = { segment, file: await open(join(this.#dir, name(segment)), 'w', 0o600), bytes: 0 };
        await syncFolder(this.#dir);
      }
      const target = this.#open;
      const bytes = segment.encoded(target.bytes);
      const next = segment.next;
      await writeAll(target.file, bytes, target.bytes);
      await target.file.datasync();
      target.bytes += bytes.length;
      this.#written = next;
    }
  }

  async #closeOpen(): Promise<void> {
    const file = this.#open?.file;
    this.#open = undefined;
    await file?.close();
  }
}

/**
 * Reads the segments of a shard, oldest first, and cuts a torn record off the last file.
 * @param onDamage is told of files that do not hold what was written; their rest is left out where it returns
 * @returns segments and how many bytes were torn
 */
export async function loadSegments(
  dir: string,
  onDamage: OnDamage,
): Promise<{ segments: Segment[]; torn: number }> {
  await mkdir(dir, { recursive: true });
  const segments: Segment[] = [];
  let torn = 0;
  const files = (await readdir(dir)).filter((f) => f.endsWith('.seg')).sort();
  for (const file of files) {
    const path = join(dir, file);
    const loaded = Segment.load(await readFile(path));
    const end = loaded.segment?.bytes ?? 0;
    if (loaded.torn > 0 && (loaded.more || file !== files.at(-1)))
      onDamage([{ file: path, at: end, what: 'a record does not fit its checksum' }]);
    else torn += loaded.torn;
    if (loaded.segment) segments.push(loaded.segment);
    if (loaded.torn > 0) {
      if (loaded.segment) await truncate(path, end);
      else await rm(path);
    }
  }
  return { segments, torn };
}
