/** Conditional writes that lost. */

/** The item is not as the writer believed: it exists, is gone, or has another version. */
export class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed';
}

/**
 * Runs a conditional write.
 * @throws {ConditionFailed} when its condition does not hold
 */
export const conditionally = async <T>(write: Promise<T>): Promise<T> => {
  try {
    return await write;
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'ConditionalCheckFailedException')
      throw new ConditionFailed('the condition of a write does not hold', { cause });
    throw cause;
  }
};
