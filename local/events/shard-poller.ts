/**
 * Reads one shard and hands its records to the function, as an event source mapping of Lambda does. Records
 * of one partition key keep their order; what a batch reports as failed comes again, and everything after it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { JsonText, MAX_EVENT_BYTES } from '../lambda/index.ts';
import type { Functions, InvokeResult, PartOptions } from '../types.ts';
import { AwsError } from '../types.ts';
import { failuresOf, firstFailed } from './batch-response.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { FailureDestination, GivenUp } from './failure-destination.ts';
import type { StreamMapping } from './mapping.ts';
import type { Entry } from './record.ts';
import { EVENT_FRAME, entryMaker, eventOf } from './record.ts';
import { backoff, Signal } from './signal.ts';

export interface ShardStats {
  readonly mapping: string;
  readonly source: string;
  readonly shardId: string;
  readonly batches: number;
  readonly records: number;
  readonly retries: number;
  readonly givenUp: number;
  /** Milliseconds between the arrival of the last record of a batch and the end of its processing. */
  readonly iteratorAgeMs: number;
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

interface Lane {
  /** Read, not yet given to the function; in order. */
  readonly queue: Entry[];
  bytes: number;
  readonly signal: Signal;
}

/** A part of a batch on its way to the function. */
interface Part {
  readonly entries: readonly Entry[];
  /** Tries that failed because of these records, and so count against the mapping's limit. */
  readonly retries: number;
  readonly invokeCount: number;
}

/** After a wake-up, this long is waited for more, so that a batch is not made for every record. */
const GATHER_MS = 20;
/** An idle shard is looked at anyway now and then. */
const IDLE_MS = 5_000;
/** Function errors that say nothing of the records: tried again without counting. */
const BEFORE_INVOCATION = new Set(['TooManyRequestsException', 'ServiceException']);

