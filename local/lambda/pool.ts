/** The environments of one function: warm ones are used again, more are made up to a limit, the rest queues. */
import type { Environment, Invocation, Outcome } from './environment.ts';

export interface PoolOptions {
  /** Environments at the same time; 0 lets nothing run. */
  readonly limit: number;
  /** Invocations at the same time that the template reserves; one more is throttled, as in AWS. */
  readonly reserved: number;
  /** Invocations that may wait. */
  readonly queueLimit: number;
  /** Milliseconds the last environment stays warm. */
  readonly idleMs: number;
  /** Milliseconds an environment stays warm while another waits for work too. */
  readonly spareMs: number;
  readonly create: (onExit: (environment: Environment) => void) => Environment;
  /** An environment begins an invocation. */
  readonly onStart: () => void;
}

interface Job {
  readonly invocation: Invocation;
  readonly resolve: (outcome: Outcome) => void;
}

const throttled: Outcome = {
  ok: false,
  errorType: 'TooManyRequestsException',
  errorMessage: 'Rate Exceeded.',
};

const stopped: Outcome = {
  ok: false,
  errorType: 'ServiceException',
  errorMessage: 'The gateway is stopping.',
};

export class Pool {
  readonly #options: PoolOptions;
  readonly #all = new Set<Environment>();
  readonly #idle = new Map<Environment, NodeJS.Timeout>();
  readonly #queue: Job[] = [];
  readonly #running = new Map<string, Environment>();
  #starting = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * Runs an invocation as soon as an environment is free; those that wait for what the gateway itself has not enough
   * of keep their order. Never rejects.
   */
  run(invocation: Invocation): Promise<Outcome> {
    if (this.#closed) return Promise.resolve(stopped);
    const underWay = this.#running.size + this.#queue.length;
    if (underWay >= this.#options.reserved || this.#queue.length >= this.#options.queueLimit) {
      return Promise.resolve(throttled);
    }
    return new Promise((resolve) => {
      this.#queue.push({ invocation, resolve });
      this.#pump();
    });
  }

  /** Stops the streaming of an invocation that nobody listens to any more. */
  cancel(requestId: string): void {
    const waiting = this.#queue.findIndex(({ invocation }) => invocation.requestId === requestId);
    if (waiting >= 0) this.#queue.splice(waiting, 1)[0]?.resolve(stopped);
    this.#running.get(requestId)?.cancel(requestId);
  }

  /** Kills every environment that is at work. @returns how many */
  async kill(): Promise<number> {
    const working = [...this.#running.values()];
    await Promise.all(working.map((environment) => environment.kill()));
    return working.length;
  }

  /** Ends every environment that waits for work: the next event starts cold. */
  async cool(): Promise<void> {
    const waiting = [...this.#idle.keys()];
    for (const environment of waiting) this.#forget(environment);
    await Promise.all(waiting.map((environment) => environment.kill()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#idle.values()) clearTimeout(timer);
    for (const job of this.#queue.splice(0)) job.resolve(stopped);
    await Promise.all([...this.#all].map((environment) => environment.kill()));
  }

  #pump(): void {
    while (this.#queue.length > 0) {
      // The one used last is the warmest, and lets the others grow old.
      const warm = [...this.#idle.keys()].at(-1);
      if (warm === undefined) break;
      clearTimeout(this.#idle.get(warm));
      this.#idle.delete(warm);
      const job = this.#queue.shift();
      if (job !== undefined) void this.#serve(warm, job);
    }
    while (this.#starting < this.#queue.length && this.#all.size < this.#options.limit && !this.#closed) {
      void this.#start();
    }
  }

  async #start(): Promise<void> {
    let environment: Environment;
    try {
      environment = this.#options.create((ended) => this.#forget(ended));
    } catch (error) {
      // For example options in the template's NODE_OPTIONS that a thread cannot have.
      const errorMessage = error instanceof Error ? error.message : String(error);
      this.#queue.shift()?.resolve({ ok: false, errorType: 'Runtime.InvalidEnvironment', errorMessage });
      return;
    }
    this.#all.add(environment);
    this.#starting += 1;
    const error = await environment.ready;
    this.#starting -= 1;
    if (error === undefined) this.#rest(environment);
    // An environment that cannot start fails the invocation it was made for, else it would be tried for ever.
    else this.#queue.shift()?.resolve({ ok: false, ...error });
    this.#pump();
  }

  async #serve(environment: Environment, job: Job): Promise<void> {
    const { requestId } = job.invocation;
    this.#running.set(requestId, environment);
    this.#options.onStart();
    const outcome = await environment.run(job.invocation);
    this.#running.delete(requestId);
    this.#rest(environment);
    job.resolve(outcome);
    this.#pump();
  }

  #rest(environment: Environment): void {
    if (!this.#all.has(environment)) return;
    const { idleMs, spareMs } = this.#options;
    const wait = (ms: number, over: () => void): void => {
      this.#idle.set(environment, setTimeout(over, ms).unref());
    };
    wait(Math.min(spareMs, idleMs), () => {
      if (this.#idle.size > 1 || idleMs <= spareMs) void environment.kill();
      else wait(idleMs - spareMs, () => void environment.kill());
    });
  }

  #forget(environment: Environment): void {
    this.#all.delete(environment);
    clearTimeout(this.#idle.get(environment));
    this.#idle.delete(environment);
  }
}
