/**
 * `exports`: makes exports. Each message of the queue makes one file, and sends another message for the next file. So
 * each file is tried again by itself, and exports take turns.
 */
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { asError } from '../../runtime/as-error.ts';
import { deadlines } from '../../runtime/batch-outcome.ts';
import { sendMessage } from '../../runtime/calls.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { createLogger } from '../../runtime/logger.ts';
import { persist } from '../../runtime/retry.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import { getFrom, putBytesInto } from '../../store/objects/objects.ts';
import { changeExport, readExport } from '../../store/registry/exports.ts';
import { type Dependencies, workOn } from './work.ts';

const env = readEnv(['REGISTRY_TABLE', 'MEASUREMENTS_TABLE', 'ARCHIVE_BUCKET', 'EXPORTS_QUEUE_URL']);
const logger = createLogger();
const client = dynamoClient();
const put = putBytesInto(env.ARCHIVE_BUCKET);
/** @param signal ends the trying: a file that could not be put is tried again as a message of the queue, much later */
const dependenciesUntil = (signal: AbortSignal): Dependencies => ({
  registry: { client, table: env.REGISTRY_TABLE },
  measurements: { client, table: env.MEASUREMENTS_TABLE, archive: getFrom(env.ARCHIVE_BUCKET) },
  put: (...object) => persist(() => put(...object), signal),
  fileBytes: 32 * 1024 * 1024,
});

/** How often a file is tried, whether it fails or its worker dies. */
const TRIES = 5;

const task = z.object({ export: z.string() });

/** Marks an export as failed, for whoever waits for it: nobody will try again. */
const giveUp = async ({ registry }: Dependencies, id: string): Promise<void> => {
  const job = await readExport(registry, id);
  if (job?.state !== 'queued' && job?.state !== 'running') return;
  await changeExport(registry, job, { state: 'failed' });
};

const take = async (record: SQSRecord, signal: AbortSignal): Promise<void> => {
  const dependencies = dependenciesUntil(signal);
  const { export: id } = task.parse(JSON.parse(record.body));
  if (Number(record.attributes.ApproximateReceiveCount) > TRIES) {
    logger.error('an export is given up', { export: id });
    await giveUp(dependencies, id);
    return;
  }
  try {
    if (await workOn(dependencies, id))
      await persist(() => sendMessage(env.EXPORTS_QUEUE_URL, record.body), signal);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // Another worker has gone on with it, or it was cancelled: nothing is left to do here.
    logger.info('someone else changed the export', { export: id });
  }
};

/** Reports the messages that failed, so that they come again. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const failed: string[] = [];
  const time = deadlines(context.getRemainingTimeInMillis());
  for (const record of event.Records) {
    try {
      await take(record, time.last);
    } catch (error) {
      logger.error('an export failed', {
        messageId: record.messageId,
        error: asError(error),
      });
      failed.push(record.messageId);
    }
  }
  time.clear();
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
};
