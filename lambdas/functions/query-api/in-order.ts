/** Reads several sources at once, and gives their batches in order. */

/**
 * Gives the batches of each source after those of the one before; the first batch of a few more sources is read
 * meanwhile.
 * @param ahead how many sources are begun at a time
 */
export async function* inOrder<T>(
  sources: readonly (() => AsyncGenerator<T>)[],
  ahead: number,
): AsyncGenerator<T> {
  const begun: { readonly source: AsyncGenerator<T>; readonly first: Promise<Outcome<T>> }[] = [];
  let next = 0;
  const begin = (): void => {
    const source = sources[next]?.();
    next += 1;
    if (source !== undefined) begun.push({ source, first: settled(source.next()) });
  };
  for (let count = 0; count < ahead; count += 1) begin();
  try {
    for (let current = begun[0]; current !== undefined; current = begun[0]) {
      const outcome = await current.first;
      if ('error' in outcome) throw outcome.error;
      if (outcome.result.done !== true) {
        yield outcome.result.value;
        yield* current.source;
      }
      begun.shift();
      begin();
    }
  } finally {
    await Promise.all(begun.map(({ source }) => source.return(undefined)));
  }
}

type Outcome<T> = { readonly result: IteratorResult<T, unknown> } | { readonly error: unknown };

/** Waits without failing: a failure is thrown when it is the turn of the source. */
const settled = async <T>(promise: Promise<IteratorResult<T, unknown>>): Promise<Outcome<T>> => {
  try {
    return { result: await promise };
  } catch (error) {
    return { error };
  }
};
