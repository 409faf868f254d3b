/** Writes on a condition. */

/** The item is not as the writer believed: it exists, is gone, or has another version. */
export class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed';
}

/** Whether an error says that the condition of a write does not hold. */
export const doesNotHold = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ConditionalCheckFailedException';

/**
 * Runs a conditional write.
 * @throws {ConditionFailed} when its condition does not hold
 */
export const conditionally = async (write: Promise<unknown>): Promise<void> => {
  try {
    await write;
  } catch (cause) {
    if (doesNotHold(cause)) throw new ConditionFailed('the condition of a write does not hold', { cause });
    throw cause;
  }
};

/**
 * Runs a conditional write that may lose.
 * @returns whether its condition held
 */
export const isWritten = async (write: Promise<unknown>): Promise<boolean> => {
  try {
    await write;
    return true;
  } catch (error) {
    if (doesNotHold(error)) return false;
    throw error;
  }
};
