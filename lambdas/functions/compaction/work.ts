/** Tasks that are run concurrently within a time budget. */

/** When to begin nothing new, and when to end everything. */
export interface TimeBudget {
  /** Nothing is begun any more. */
  readonly isOver: () => boolean;
  /** Ends what is still under way, early enough to answer. */
  readonly signal: AbortSignal;
  clear(): void;
}

/**
 * Divides the time of an invocation: what was begun has a fifth of it, a minute at most, to come to its end.
 * @param remainingMillis time that the invocation has left
 */
export const timeBudget = (remainingMillis: number): TimeBudget => {
  const last = remainingMillis - Math.min(5_000, remainingMillis * 0.1);
  const begin = performance.now() + last - Math.min(60_000, remainingMillis * 0.2);
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error('the time of this run is up')), last);
  return {
    isOver: () => performance.now() >= begin,
    signal: controller.signal,
    clear: () => clearTimeout(timer),
  };
};

/**
 * Runs a task for each item of a source, so many at the same time, until the source ends or the time is over. The next
 * item is asked for only when a worker is free.
 * @returns whether the source ended: nothing is left to do
 * @throws what the source throws, after all tasks that were begun have ended
 */
export const runConcurrently = async <T>(
  source: AsyncGenerator<T>,
  workers: number,
  budget: TimeBudget,
  task: (item: T) => Promise<void>,
): Promise<boolean> => {
  let exhausted = false;
  const work = async (): Promise<void> => {
    while (!budget.isOver()) {
      const next = await source.next();
      if (next.done === true) {
        exhausted = true;
        return;
      }
      await task(next.value);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: workers }, work));
  await source.return(undefined);
  const fault = ended.find(({ status }) => status === 'rejected');
  if (fault === undefined) return exhausted;
  if (fault.status === 'rejected' && !budget.signal.aborted) throw fault.reason;
  return false;
};
