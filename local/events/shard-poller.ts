/**
 * Reads one shard and hands its records to the function, as an event source mapping of Lambda does. Records
 * of one partition key keep their order; what a batch reports as failed comes again, and everything after it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_EVENT_BYTES } from '../lambda/index.ts';
import type { Functions, PartOptions } from '../types.ts';
import { AwsError } from '../types.ts';
import type { BatchCounts } from './batch-runner.ts';
import { BatchRunner } from './batch-runner.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { FailureDestination } from './failure-destination.ts';
import type { StreamMapping } from './mapping.ts';
import type { Entry } from './record.ts';
import { EVENT_FRAME, entryMaker } from './record.ts';
import { backoff, pause, Signal } from './signal.ts';

export interface ShardStats extends BatchCounts {
  readonly mapping: string;
  readonly source: string;
  readonly shardId: string;
}

export interface ShardDeps {
  readonly mapping: StreamMapping;
  readonly shardId: string;
  readonly options: PartOptions & { readonly functions: Functions };
  readonly checkpoints: Checkpoints;
  readonly destination: FailureDestination;
  /** Milliseconds before the first try again. */
  readonly retryMs: number;
}

interface Processor {
  /** Read, not yet given to the function; in order. */
  readonly queue: Entry[];
  bytes: number;
  readonly signal: Signal;
}

