/** One data stream: its shards, what it may hold, and who waits for records. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readValue, refuseDamage, writeValue } from '../../checked-file.ts';
import type { OnDamage } from '../../damage.ts';
import type { Log } from '../../types.ts';
import { AwsError } from '../../types.ts';
import { DiskWatch } from '../disk-watch.ts';
import { loadSegments, ShardFiles } from './files.ts';
import type { RecordData } from './segment.ts';
import { Segment } from './segment.ts';
import { counterOf, hashKey, sequenceNumber, sequencePrefix, shardId, shardOfHash } from './sequence.ts';
import type { Append } from './shard.ts';
import { Shard } from './shard.ts';

/** After a restart counters go on far above the last one found: a checkpoint can never be ahead of them. */
const RESTART_GAP = 1_000_000_000;

/** What all consumers have released is kept up to this many bytes of a stream, for whoever wants to look. */
const RELEASED_BYTES = 32 * 1024 * 1024;

export interface StreamOptions {
  readonly name: string;
  readonly arn: string;
  readonly shards: number;
  readonly mode: 'ON_DEMAND' | 'PROVISIONED';
  readonly retentionHours: number;
  readonly keyArn: string | undefined;
  /** Bytes kept for consumers that have not released them; more is refused. */
  readonly maxBytes: number;
  readonly maxRecordBytes: number;
}

export interface PutEntry {
  readonly partitionKey: string;
  readonly explicitHashKey?: bigint | undefined;
  readonly data: RecordData;
}

export interface PutPlace {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

interface State {
  readonly createdAt: number;
  readonly shards: number;
}

export class Stream {
  readonly options: StreamOptions;
  readonly createdAt: number;
  readonly shards: readonly Shard[];
  readonly #log: Log;
  readonly #disk: DiskWatch;
  readonly #waiters = new Set<() => void>();
  #full = false;

  private constructor(options: StreamOptions, createdAt: number, shards: readonly Shard[], log: Log) {
    this.options = options;
    this.createdAt = createdAt;
    this.shards = shards;
    this.#log = log;
    this.#disk = new DiskWatch(`stream ${options.name}`, log);
  }

  /**
   * @param dir folder of the stream's files; in memory when absent
   * @throws when the files hold another number of shards than the template now says
   */
  static async open(
    options: StreamOptions,
    dir: string | undefined,
    log: Log,
    onDamage: OnDamage = refuseDamage,
  ): Promise<Stream> {
    const state = await openState(options, dir, onDamage);
    const shards: Shard[] = [];
    for (let index = 0; index < options.shards; index += 1) {
      const id = shardId(index);
      if (!dir) {
        shards.push(new Shard(id, [], 1));
        continue;
      }
      const shardDir = join(dir, id);
      const { segments, torn } = await loadSegments(shardDir, onDamage);
      if (torn > 0) log('warn', 'stream: cut off a record that was not written whole', { shard: id, torn });
      const last = segments.at(-1);
      const next = last ? last.next + RESTART_GAP : 1;
      shards.push(new Shard(id, segments, next, new ShardFiles(shardDir, next)));
    }
    return new Stream(options, state.createdAt, shards, log);
  }

  /** Whether it cannot write at the moment. */
  get failing(): boolean {
    return this.#disk.failing;
  }

  get bytes(): number {
    return this.shards.reduce((sum, shard) => sum + shard.bytes, 0);
  }

  prefix(index: number): string {
    return sequencePrefix(this.createdAt, index);
  }

  /** @throws {AwsError} `ResourceNotFoundException` */
  shard(id: string): { shard: Shard; prefix: string } {
    const index = this.shards.findIndex((shard) => shard.id === id);
    const shard = this.shards[index];
    if (!shard) {
      throw new AwsError(
        'ResourceNotFoundException',
        `Shard ${id} in stream ${this.options.name} under account does not exist`,
      );
    }
    return { shard, prefix: this.prefix(index) };
  }

