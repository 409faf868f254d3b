/** What devices are told: what is durable, and what was quarantined. */
import type { AckMessage, ErrorsMessage } from '../../../contracts/messages/downstream.ts';
import { downstream, type Origin } from '../../../contracts/messages/topics.ts';
import { formatTime } from '../../../contracts/time.ts';
import type { Quarantined } from '../../domain/ingestion/run.ts';
import type { Durable } from '../../domain/ingestion/session-run.ts';
import { runLimited } from '../../runtime/limit.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Publish } from '../../runtime/publisher.ts';

/** A message on its way to a device. */
export interface Notification {
  readonly topic: string;
  readonly document: AckMessage | ErrorsMessage;
}

const MAX_RANGES = 1000;
const CONCURRENCY = 16;

/** Acknowledgements of one device: one a session, more where the ranges are very many. */
export const toAcks = (origin: Origin, durable: readonly Durable[]): Notification[] =>
  durable.flatMap(({ session, ranges, seq }) => {
    const acks: Notification[] = [];
    for (let start = 0; start < ranges.length; start += MAX_RANGES) {
      const part = ranges.slice(start, start + MAX_RANGES).map(([from, to]): [number, number] => [from, to]);
      const document = { v: 1 as const, session, ranges: part, ...(seq === undefined ? {} : { seq }) };
      acks.push({ topic: downstream.ack(origin), document });
    }
    return acks;
  });

/** The note on one quarantined message. @param ref where its bytes are kept */
export const toErrors = (
  origin: Origin,
  { arrival, session, seq, notes }: Quarantined,
  ref: string,
): Notification => ({
  topic: downstream.errors(origin),
  document: {
    v: 1,
    ...(session === undefined ? {} : { session }),
    ...(seq === undefined ? {} : { seq }),
    codes: [...notes],
    at: formatTime(arrival.arrived),
    ref,
  },
});

/**
 * Tells devices. One that cannot be told does not fail the batch: its data are durable, and it sends again what it
 * did not hear of and is told then.
 * @returns how many could not be told
 */
export const notify = async (
  publish: Publish,
  notifications: readonly Notification[],
  logger: Logger,
  signal: AbortSignal,
): Promise<number> => {
  const failed = await runLimited(
    notifications,
    CONCURRENCY,
    async ({ topic, document }): Promise<number> => {
      try {
        await publish(topic, document, signal);
        return 0;
      } catch (error) {
        logger.warn('a device could not be told', { topic, error });
        return 1;
      }
    },
  );
  return failed.reduce((sum, one) => sum + one, 0);
};
