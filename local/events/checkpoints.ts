/** How far each shard has been processed, kept in a file where there is a data folder. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLines, writeValue } from '../checked-file.ts';
import type { Log } from '../types.ts';

/** Positions by shard. What is damaged is forgotten: all that the stream still has is read again then. */
const read = (path: string, log: Log): Map<string, string> => {
  if (!existsSync(path)) return new Map();
  const text = readFileSync(path, 'utf8');
  // There was no end of line once.
  const [value = {}] = readLines(path, text.endsWith('\n') ? text : `${text}\n`, () =>
    log('error', `${path} is damaged: the stream is read again from its oldest record`),
  ).values;
  return new Map(Object.entries(value as object).map(([shard, sequence]) => [shard, String(sequence)]));
};

export class Checkpoints {
  readonly #path: string | undefined;
  readonly #log: Log;
  readonly #positions: Map<string, string>;
  #dirty = false;
  #writing: Promise<void> | undefined;

  /** @param name of the file, e.g. the id of the mapping */
  constructor(name: string, dataDir: string | undefined, log: Log) {
    this.#log = log;
    if (dataDir === undefined) {
      this.#positions = new Map();
      return;
    }
    const folder = join(dataDir, 'checkpoints');
    mkdirSync(folder, { recursive: true });
    this.#path = join(folder, `${name}.json`);
    this.#positions = read(this.#path, log);
  }

  /** Sequence number of the last record of a shard that is done, if any is. */
  get(shardId: string): string | undefined {
    return this.#positions.get(shardId);
  }

  /** Kept at once in memory, soon in the file: after a crash some records come again, none is left out. */
  set(shardId: string, sequenceNumber: string): void {
    this.#positions.set(shardId, sequenceNumber);
    this.#dirty = true;
    this.#writing ??= this.#write();
  }

  /** Resolves when the file holds everything. */
  async close(): Promise<void> {
    await this.#writing;
    // The last write may have failed.
    if (this.#dirty) await this.#write();
  }

  async #write(): Promise<void> {
    const path = this.#path;
    try {
      while (this.#dirty) {
        this.#dirty = false;
        if (path === undefined) continue;
        await writeValue(path, Object.fromEntries(this.#positions));
      }
    } catch (error) {
      // With the next one.
      this.#dirty = true;
      this.#log('error', `Cannot keep the checkpoint ${path}: ${String(error)}`);
    } finally {
      this.#writing = undefined;
    }
  }
}
