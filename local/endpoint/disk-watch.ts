/** Says once that a service cannot write, and once that it can again; its callers are told each time. */
import type { Log } from '../types.ts';
import { AwsError } from '../types.ts';

export class DiskWatch {
  readonly #service: string;
  readonly #log: Log;
  #failing = false;

  /** @param service for the log, e.g. `kinesis` */
  constructor(service: string, log: Log) {
    this.#service = service;
    this.#log = log;
  }

  /** Whether the last write has failed. */
  get failing(): boolean {
    return this.#failing;
  }

  /**
   * Does what writes files.
   * @throws {AwsError} `InternalError`, which clients try again, when the disk refuses; else what `work` throws
   */
  async write<T>(work: () => Promise<T>): Promise<T> {
    try {
      const done = await work();
      if (this.#failing) this.#log('warn', `${this.#service}: files can be written again`);
      this.#failing = false;
      return done;
    } catch (cause) {
      if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
      const message = `${this.#service}: files cannot be written: ${cause.message}`;
      if (!this.#failing) this.#log('error', message);
      this.#failing = true;
      throw Object.assign(new AwsError('InternalError', message, 500), { cause });
    }
  }
}
