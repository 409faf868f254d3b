/** Lets loops sleep until something happens. */
import { setTimeout as delay } from 'node:timers/promises';

/** Remembers one call that came while nobody waited. */
export class Signal {
  #set = false;
  readonly #waiters = new Set<() => void>();

  notify(): void {
    this.#set = true;
    for (const wake of this.#waiters) wake();
  }

  /** Resolves at the next (or the remembered) call, or after so many milliseconds. */
  async wait(ms?: number): Promise<void> {
    if (!this.#set) {
      await new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(() => wake(), Math.max(0, ms));
        const wake = () => {
          clearTimeout(timer);
          this.#waiters.delete(wake);
          resolve();
        };
        this.#waiters.add(wake);
      });
    }
    this.#set = false;
  }
}

/** Milliseconds before the first try again. */
export const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 10_000;

/** Milliseconds to wait before the n-th try again: doubling, jittered, bounded. */
export const backoff = (failures: number, firstMs = FIRST_RETRY_MS): number => {
  const ceiling = Math.min(MAX_RETRY_MS, firstMs * 2 ** Math.min(failures - 1, 10));
  return ceiling / 2 + (ceiling / 2) * Math.random();
};

/** Waits so many milliseconds, or until `stop`. */
export const pause = async (ms: number, stop: AbortSignal): Promise<void> => {
  await delay(ms, undefined, { signal: stop }).catch((error: unknown) => {
    if (!stop.aborted) throw error;
  });
};