  /**
   * Appends all records, or none.
   * @throws {AwsError} `ProvisionedThroughputExceededException` when the stream is full
   */
  async put(entries: readonly PutEntry[], now: number): Promise<PutPlace[]> {
    await this.#room(entries, now);
    const count = this.shards.length;
    const perShard: Append[][] = this.shards.map(() => []);
    const owners = entries.map((entry) => {
      const owner =
        count === 1 ? 0 : shardOfHash(entry.explicitHashKey ?? hashKey(entry.partitionKey), count);
      perShard[owner]?.push(entry);
      return owner;
    });
    const places = await this.#disk.write(async () => {
      await Promise.all(perShard.map((records, i) => records.length > 0 && this.shards[i]?.settle()));
      const begun = perShard.map((records, i) =>
        records.length > 0 ? this.shards[i]?.append(records, now) : undefined,
      );
      await Promise.all(begun.map((place) => place?.done));
      return begun;
    });
    for (const wake of this.#waiters) wake();
    const next = places.map((place) => place?.first ?? 0);
    return owners.map((owner) => {
      const counter = next[owner] ?? 0;
      next[owner] = counter + 1;
      return { shardId: shardId(owner), sequenceNumber: sequenceNumber(this.prefix(owner), counter) };
    });
  }

  /**
   * Counter to read from.
   * @param sequence a sequence number of the shard
   * @throws {AwsError} `InvalidArgumentException` when it is none
   */
  counter(shard: string, sequence: string): number {
    const counter = counterOf(this.shard(shard).prefix, sequence);
    if (counter === undefined) {
      throw new AwsError(
        'InvalidArgumentException',
        `${sequence} is not a sequence number of ${shard} in stream ${this.options.name}`,
      );
    }
    return counter;
  }

  onAppend(wake: () => void): () => void {
    // A new function each time: the same `wake` may be subscribed twice.
    const waiter = () => wake();
    this.#waiters.add(waiter);
    return () => void this.#waiters.delete(waiter);
  }

  async close(): Promise<void> {
    this.#waiters.clear();
    await Promise.all(this.shards.map((shard) => shard.close()));
  }

  async #room(entries: readonly PutEntry[], now: number): Promise<void> {
    let size = 0;
    for (const entry of entries) size += Segment.size(entry.partitionKey, entry.data);
    const over = (limit: number) => Math.max(0, this.bytes + size - limit);
    const excess = () => over(this.options.maxBytes);
    const kept = Math.min(RELEASED_BYTES, this.options.maxBytes);
    if (over(kept) === 0) return;
    for (const shard of this.shards) await shard.makeRoom(over(kept));
    if (excess() === 0) {
      this.#full = false;
      return;
    }
    const oldest = now - this.options.retentionHours * 3_600_000;
    for (const shard of this.shards) await shard.expire(oldest);
    if (excess() === 0) {
      this.#full = false;
      return;
    }
    if (!this.#full) {
      this.#full = true;
      this.#log('warn', 'stream: full of records that no consumer has released; producers have to wait', {
        stream: this.options.name,
        bytes: this.bytes,
        maxBytes: this.options.maxBytes,
      });
    }
    throw new AwsError(
      'ProvisionedThroughputExceededException',
      `Rate exceeded for stream ${this.options.name}: it holds ${this.bytes} bytes that its consumers have not released`,
    );
  }
}

async function openState(
  options: StreamOptions,
  dir: string | undefined,
  onDamage: OnDamage,
): Promise<State> {
  const fresh: State = { createdAt: Date.now(), shards: options.shards };
  if (!dir) return fresh;
  await mkdir(dir, { recursive: true });
  const path = join(dir, 'stream.json');
  const kept = (await readValue(path, onDamage)) as State | undefined;
  if (kept === undefined) {
    await writeValue(path, fresh);
    return fresh;
  }
  if (kept.shards !== options.shards) {
    throw new Error(
      `the data folder holds stream ${options.name} with ${kept.shards} shards, the template says ${options.shards}: start with another folder`,
    );
  }
  return kept;
}
