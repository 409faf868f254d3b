/** How far each shard has been processed, kept in a file where there is a data folder. */
import { mkdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../types.ts';

const read = (path: string): Map<string, string> => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw error;
  }
  const entries: Record<string, unknown> = JSON.parse(text);
  return new Map(Object.entries(entries).map(([shard, sequence]) => [shard, String(sequence)]));
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
    this.#positions = read(this.#path);
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
  }

  async #write(): Promise<void> {
    const path = this.#path;
    try {
      while (this.#dirty) {
        this.#dirty = false;
        if (path === undefined) continue;
        await writeFile(`${path}.new`, JSON.stringify(Object.fromEntries(this.#positions)));
        await rename(`${path}.new`, path);
      }
    } catch (error) {
      this.#log('error', `Cannot keep the checkpoint ${path}: ${String(error)}`);
    } finally {
      this.#writing = undefined;
    }
  }
}
