/** A child process that answers messages, one at a time. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** @typeParam To messages to it @typeParam From its answers */
export class Child<To extends object, From extends { readonly type: string }> {
  readonly #name: string;
  readonly #process: ChildProcess;

  /**
   * @param name for errors
   * @param how options of Node, and environment variables besides ours
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
      // Standard output is for the results of the bench alone.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
  }

  /** @throws Error when it ends, or gives another answer */
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

  /** Disconnects it, and waits until it has ended by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    if (this.#process.connected) this.#process.disconnect();
    await ended;
  }
}
