/** Reads that begin before anybody asks for what they give. */

/**
 * Begins with a source at once. Whoever reads on finds the first batch there, or its fault; who never asks pays for
 * that batch alone.
 */
export const prefetchStream = <T>(source: AsyncGenerator<T>): AsyncGenerator<T> => {
  const first = source.next();
  // Not lost: whoever asks for the batch gets the same fault.
  first.catch(() => undefined);
  return (async function* () {
    try {
      const { done, value } = await first;
      if (done === true) return;
      yield value;
      yield* source;
    } finally {
      await source.return(undefined);
    }
  })();
};

/** Begins with what is asked for later, or never: its fault is for those who ask. */
export const prefetchPromise = (work: Promise<unknown>): void => {
  work.catch(() => undefined);
};
