/** The main thread's side of dynalite. */
import { Worker } from 'node:worker_threads';
import type { Log } from '../../types.ts';
import { AwsError } from '../../types.ts';
import type { TableShape } from './capacity.ts';
import type { DynaliteOptions } from './dynalite.ts';
import type { WorkerMessage, WorkerReply } from './worker.ts';

export interface EngineReply {
  readonly status: number;
  /** JSON. */
  readonly body: Buffer;
}

interface Waiting {
  resolve(reply: EngineReply): void;
  reject(error: Error): void;
}

/** What V8 may take for values that live short: a quarter of what it would. */
const YOUNG_GENERATION_MB = 24;

export class DynamoEngine {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #failure: Error | undefined;

  private constructor(worker: Worker, log: Log) {
    this.#worker = worker;
    worker.on('message', (message: WorkerReply) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      const { status, body } = message;
      waiting?.resolve({ status, body: Buffer.from(body.buffer) });
    });
    worker.on('error', (error) => {
      log('error', 'dynamodb: the store has stopped', { error: error.stack ?? String(error) });
      this.#fail(error);
    });
    worker.on('exit', () => this.#fail(new Error('the thread has ended')));
  }

  /**
   * @param path folder of the store; in memory when absent
   * @param tables shapes of the tables, for counting capacity
   */
  static async open(
    path: string | undefined,
    tables: ReadonlyMap<string, TableShape>,
    region: string,
    account: string,
    log: Log,
  ): Promise<DynamoEngine> {
    const workerData: DynaliteOptions = { tables, ...(path === undefined ? {} : { path }) };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      // dynalite builds its ARNs from these.
      env: { ...process.env, AWS_REGION: region, AWS_ACCOUNT_ID: account },
    });
    const engine = new DynamoEngine(worker, log);
    // Opens the store: a folder that another process holds shows here, not at the first request.
    const reply = await engine.call('ListTables', '{}');
    if (reply.status !== 200) throw new Error(`dynamodb: cannot open the store: ${reply.body.toString()}`);
    return engine;
  }

  /** @throws {AwsError} `InternalServerError` when the store has stopped */
  call(operation: string, body: string): Promise<EngineReply> {
    if (this.#failure) return Promise.reject(stopped(this.#failure));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, operation, body } satisfies WorkerMessage);
    });
  }

  /** Waits for what is under way, closes the store and ends the thread. */
  async close(): Promise<void> {
    if (this.#failure) return;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.postMessage('close' satisfies WorkerMessage);
    await ended;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(stopped(this.#failure));
    this.#waiting.clear();
  }
}

const stopped = (error: Error) =>
  new AwsError('InternalServerError', `the local DynamoDB has stopped: ${error.message}`, 500);
