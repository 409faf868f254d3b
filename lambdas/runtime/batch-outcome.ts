/**
 * What a function answers to a batch of a stream. Lambda goes on from the lowest sequence number that is reported
 * as failed and sends again all that follows; so one number says everything.
 */
import type { KinesisStreamBatchResponse } from 'aws-lambda';

/**
 * The answer for a batch.
 * @param failed places in the batch of records that failed
 * @param sequences sequence numbers of the whole batch, in its order
 */
export const batchOutcome = (
  failed: Iterable<number>,
  sequences: readonly string[],
): KinesisStreamBatchResponse => {
  let lowest = Number.POSITIVE_INFINITY;
  for (const place of failed) lowest = Math.min(lowest, place);
  const itemIdentifier = sequences[lowest];
  return { batchItemFailures: itemIdentifier === undefined ? [] : [{ itemIdentifier }] };
};

/**
 * A signal that comes while there is still time to answer: what is under way then is given up and reported as
 * failed, so that a function that runs out of time leaves no write behind that could land later.
 * @param remainingMillis time that the invocation has left
 */
export const beforeTimeout = (remainingMillis: number): { signal: AbortSignal; clear: () => void } => {
  const controller = new AbortController();
  const reserve = Math.min(10_000, remainingMillis * 0.2);
  const timer = setTimeout(
    () => controller.abort(new Error('the time for this batch is up')),
    remainingMillis - reserve,
  );
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
};
