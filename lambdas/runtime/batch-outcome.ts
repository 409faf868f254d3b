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

/** When to stop trying, so that a function always answers before its time is up. */
export interface Deadlines {
  /** Ends the trying of what comes first; what did not work by then is reported as failed. */
  readonly first: AbortSignal;
  /** Ends everything: a function that runs out of time must leave no write behind that lands later. */
  readonly last: AbortSignal;
  clear(): void;
}

/**
 * Divides the time of an invocation: one part for the first steps, so that a single thing that never works does not
 * keep the others from their last step; one for the last steps; one in reserve to answer.
 * @param remainingMillis time that the invocation has left
 */
export const deadlines = (remainingMillis: number): Deadlines => {
  const usable = remainingMillis - Math.min(10_000, remainingMillis * 0.2);
  const [first, last] = [new AbortController(), new AbortController()];
  const timers = (
    [
      [first, usable * 0.6],
      [last, usable],
    ] as const
  ).map(([controller, millis]) =>
    setTimeout(() => controller.abort(new Error('the time for this batch is up')), millis),
  );
  return {
    first: first.signal,
    last: last.signal,
    clear: () =>
      timers.forEach((timer) => {
        clearTimeout(timer);
      }),
  };
};
