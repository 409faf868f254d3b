/** A process that is told something and answers, one thing at a time. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** @typeParam To what it is told @typeParam From what it answers */
export class Child<To extends object, From extends { readonly type: string }> {
  readonly #name: string;
  readonly #process: ChildProcess;

  /**
   * @param name for errors
   * @param how options of Node, and what its environment has beside ours
   */
  constructor(
    name: string,
    file: URL,
    how: {
      readonly options?: readonly string[];
      readonly environment?: Readonly<Record<string, string>>;
    } = {},
  ) {
    const { options = [], environment = {} } = how;
    this.#name = name;
    this.#process = fork(file, {
      execArgv: [...options],
      env: { ...process.env, ...environment },
      // Results stand alone on the standard output of a bench.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
  }

  /** @throws when it ends, or answers something else */
  async say<T extends From['type']>(message: To, answer: T): Promise<Extract<From, { readonly type: T }>> {
    const over = new AbortController();
    const { signal } = over;
    const ended = once(this.#process, 'exit', { signal }).then(([code, killed]) => {
      throw new Error(`the ${this.#name} ended with ${code ?? killed}`);
    });
    const heard = once(this.#process, 'message', { signal }).then(([reply]) => reply as From);
    this.#process.send(message);
    try {
      const reply = await Promise.race([heard, ended]);
      if (reply.type !== answer) throw new Error(`the ${this.#name} said ${reply.type} instead of ${answer}`);
      return reply as Extract<From, { readonly type: T }>;
    } finally {
      for (const loser of [heard, ended]) loser.catch(() => undefined);
      over.abort();
    }
  }

  /** Lets it end by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    if (this.#process.connected) this.#process.disconnect();
    await ended;
  }
}