const laneOf = (partitionKey: string, lanes: number): number => {
  // FNV-1a
  let hash = 0x811c9dc5;
  for (let index = 0; index < partitionKey.length; index += 1) {
    hash = Math.imul(hash ^ partitionKey.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % lanes;
};

export class ShardPoller {
  readonly #deps: ShardDeps;
  readonly #lanes: readonly Lane[];
  readonly #reader = new Signal();
  readonly #progress = new Signal();
  readonly #stop = new AbortController();
  /** Everything read that the checkpoint has not passed, in order. */
  #pending: Entry[] = [];
  #pendingHead = 0;
  #emptyReads = 0;
  #draining = 0;
  #loops: readonly Promise<void>[] = [];
  #counts = { batches: 0, records: 0, retries: 0, givenUp: 0, iteratorAgeMs: 0 };

  constructor(deps: ShardDeps) {
    this.#deps = deps;
    this.#lanes = Array.from({ length: deps.mapping.lanes }, () => ({
      queue: [],
      bytes: 0,
      signal: new Signal(),
    }));
  }

  start(): void {
    const { mapping, options } = this.#deps;
    const unsubscribe = options.endpoint.onAppend(mapping.sourceArn, () => this.#reader.notify());
    this.#stop.signal.addEventListener('abort', unsubscribe);
    this.#loops = [this.#read(), ...this.#lanes.map((lane) => this.#work(lane))];
    for (const loop of this.#loops) {
      loop.catch((error: unknown) => {
        if (!this.#stopped)
          options.log('error', `The poller of ${this.#deps.shardId} broke: ${String(error)}`);
      });
    }
  }

  get stats(): ShardStats {
    const { mapping, shardId } = this.#deps;
    return { mapping: mapping.id, source: mapping.sourceArn, shardId, ...this.#counts };
  }

  /** Resolves when everything in the shard has been processed; batching windows are cut short. */
  async drain(): Promise<void> {
    this.#draining += 1;
    const seen = this.#emptyReads;
    this.#reader.notify();
    for (const lane of this.#lanes) lane.signal.notify();
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
    for (const lane of this.#lanes) lane.signal.notify();
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
          // Let the lanes begin before reading on.
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
    await this.#pause(backoff(failures, this.#deps.retryMs));
  }

  /** Waits, unless the poller stops meanwhile. */
  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop.signal }).catch((error: unknown) => {
      if (!this.#stopped) throw error;
    });
  }

  /** Records that may be read ahead: one batch a lane beside the one at work. */
  #room(): number {
    const { batchSize } = this.#deps.mapping;
    const waiting = this.#lanes.reduce((sum, lane) => sum + lane.queue.length, 0);
    const bytes = this.#lanes.reduce((sum, lane) => sum + lane.bytes, 0);
    return bytes >= MAX_EVENT_BYTES * this.#lanes.length
      ? 0
      : Math.max(0, batchSize * this.#lanes.length - waiting);
  }

  #take(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const lane = this.#lanes[laneOf(entry.partitionKey, this.#lanes.length)];
      if (lane === undefined) continue;
      lane.queue.push(entry);
      lane.bytes += entry.bytes + 1;
      this.#pending.push(entry);
    }
    for (const lane of this.#lanes) if (lane.queue.length > 0) lane.signal.notify();
  }

  async #work(lane: Lane): Promise<void> {
    while (!this.#stopped) {
      const entries = await this.#gather(lane);
      if (entries.length > 0) await this.#process(entries);
    }
  }

  /** Waits for records, then until the batch is full or the window over. */
  async #gather(lane: Lane): Promise<readonly Entry[]> {
    const { batchSize, windowMs } = this.#deps.mapping;
    while (lane.queue.length === 0) {
      if (this.#stopped) return [];
      await lane.signal.wait();
    }
    const due = performance.now() + windowMs;
    const full = () => lane.queue.length >= batchSize || lane.bytes + EVENT_FRAME >= MAX_EVENT_BYTES;
    for (let left = windowMs; left > 0 && !full() && this.#draining === 0; left = due - performance.now()) {
      await lane.signal.wait(left);
      if (this.#stopped) return [];
    }
    let count = 0;
    let bytes = 0;
    for (const entry of lane.queue) {
      if (count === batchSize || (count > 0 && bytes + entry.bytes + EVENT_FRAME > MAX_EVENT_BYTES)) break;
      count += 1;
      bytes += entry.bytes + 1;
    }
    lane.bytes -= bytes;
    const taken = lane.queue.splice(0, count);
    this.#reader.notify();
    return taken;
  }

  /** Brings a batch to its end: everything in it is processed or given up. */
  async #process(entries: readonly Entry[]): Promise<void> {
    const parts: Part[] = [{ entries, retries: 0, invokeCount: 0 }];
    let failures = 0;
    for (let part = parts.pop(); part !== undefined && !this.#stopped; part = parts.pop()) {
      const young = await this.#giveUpOld(part);
      if (young.entries.length === 0) continue;
      const result = await this.#invoke(young.entries);
      if (this.#stopped) return;
      const failed = firstFailed(young.entries, failuresOf(result, this.#deps.mapping.reportsFailures));
      if (failed > 0) {
        this.#finish(young.entries.slice(0, failed));
        failures = 0;
      }
      if (failed === young.entries.length) continue;
      failures += 1;
      parts.push(...(await this.#next(young, failed, result)));
      this.#counts.retries += 1;
      await this.#pause(backoff(failures, this.#deps.retryMs));
    }
  }

  /** What has to be tried after a failure, the first at the end. */
  async #next(part: Part, failed: number, result: InvokeResult): Promise<readonly Part[]> {
    const { bisect, maxRetries } = this.#deps.mapping;
    const rest = part.entries.slice(failed);
    const invokeCount = part.invokeCount + 1;
    if (!result.ok && BEFORE_INVOCATION.has(result.errorType)) return [part];
    // The first record that failed is a new one when there was progress: its tries begin.
    const retries = (failed > 0 ? 0 : part.retries) + 1;
    const tooLarge = !result.ok && result.errorType === 'RequestEntityTooLargeException';
    if (bisect && !result.ok && rest.length > 1 && !tooLarge) {
      // Halving is not a try: each half begins with what the whole has had.
      const half = Math.ceil(rest.length / 2);
      return [rest.slice(half), rest.slice(0, half)].map((entries) => ({
        entries,
        retries: part.retries,
        invokeCount,
      }));
    }
    if (retries > maxRetries || tooLarge) {
      await this.#giveUp(rest, 'RetryAttemptsExhausted', invokeCount);
      return [];
    }
    return [{ entries: rest, retries, invokeCount }];
  }

  async #giveUpOld(part: Part): Promise<Part> {
    const oldest = Date.now() - this.#deps.mapping.maxAgeMs;
    const index = part.entries.findIndex(({ arrival }) => arrival >= oldest);
    const old = index < 0 ? part.entries.length : index;
    if (old === 0) return part;
    await this.#giveUp(part.entries.slice(0, old), 'RecordAgeExceeded', part.invokeCount);
    return { ...part, entries: part.entries.slice(old) };
  }

  async #giveUp(
    entries: readonly Entry[],
    condition: GivenUp['condition'],
    invokeCount: number,
  ): Promise<void> {
    await this.#deps.destination.keep({ shardId: this.#deps.shardId, entries, condition, invokeCount });
    this.#counts.givenUp += entries.length;
    this.#finish(entries);
  }

  async #invoke(entries: readonly Entry[]): Promise<InvokeResult> {
    const { mapping, options } = this.#deps;
    const result = await options.functions.invoke(mapping.functionArn, new JsonText(eventOf(entries)));
    this.#counts.batches += 1;
    this.#counts.records += entries.length;
    this.#counts.iteratorAgeMs = Date.now() - (entries.at(-1)?.arrival ?? 0);
    return result;
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
