/**
 * The main thread's side of dynalite: calls go to its thread, and a store that cannot write is opened anew once the
 * disk has room.
 */
import { statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Log } from '../../types.ts';
import { AwsError } from '../../types.ts';
import type { TableShape } from './capacity.ts';
import type { WorkerMessage, WorkerOptions, WorkerReply } from './worker.ts';

export interface EngineReply {
  readonly status: number;
  /** JSON. */
  readonly body: Buffer;
}

interface EngineOptions {
  readonly path: string | undefined;
  readonly tables: ReadonlyMap<string, TableShape>;
  readonly region: string;
  readonly account: string;
  readonly log: Log;
  readonly acceptDamage: boolean;
  readonly sweepMs: number | undefined;
}

interface Call {
  readonly operation: string;
  readonly body: string;
  resolve(reply: EngineReply): void;
  reject(error: Error): void;
}

/** What V8 may take for values that live short: a quarter of what it would. */
const YOUNG_GENERATION_MB = 24;

/** Free bytes of the disk that opening a store takes at most: what was only in its log becomes a table. */
const ROOM = 16 * 1024 * 1024;
/** Milliseconds between two tries, at first and at most. */
const RETRY = { least: 1_000, most: 30_000 } as const;

/** A thread of dynalite that runs. */
interface Thread {
  readonly worker: Worker;
  readonly calls: Map<number, Call>;
}

export class DynamoEngine {
  readonly #options: EngineOptions;
  readonly #closing = new AbortController();
  #nextId = 1;
  #thread: Thread | undefined;
  /** Calls that wait for the store to be opened anew; absent while nobody tries to. */
  #queue: Call[] | undefined;
  /** Why there is no thread. */
  #failure = new Error('it is not open');
  #mending: Promise<void> | undefined;

  private constructor(options: EngineOptions) {
    this.#options = options;
  }

  /**
   * @param path folder of the store; in memory when absent
   * @param tables shapes of the tables, for counting capacity
   * @param acceptDamage opens a damaged store all the same, as far as it can be read
   * @param sweepMs milliseconds between two steps of the search for expired items
   * @throws when the store cannot be opened: another process has it, or it is damaged
   */
  static async open(
    path: string | undefined,
    tables: ReadonlyMap<string, TableShape>,
    region: string,
    account: string,
    log: Log,
    acceptDamage = false,
    sweepMs?: number,
  ): Promise<DynamoEngine> {
    const engine = new DynamoEngine({ path, tables, region, account, log, acceptDamage, sweepMs });
    await engine.#start();
    return engine;
  }

  /** Whether the store cannot write at the moment. */
  get failing(): boolean {
    return this.#mending !== undefined;
  }

  /** @throws {AwsError} `InternalServerError` when the store has stopped */
  call(operation: string, body: string): Promise<EngineReply> {
    return new Promise((resolve, reject) => {
      const call: Call = { operation, body, resolve, reject };
      if (this.#queue !== undefined) this.#queue.push(call);
      else if (this.#thread !== undefined) this.#send(this.#thread, call);
      else reject(stopped(this.#failure));
    });
  }

  /** Waits for what is under way, closes the store and ends the thread. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#mending;
    await this.#end();
  }

  #send({ worker, calls }: Thread, call: Call): void {
    const id = this.#nextId;
    this.#nextId += 1;
    calls.set(id, call);
    const { operation, body } = call;
    worker.postMessage({ id, operation, body } satisfies WorkerMessage);
  }

  /** Resolves when the store is open. */
  #start(): Promise<void> {
    const { path, tables, region, account, acceptDamage, sweepMs } = this.#options;
    const workerData: WorkerOptions = {
      tables,
      acceptDamage,
      sweepMs,
      ...(path === undefined ? {} : { path }),
    };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      // dynalite builds its ARNs from these.
      env: { ...process.env, AWS_REGION: region, AWS_ACCOUNT_ID: account },
    });
    const thread: Thread = { worker, calls: new Map() };
    return new Promise((resolve, reject) => {
      const ended = (error: Error): void => {
        reject(error);
        this.#ended(thread, error);
      };
      worker.on('error', ended);
      worker.on('exit', () => ended(new Error('the thread has ended')));
      worker.on('message', (message: WorkerReply) => {
        if (message === 'opened') {
          this.#thread = thread;
          resolve();
        } else if ('failed' in message) this.#mend(message.failed);
        else if ('log' in message) this.#options.log(...message.log);
        else {
          const call = thread.calls.get(message.id);
          thread.calls.delete(message.id);
          call?.resolve({ status: message.status, body: Buffer.from(message.body.buffer) });
        }
      });
    });
  }

  #ended(thread: Thread, error: Error): void {
    for (const { reject } of thread.calls.values()) reject(stopped(error));
    thread.calls.clear();
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    this.#failure = error;
    // What was in memory alone is gone: an empty store in its place would be worse than none.
    if (this.#options.path === undefined)
      this.#options.log('error', 'dynamodb: the store has stopped', { error: error.stack ?? String(error) });
    else this.#mend(error.message);
  }

  /** Ends the thread after what is under way, whatever state its store is in. */
  async #end(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#thread = undefined;
    this.#failure = new Error('it is being closed');
    const ended = new Promise((resolve) => thread.worker.once('exit', resolve));
    thread.worker.postMessage('close' satisfies WorkerMessage);
    await ended;
  }

  #mend(reason: string): void {
    if (this.#closing.signal.aborted) return;
    this.#mending ??= this.#openAnew(reason).finally(() => {
      this.#mending = undefined;
    });
  }

  async #openAnew(reason: string): Promise<void> {
    const { log, path = '' } = this.#options;
    const { signal } = this.#closing;
    const since = performance.now();
    log('error', 'dynamodb: the store cannot write; reading goes on, and writing once it can', {
      path,
      reason,
    });
    for (let wait: number = RETRY.least; ; wait = Math.min(2 * wait, RETRY.most)) {
      do await delay(RETRY.least, undefined, { signal, ref: false }).catch(() => undefined);
      while (!signal.aborted && !(await hasRoom(path)));
      if (signal.aborted) return;
      const queue: Call[] = [];
      this.#queue = queue;
      await this.#end();
      const error = await this.#start().then(
        () => undefined,
        (cause: Error) => cause,
      );
      this.#queue = undefined;
      for (const call of queue) {
        if (this.#thread !== undefined) this.#send(this.#thread, call);
        else call.reject(stopped(error ?? this.#failure));
      }
      if (error === undefined) {
        const seconds = Math.round((performance.now() - since) / 1000);
        log('warn', 'dynamodb: the store writes again', { path, seconds });
        return;
      }
      this.#failure = error;
      log('error', 'dynamodb: the store cannot be opened', { path, reason: error.message });
      await delay(wait - RETRY.least, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

const hasRoom = async (path: string): Promise<boolean> => {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize >= ROOM;
};

const stopped = (error: Error) =>
  new AwsError('InternalServerError', `the local DynamoDB has stopped: ${error.message}`, 500);
