/** Trying again what may work later, within a time limit, with growing pauses and jitter. */
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MILLIS = 25;
const LONGEST_PAUSE_MILLIS = 2000;

/** What services call it when there is too much at once, or a body that did not come in time, as the SDK knows them. */
const THROTTLES = new Set([
  'BandwidthLimitExceeded',
  'KMSThrottlingException',
  'KmsThrottled',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestTimeout',
  'RequestTimeoutException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** Faults of ours: the same again would end the same. */
const DEFECTS = new Set(['TypeError', 'RangeError', 'ReferenceError', 'ZodError', 'UnknownFormat']);

/** Whether the same request may work later: throttled, a fault of the service, or no answer. */
export const mayWorkLater = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  if (THROTTLES.has(error.name)) return true;
  if (DEFECTS.has(error.name)) return false;
  // Without `$fault` it never was an answer of the service: the connection failed or the time was up.
  return !('$fault' in error) || error.$fault === 'server';
};

/** What DynamoDB calls a request whose content it does not take. */
const REFUSALS = new Set(['ValidationException', 'SerializationException', 'RangeError']);

/** Whether the content of a request is refused, not its permission or its rate: trying again never helps. */
export const isRefusal = (error: unknown): boolean => error instanceof Error && REFUSALS.has(error.name);

/** What stays undone when the time is up; `cause` is the last answer. */
export class TimeIsUp extends Error {
  override readonly name = 'TimeIsUp';
}

/**
 * Waits before try number `attempt` (from 1).
 * @throws {TimeIsUp} when `signal` ends the waiting
 */
export const pause = async (attempt: number, signal: AbortSignal, cause?: unknown): Promise<void> => {
  const longest = Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS * 2 ** attempt);
  try {
    await delay(longest * (0.5 + Math.random() / 2), undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new TimeIsUp('the time for this batch is up', { cause });
  }
};

/**
 * Tries until it works, the fault is one that stays, or the time is up.
 * @param signal ends the trying
 * @param onRetry called before each further try
 * @throws the fault that stays, or {@link TimeIsUp}
 */
export const persist = async <T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  onRetry: (error: unknown) => void = () => undefined,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw new TimeIsUp('the time for this batch is up', { cause: error });
      if (!mayWorkLater(error)) throw error;
      onRetry(error);
      await pause(attempt, signal, error);
    }
  }
};

/** Tries of one call, as many as the SDK makes. */
const TRIES = 4;

/**
 * One call, and again when it may work later, as often as the SDK tries. For what has no deadline of its own; who has
 * one goes on with {@link persist}.
 * @param signal ends the trying
 * @throws the fault that stays, or {@link TimeIsUp}
 */
export const tryAgain = async <T>(
  call: () => Promise<T>,
  signal: AbortSignal = new AbortController().signal,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt === TRIES || signal.aborted || !mayWorkLater(error)) throw error;
      await pause(attempt, signal, error);
    }
  }
};
