/** Bounded concurrency. */

/**
 * Runs tasks, at most so many at a time, started in their order.
 * @returns their results, in their order
 * @throws what the first failing task throws, after all that were started have ended: nothing is left running
 */
export const runLimited = async <T, R>(
  items: readonly T[],
  concurrency: number,
  task: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = [];
  const faults: unknown[] = [];
  const queue = items.entries();
  const work = async (): Promise<void> => {
    for (const [at, item] of queue) {
      try {
        results[at] = await task(item);
      } catch (error) {
        faults.push(error);
      }
      if (faults.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, work));
  if (faults.length > 0) throw faults[0];
  return results;
};
