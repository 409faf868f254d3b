/**
 * `deliveries`: messages that did not get as far as `ingest`, because the stream refused them or Lambda gave them up.
 * S3 tells of each object that keeps such; what is in it becomes entries of the quarantine, from where it can be taken
 * again. The objects stay as they are.
 */
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { ARCHIVE_PREFIXES } from '../../../contracts/deployment/archive-prefixes.ts';
import { asError } from '../../runtime/as-error.ts';
import { deadlines } from '../../runtime/batch-outcome.ts';
import { readEnv } from '../../runtime/env.ts';
import { runLimited } from '../../runtime/limit.ts';
import { createLogger } from '../../runtime/logger.ts';
import { addCounts, createMetrics } from '../../runtime/metrics.ts';
import { persist } from '../../runtime/retry.ts';
import { getFrom, replaceIn } from '../../store/objects/objects.ts';
import { type QuarantineEntry, quarantine } from '../../store/objects/quarantine.ts';
import { entryOf } from './entry.ts';
import { givenUpEntries } from './given-up.ts';
import { millisOf, refusedEntry, sequenceOf } from './refused.ts';

const env = readEnv(['ARCHIVE_BUCKET']);
const logger = createLogger();
const metrics = createMetrics('deliveries');
const get = getFrom(env.ARCHIVE_BUCKET);
const replace = replaceIn(env.ARCHIVE_BUCKET);

/** Objects of one batch, up to 6 MB each. */
const OBJECTS = 3;
const WRITES = 24;
/** Of an object that cannot be read, so much is shown. */
const SHOWN_BYTES = 128 * 1024;

/** What S3 sends to a queue: objects that were created, or a word when the queue is given to it. */
const notification = z.union([
  z.object({ Event: z.literal('s3:TestEvent') }).transform(() => []),
  z
    .object({
      Records: z.array(
        z.object({ eventTime: z.string(), s3: z.object({ object: z.object({ key: z.string() }) }) }),
      ),
    })
    .transform(({ Records }) =>
      Records.map(({ eventTime, s3 }) => ({
        eventTime,
        key: decodeURIComponent(s3.object.key.replaceAll('+', ' ')),
      })),
    ),
]);

interface Created {
  readonly key: string;
  /** RFC 3339. */
  readonly eventTime: string;
}

class Counts {
  refused = 0;
  givenUp = 0;
  damaged = 0;
}

const isBatch = (key: string): boolean => {
  if (key.startsWith(ARCHIVE_PREFIXES.failedBatches)) return true;
  if (key.startsWith(ARCHIVE_PREFIXES.refusedMessages)) return false;
  throw new RangeError(`nothing is known of objects like ${key}`);
};

/** An entry for bytes that cannot be read: it names no device, and holds all of them. */
const unreadable = (bytes: Uint8Array, { key, eventTime }: Created): QuarantineEntry => {
  const millis = millisOf(key, eventTime);
  return entryOf(
    {
      origin: undefined,
      partitionKey: '',
      stream: '',
      shard: '',
      sequence: sequenceOf(key, millis),
      arrived: millis * 1000,
      bytes: bytes.subarray(0, SHOWN_BYTES),
    },
    isBatch(key) ? 'delivery-gave-up' : 'stream-refused',
    `What was kept of it cannot be read: ${key}`,
  );
};

const entriesOf = (bytes: Buffer, created: Created, counts: Counts): readonly QuarantineEntry[] => {
  const { key, eventTime } = created;
  try {
    const text = bytes.toString();
    return isBatch(key) ? givenUpEntries(text) : [refusedEntry(text, key, eventTime)];
  } catch (error) {
    if (!(error instanceof z.ZodError || error instanceof SyntaxError)) throw error;
    logger.error('what was kept of undelivered messages cannot be read', { key, error });
    counts.damaged += 1;
    return [unreadable(bytes, created)];
  }
};

/**
 * Puts entries that are not there yet. A record of a batch that was given up may have been quarantined by itself
 * before, with a better reason; and S3 may tell of an object twice.
 */
const takeObject = async (created: Created, counts: Counts, signal: AbortSignal): Promise<void> => {
  const { key } = created;
  const bytes = await persist(() => get(key, signal), signal);
  if (bytes === undefined) throw new Error(`${key} is not there`);
  const put = async (entry: string, document: unknown): Promise<void> => {
    const body = Buffer.from(JSON.stringify(document));
    if (!(await replace(entry, body, 'application/json', undefined))) return;
    if (isBatch(key)) counts.givenUp += 1;
    else counts.refused += 1;
  };
  await runLimited(entriesOf(bytes, created, counts), WRITES, (entry) =>
    persist(() => quarantine(put, entry, signal), signal),
  );
};

const take = async (record: SQSRecord, counts: Counts, signal: AbortSignal): Promise<boolean> => {
  try {
    for (const created of notification.parse(JSON.parse(record.body)))
      await takeObject(created, counts, signal);
    return true;
  } catch (error) {
    logger.error('undelivered messages could not be put into the quarantine', {
      messageId: record.messageId,
      error: asError(error),
    });
    return false;
  }
};

/** Messages of which the work failed come again. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const time = deadlines(context.getRemainingTimeInMillis());
  const counts = new Counts();
  try {
    const done = await runLimited(event.Records, OBJECTS, (record) => take(record, counts, time.last));
    const failed = event.Records.filter((_, at) => done[at] === false);
    addCounts(metrics, {
      MessagesRefused: counts.refused,
      MessagesGivenUp: counts.givenUp,
      ReportsDamaged: counts.damaged,
      ReportsFailed: failed.length,
    });
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  } finally {
    time.clear();
    metrics.publishStoredMetrics();
  }
};
