/**
 * `ingest`: from the stream to the table. Every record is stored, quarantined, or sent again by Lambda; nothing
 * else may become of it.
 *
 * Calls of a batch of D devices: D/50 BatchGetItem, D/25 BatchWriteItem for chunks and D/25 for states, as many for
 * tasks in the first batch of an hour, one PutObject and one Publish for each quarantined message, one Publish for
 * each device and session that asks to hear, one SendMessage for up to 50 alerts that come or go; of the registry at most D/100 BatchGetItem each 30 s.
 */
import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { transitionsTo } from '../../runtime/alert-queue.ts';
import { batchOutcome, deadlines } from '../../runtime/batch-outcome.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { createLogger } from '../../runtime/logger.ts';
import { addCounts, createMetrics, MetricUnit } from '../../runtime/metrics.ts';
import { createPublisher } from '../../runtime/publisher.ts';
import { getFrom, putInto } from '../../store/objects/objects.ts';
import { toRuns } from './batch.ts';
import { BatchCounts } from './counts.ts';
import { processRuns } from './process.ts';
import { QueuedHours } from './queued-hours.ts';
import { RegistryCache } from './registry-cache.ts';
import { StateMemory } from './state-memory.ts';

const env = readEnv(['REGISTRY_TABLE', 'MEASUREMENTS_TABLE', 'ARCHIVE_BUCKET', 'ALERTS_QUEUE_URL']);
const logger = createLogger();
const metrics = createMetrics('ingest');
// The store goes on trying until the time is up; the client itself only bridges a lost connection.
const dynamo = dynamoClient({ maxAttempts: 2 });
const registry = { client: dynamo, table: env.REGISTRY_TABLE };
const surroundings = {
  measurements: { client: dynamo, table: env.MEASUREMENTS_TABLE },
  registry,
  putObject: putInto(env.ARCHIVE_BUCKET),
  getObject: getFrom(env.ARCHIVE_BUCKET),
  publish: createPublisher({ maxAttempts: 3 }),
  sendAlerts: transitionsTo(env.ALERTS_QUEUE_URL),
  logger,
  devices: new RegistryCache(registry, (type, error) =>
    logger.error('alert rules of a type cannot be read', { type, error }),
  ),
  memory: new StateMemory(),
  tasks: new QueuedHours(),
};

/**
 * Takes a batch of one shard.
 * @returns the record from which Lambda is to send again, if any
 */
export const handler = async (
  event: KinesisStreamEvent,
  context: Context,
): Promise<KinesisStreamBatchResponse> => {
  const time = deadlines(context.getRemainingTimeInMillis());
  const counts = new BatchCounts();
  const now = Date.now();
  try {
    const { runs, left } = toRuns(event);
    const failed = await processRuns(surroundings, { counts, time, now }, runs);
    const places = [...[...failed].map(({ place }) => place), ...(left === undefined ? [] : [left])];
    const sequences = places.length === 0 ? [] : event.Records.map(({ kinesis }) => kinesis.sequenceNumber);
    const outcome = batchOutcome(places, sequences);
    const [from] = outcome.batchItemFailures;
    if (from !== undefined) counts.retried = sequences.length - sequences.indexOf(from.itemIdentifier);
    const newest = event.Records.at(-1)?.kinesis.approximateArrivalTimestamp;
    if (newest !== undefined)
      metrics.addMetric('IteratorLag', MetricUnit.Milliseconds, Math.max(0, now - newest * 1000));
    return outcome;
  } finally {
    time.clear();
    addCounts(metrics, counts.metrics);
    metrics.publishStoredMetrics();
  }
};
