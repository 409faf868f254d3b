/** One execution environment: a thread that serves one invocation at a time and stays warm in between. */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { FromWorker, FunctionError, ToWorker, WorkerData } from './messages.ts';

export interface Invocation {
  readonly requestId: string;
  /** The event, as JSON text. */
  readonly payload: string;
  readonly traceId: string;
  /** A piece of a streamed response; call `taken` when it has been used. */
  readonly onChunk: (bytes: Uint8Array, taken: () => void) => void;
}

export type Outcome =
  | { readonly ok: true; readonly payload: string | undefined; readonly streamed: boolean }
  | ({ readonly ok: false } & FunctionError);

export interface EnvironmentOptions {
  readonly data: WorkerData;
  readonly env: Readonly<Record<string, string>>;
  /** Seconds an invocation may take. */
  readonly timeout: number;
  /** Seconds loading may take. */
  readonly initTimeout: number;
  readonly onLog: (line: string, requestId: string) => void;
  /** The thread has ended, whatever the reason. */
  readonly onExit: () => void;
}

const exitMessage = (requestId: string, reason: string): FunctionError => ({
  errorType: 'Runtime.ExitError',
  errorMessage: `RequestId: ${requestId} Error: Runtime exited ${reason}`,
});

const KILLED = 'with error: signal: killed';

const MIB = 1024 * 1024;
/**
 * V8 ends the whole process when a thread runs into its heap limit fast enough, so the limit lies well above the
 * function's memory and a watch ends the thread before. V8 collects at the latest halfway between what is alive
 * and the limit: a heap that stays above memory + half the headroom is truly alive, not garbage.
 */
const HEAP_HEADROOM_MB = 512;
/**
 * Three half-spaces of 8 MB, of 16 for functions with a gigabyte: with less, large answers outlive them and are
 * collected with all else. V8 alone would let them grow to 32, in every environment.
 */
const youngGenerationOf = ({ memorySize }: WorkerData): number => (memorySize < 1024 ? 24 : 48);
const WATCH_MS = 100;
/** A thread in a loop that V8 cannot interrupt never ends; nobody waits for it longer than this. */
const TERMINATE_MS = 2_000;

export class Environment {
  readonly #worker: Worker;
  readonly #options: EnvironmentOptions;
  #invocation: Invocation | undefined;
  #settle: ((outcome: Outcome) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #dead = false;
  /** How loading went: nothing, or the error. The thread has ended in the latter case. */
  readonly ready: Promise<FunctionError | undefined>;
  #readied: (error: FunctionError | undefined) => void = () => undefined;

  constructor(options: EnvironmentOptions) {
    this.#options = options;
    this.ready = new Promise((resolve) => {
      this.#readied = resolve;
    });
    this.#worker = new Worker(new URL('./worker/main.ts', import.meta.url), {
      workerData: options.data,
      env: options.env,
      // Whatever runs the gateway (a test runner, a debugger) must not leak into the function.
      execArgv: [],
      argv: [],
      stdout: true,
      stderr: true,
      resourceLimits: {
        maxOldGenerationSizeMb: options.data.memorySize + HEAP_HEADROOM_MB,
        maxYoungGenerationSizeMb: youngGenerationOf(options.data),
      },
      name: options.data.functionName,
    });
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => options.onLog(text.trimEnd(), this.#invocation?.requestId ?? ''));
    }
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
    this.#worker.on('exit', (code) => this.#exited(code));
    this.#timer = setTimeout(() => {
      this.#end({
        errorType: 'Sandbox.Timedout',
        errorMessage: `Initialization timed out after ${options.initTimeout.toFixed(2)} seconds`,
      });
    }, options.initTimeout * 1000);
  }

  get busy(): boolean {
    return this.#invocation !== undefined;
  }

  /** Serves one invocation; the environment must be ready and idle. Never rejects. */
  run(invocation: Invocation): Promise<Outcome> {
    const { requestId, payload, traceId } = invocation;
    const { timeout } = this.#options;
    this.#invocation = invocation;
    return new Promise((resolve) => {
      this.#settle = resolve;
      if (this.#dead) {
        this.#finish({ ok: false, ...exitMessage(requestId, KILLED) });
        return;
      }
      this.#timer = setTimeout(() => {
        const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${timeout.toFixed(2)} seconds`;
        this.#end({ errorType: 'Sandbox.Timedout', errorMessage });
      }, timeout * 1000);
      this.#watch = setInterval(() => void this.#watchMemory(requestId), WATCH_MS);
      this.#post({ type: 'invoke', requestId, payload, traceId, deadline: Date.now() + timeout * 1000 });
    });
  }

  /** Nobody wants the rest of a streamed response. */
  cancel(requestId: string): void {
    if (this.#invocation?.requestId === requestId) this.#post({ type: 'cancel', requestId });
  }

  /** Ends the thread at once; what it was doing fails as a killed process does. */
  async kill(): Promise<void> {
    this.#end(exitMessage(this.#invocation?.requestId ?? '', KILLED));
    const waiting = new AbortController();
    const tooLong = delay(TERMINATE_MS, undefined, { signal: waiting.signal, ref: false });
    await Promise.race([this.#worker.terminate(), tooLong]);
    waiting.abort();
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        clearTimeout(this.#timer);
        this.#readied(undefined);
        return;
      case 'init-failed':
        this.#end(message.error);
        return;
      case 'log':
        this.#options.onLog(message.line, message.requestId);
        return;
    }
    const { requestId } = message;
    if (this.#invocation?.requestId !== requestId) return;
    switch (message.type) {
      case 'result':
        this.#finish({ ok: true, payload: message.payload, streamed: false });
        return;
      case 'end':
        this.#finish({ ok: true, payload: undefined, streamed: true });
        return;
      case 'failed':
        if (message.fatal) this.#end(message.error);
        else this.#finish({ ok: false, ...message.error });
        return;
      case 'chunk': {
        const bytes = message.bytes.byteLength;
        this.#invocation.onChunk(message.bytes, () => {
          if (!this.#dead) this.#post({ type: 'taken', requestId, bytes });
        });
      }
    }
  }

  #finish(outcome: Outcome): void {
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#invocation = undefined;
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome);
  }

  async #watchMemory(requestId: string): Promise<void> {
    const { data } = this.#options;
    const limit = data.memorySize + HEAP_HEADROOM_MB / 2 + youngGenerationOf(data);
    const heap = await this.#worker.getHeapStatistics().catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_NOT_RUNNING') return undefined;
      throw error;
    });
    if (heap === undefined || this.#invocation?.requestId !== requestId) return;
    if (heap.used_heap_size > limit * MIB) this.#end(exitMessage(requestId, KILLED));
  }

  /** Ends the thread and fails what it was doing. */
  #end(error: FunctionError): void {
    if (!this.#dead) {
      this.#dead = true;
      void this.#worker.terminate();
      this.#options.onExit();
    }
    this.#readied(error);
    this.#finish({ ok: false, ...error });
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.#options.onLog(`${error.code ?? error.name}: ${error.message}`, this.#invocation?.requestId ?? '');
    const reason = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? KILLED : 'with error: exit status 1';
    this.#end(exitMessage(this.#invocation?.requestId ?? '', reason));
  }

  #exited(code: number): void {
    const reason = code === 0 ? 'without providing a reason' : `with error: exit status ${code}`;
    this.#end(exitMessage(this.#invocation?.requestId ?? '', reason));
  }
}