/** After a wake-up, this long is waited for more, so that a batch is not made for every record. */
const GATHER_MS = 20;
/** An idle shard is looked at anyway now and then. */
const IDLE_MS = 5_000;
const processorOf = (partitionKey: string, processors: number): number => {
  // FNV-1a
  let hash = 0x811c9dc5;
  for (let index = 0; index < partitionKey.length; index += 1) {
    hash = Math.imul(hash ^ partitionKey.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % processors;
};

export class ShardPoller {
  readonly #deps: ShardDeps;
  readonly #processors: readonly Processor[];
  readonly #reader = new Signal();
  readonly #progress = new Signal();
  readonly #stop = new AbortController();
  /** Everything read that the checkpoint has not passed, in order. */
  #pending: Entry[] = [];
  #pendingHead = 0;
  #emptyReads = 0;
  #draining = 0;
  #loops: readonly Promise<void>[] = [];
  readonly #runner: BatchRunner;

  constructor(deps: ShardDeps) {
    this.#deps = deps;
    this.#runner = new BatchRunner({
      ...deps,
      functions: deps.options.functions,
      finish: (entries) => this.#finish(entries),
      stop: this.#stop.signal,
    });
    this.#processors = Array.from({ length: deps.mapping.processors }, () => ({
      queue: [],
      bytes: 0,
      signal: new Signal(),
    }));
  }

  start(): void {
    const { mapping, options } = this.#deps;
    const unsubscribe = options.endpoint.onAppend(mapping.sourceArn, () => this.#reader.notify());
    this.#stop.signal.addEventListener('abort', unsubscribe);
    this.#loops = [this.#read(), ...this.#processors.map((processor) => this.#work(processor))];
    for (const loop of this.#loops) {
      loop.catch((error: unknown) => {
        if (!this.#stopped)
          options.log('error', `The poller of ${this.#deps.shardId} broke: ${String(error)}`);
      });
    }
  }

  get stats(): ShardStats {
    const { mapping, shardId } = this.#deps;
    return { mapping: mapping.id, source: mapping.sourceArn, shardId, ...this.#runner.counts };
  }

  /** Resolves when everything in the shard has been processed; batching windows are cut short. */
  async drain(): Promise<void> {
    this.#draining += 1;
    const seen = this.#emptyReads;
    this.#reader.notify();
    for (const processor of this.#processors) processor.signal.notify();
    while (!this.#stopped && (this.#emptyReads === seen || this.#pending.length > this.#pendingHead)) {
      await this.#progress.wait();
    }
    this.#draining -= 1;
  }

  /** Stops; a batch at work is not waited for and comes again after the next start. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#reader.notify();
    this.#progress.notify();
    for (const processor of this.#processors) processor.signal.notify();
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** The position to read from; tells the stream that everything before it is not needed. */
  #begin(): string {
    const { mapping, shardId, checkpoints, options } = this.#deps;
    const { kinesis } = options.endpoint;
    const kept = checkpoints.get(shardId);
    const from = kept ?? kinesis.get(mapping.roleArn, mapping.sourceArn, shardId, mapping.start, 0).next;
    kinesis.release(mapping.id, mapping.sourceArn, shardId, from);
    if (kept === undefined) checkpoints.set(shardId, from);
    return from;
  }

  async #read(): Promise<void> {
    const { mapping, shardId, options } = this.#deps;
    const entry = entryMaker(mapping, shardId);
    let from: string | undefined;
    let failures = 0;
    while (!this.#stopped) {
      const room = this.#room();
      if (room === 0) {
        await this.#reader.wait();
        continue;
      }
      try {
        from ??= this.#begin();
        const batch = options.endpoint.kinesis.get(mapping.roleArn, mapping.sourceArn, shardId, from, room);
        from = batch.next;
        failures = 0;
        if (batch.records.length > 0) {
          this.#take(batch.records.map(entry));
          // Let the processors begin before reading on.
          await delay(0);
          continue;
        }
      } catch (error) {
        failures += 1;
        await this.#readFailed(error, failures);
        continue;
      }
      this.#emptyReads += 1;
      this.#progress.notify();
      await this.#reader.wait(IDLE_MS);
      if (this.#draining === 0) await delay(GATHER_MS);
    }
  }

  async #readFailed(error: unknown, failures: number): Promise<void> {
    const { mapping, shardId, options } = this.#deps;
    const level = error instanceof AwsError ? 'warn' : 'error';
    options.log(
      level,
      `Cannot read ${mapping.sourceArn}: ${error instanceof Error ? error.message : error}`,
      {
        mapping: mapping.logicalId,
        shard: shardId,
        failures,
      },
    );
    await pause(backoff(failures, this.#deps.retryMs), this.#stop.signal);
  }

  /** Records that may be read ahead: one batch a processor beside the one at work. */
  #room(): number {
    const { batchSize } = this.#deps.mapping;
    const waiting = this.#processors.reduce((sum, processor) => sum + processor.queue.length, 0);
    const bytes = this.#processors.reduce((sum, processor) => sum + processor.bytes, 0);
    return bytes >= MAX_EVENT_BYTES * this.#processors.length
      ? 0
      : Math.max(0, batchSize * this.#processors.length - waiting);
  }

  #take(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const processor = this.#processors[processorOf(entry.partitionKey, this.#processors.length)];
      if (processor === undefined) continue;
      processor.queue.push(entry);
      processor.bytes += entry.bytes + 1;
      this.#pending.push(entry);
    }
    for (const processor of this.#processors) if (processor.queue.length > 0) processor.signal.notify();
  }

  async #work(processor: Processor): Promise<void> {
    while (!this.#stopped) {
      const entries = await this.#gather(processor);
      if (entries.length > 0) await this.#runner.run(entries);
    }
  }

  /** Waits for records, then until the batch is full or the window over. */
  async #gather(processor: Processor): Promise<readonly Entry[]> {
    const { batchSize, windowMs } = this.#deps.mapping;
    while (processor.queue.length === 0) {
      if (this.#stopped) return [];
      await processor.signal.wait();
    }
    const due = performance.now() + windowMs;
    const full = () =>
      processor.queue.length >= batchSize || processor.bytes + EVENT_FRAME >= MAX_EVENT_BYTES;
    for (let left = windowMs; left > 0 && !full() && this.#draining === 0; left = due - performance.now()) {
      await processor.signal.wait(left);
      if (this.#stopped) return [];
    }
    let count = 0;
    let bytes = 0;
    for (const entry of processor.queue) {
      if (count === batchSize || (count > 0 && bytes + entry.bytes + EVENT_FRAME > MAX_EVENT_BYTES)) break;
      count += 1;
      bytes += entry.bytes + 1;
    }
    processor.bytes -= bytes;
    const taken = processor.queue.splice(0, count);
    this.#reader.notify();
    return taken;
  }

  /** Moves the checkpoint to the last record before the first that is not done. */
  #finish(entries: readonly Entry[]): void {
    const { mapping, shardId, checkpoints, options } = this.#deps;
    for (const entry of entries) entry.done = true;
    let head = this.#pendingHead;
    while (this.#pending[head]?.done === true) head += 1;
    const last = this.#pending[head - 1];
    if (head > this.#pendingHead && last !== undefined) {
      this.#pendingHead = head;
      checkpoints.set(shardId, last.sequenceNumber);
      options.endpoint.kinesis.release(mapping.id, mapping.sourceArn, shardId, last.sequenceNumber);
    }
    if (head * 2 >= this.#pending.length) {
      this.#pending = this.#pending.slice(head);
      this.#pendingHead = 0;
    }
    this.#progress.notify();
  }
}
