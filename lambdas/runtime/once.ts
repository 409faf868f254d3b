/** What is read when it is first needed, and then kept. */

/** Keeps what an asynchronous read gave; a failure is not kept, the next call tries again. */
export const once = <T>(read: () => Promise<T>): (() => Promise<T>) => {
  let kept: Promise<T> | undefined;
  return () => {
    kept ??= read().catch((error: unknown) => {
      kept = undefined;
      throw error;
    });
    return kept;
  };
};
