/**
 * Collects what arrives in one turn of the event loop and hands it on together: in order, one batch at a time.
 */
import type { Done } from './action.ts';

/** Bounds of one batch. */
export interface BatchLimits {
  readonly count: number;
  readonly bytes: number;
}

export interface Batched {
  readonly data: { readonly length: number };
  readonly done: Done;
}

/** Why entries failed, by their index in the batch; all of them, when it is one error. */
export type Failures = Error | ReadonlyMap<number, Error> | undefined;

/** See the head of this file. */
export class Batcher<E extends Batched> {
  readonly #limits: BatchLimits;
  readonly #write: (batch: readonly E[]) => Promise<Failures>;
  #queue: E[] = [];
  #busy = false;

  /** @param write must not reject: what went wrong is its result */
  constructor(limits: BatchLimits, write: (batch: readonly E[]) => Promise<Failures>) {
    this.#limits = limits;
    this.#write = write;
  }

  add(entry: E): void {
    this.#queue.push(entry);
    if (this.#busy) return;
    this.#busy = true;
    setImmediate(() => void this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#take();
      const failures = await this.#write(batch);
      for (const [index, { done }] of batch.entries()) {
        done(failures instanceof Error ? failures : failures?.get(index));
      }
    }
    this.#busy = false;
  }

  #take(): readonly E[] {
    let bytes = 0;
    let count = 0;
    for (const { data } of this.#queue) {
      bytes += data.length;
      if (count === this.#limits.count || (count > 0 && bytes > this.#limits.bytes)) break;
      count++;
    }
    if (count === this.#queue.length) {
      const all = this.#queue;
      this.#queue = [];
      return all;
    }
    return this.#queue.splice(0, count);
  }
}

/** What a promise was rejected with, as an error. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));
