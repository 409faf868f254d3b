/** HTTP requests that say where nobody answers. */

/** Nobody answers at an address. Exit code 4. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/**
 * Sends a request.
 * @throws {UnreachableError} naming the address and what is wrong with it, when there is no answer
 */
export const reach = async (url: string | URL, init: RequestInit): Promise<Response> => {
  try {
    return await fetch(url, init);
  } catch (cause) {
    // The message of `fetch` is always `fetch failed`: the reason is its cause.
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const code = reason instanceof Error && 'code' in reason ? String(reason.code) : String(reason);
    throw new UnreachableError(`nothing answers at ${new URL(url).origin} (${code})`, { cause });
  }
};
