/**
 * `compaction`: from chunks to blocks, rollups and the archive. Called on a schedule; finds its work by tasks, does
 * as much as the time allows, and leaves the rest queued for the next call.
 *
 * The schedule calls it whether or not an earlier call is still at work, and may call it twice for one time: a lease
 * lets one work, and the others end at once. Two at work would do no harm (see rivals.test.ts), only the work twice.
 *
 * An hour of a device costs a consistent Query, a BatchWriteItem for its garbage, one each for parts and head of the
 * block and for its rollups, and a conditional DeleteItem. Days of devices are worked off {@link WORKERS} at a time,
 * hour by hour, and one hour of a device is what each of them holds in memory.
 *
 * Where batches follow each other by the second, open hours are looked at as well: a Query of each, and a block of those
 * whose chunks have heaped up (`open-hour.ts` says when).
 */
import type { Context } from 'aws-lambda';
import { LIMITS } from '../../../contracts/limits.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { createLogger } from '../../runtime/logger.ts';
import { addCounts, createMetrics, MetricUnit } from '../../runtime/metrics.ts';
import { oldestTasks, takeLease } from '../../store/measurements/index.ts';
import { getFrom, putInto, replaceIn, tagsIn } from '../../store/objects/objects.ts';
import { Counts } from './counts.ts';
import { archiveQueuedDay } from './day.ts';
import { DeviceCache } from './device-cache.ts';
import { hoursBetween, hoursByDay, tasksBefore } from './due.ts';
import { compactHour, mergeOpenHour } from './hour.ts';
import { keepOverdueDays } from './overdue.ts';
import { parseRetention } from './retention.ts';
import { runConcurrently, type TimeBudget, timeBudget } from './work.ts';

const env = readEnv([
  'REGISTRY_TABLE',
  'MEASUREMENTS_TABLE',
  'ARCHIVE_BUCKET',
  'COMPACT_AFTER_MINUTES',
  'INGEST_WINDOW_SECONDS',
  'ARCHIVE_AFTER_HOURS',
  'RETENTION',
]);
const logger = createLogger();
const metrics = createMetrics('compaction');
const dynamo = dynamoClient({ maxAttempts: 3 });
const registry = { client: dynamo, table: env.REGISTRY_TABLE };
const retention = parseRetention(env.RETENTION);
const archive = {
  get: getFrom(env.ARCHIVE_BUCKET),
  tag: tagsIn(env.ARCHIVE_BUCKET),
  replace: replaceIn(env.ARCHIVE_BUCKET),
  putObject: putInto(env.ARCHIVE_BUCKET),
};
const measurements = { client: dynamo, table: env.MEASUREMENTS_TABLE, archive: archive.get };

const WORKERS = 8;
/** A day is up to 2 million points at a time. */
const DAY_WORKERS = 2;

/** What a call answers. */
export interface CompactionReport {
  readonly hours: number;
  readonly chunks: number;
  readonly points: number;
  /** Days archived. */
  readonly days: number;
  readonly failed: number;
  /** Whether nothing was left to do; otherwise the next call goes on. */
  readonly done: boolean;
}

/**
 * Measures how long days have been waiting for the archive, whether or not this run comes to them, and postpones the
 * expiry of blocks that would be deleted before.
 */
const checkOverdueDays = async (counts: Counts, now: Micros, signal: AbortSignal): Promise<void> => {
  try {
    const days = (await oldestTasks(measurements, 'unarchived', now, signal)).sort(
      (one, other) => one.start - other.start,
    );
    const [day] = days;
    if (day !== undefined) {
      const due = day.start + MICROS_PER_DAY + Number(env.ARCHIVE_AFTER_HOURS) * MICROS_PER_HOUR;
      counts.archiveLag = Math.max(0, now - due);
    }
    counts.daysKept = await keepOverdueDays(measurements, days, now, signal, (task, error) => {
      counts.failed += 1;
      logger.error('an overdue day could not be kept', { device: task.device, day: task.start, error });
    });
  } catch (error) {
    // The tasks stay: the next call looks again.
    if (!signal.aborted) throw error;
    counts.unfinished += 1;
  }
};

/** Start of the hour that is open longest: those that begin before it are over. */
const openFrom = (now: Micros): Micros => {
  const closed = now - Number(env.COMPACT_AFTER_MINUTES) * MICROS_PER_MINUTE;
  return Math.floor(closed / MICROS_PER_HOUR) * MICROS_PER_HOUR;
};

const compactHours = async (
  counts: Counts,
  devices: DeviceCache,
  budget: TimeBudget,
  now: Micros,
): Promise<boolean> => {
  const dependencies = { measurements, devices, retention };
  return runConcurrently(
    hoursByDay(measurements, openFrom(now), budget.signal),
    WORKERS,
    budget,
    async (tasks) => {
      for (const task of tasks) {
        if (budget.isOver()) {
          counts.unfinished += 1;
          continue;
        }
        counts.waited(now - task.start - MICROS_PER_HOUR);
        try {
          await compactHour(dependencies, counts, task, now, budget.signal);
        } catch (error) {
          // Its task stays: the next call tries again.
          if (budget.signal.aborted) {
            counts.unfinished += 1;
            continue;
          }
          counts.failed += 1;
          logger.error('an hour could not be compacted', { device: task.device, hour: task.start, error });
        }
      }
    },
  );
};

const archiveDays = async (
  counts: Counts,
  devices: DeviceCache,
  budget: TimeBudget,
  now: Micros,
): Promise<boolean> => {
  const due = now - Number(env.ARCHIVE_AFTER_HOURS) * MICROS_PER_HOUR;
  const to = Math.floor(due / MICROS_PER_DAY) * MICROS_PER_DAY;
  const dependencies = { measurements, archive, devices, retention };
  return runConcurrently(
    tasksBefore(measurements, 'unarchived', to, budget.signal),
    DAY_WORKERS,
    budget,
    async (task) => {
      try {
        await archiveQueuedDay(dependencies, counts, task, now, budget.signal);
      } catch (error) {
        // Its task stays: the next call tries again.
        if (budget.signal.aborted) {
          counts.unfinished += 1;
          return;
        }
        counts.daysFailed += 1;
        logger.error('a day could not be archived', { device: task.device, day: task.start, error });
      }
    },
  );
};

/** Below so many chunks an hour nobody looks at open hours: to look costs more than there is to save. */
const LEAST_CHUNKS = 500;

/** Merges what heaps up in open hours. What there is no time for waits: for who reads it, and for the end of the hour. */
const mergeOpenHours = async (
  counts: Counts,
  devices: DeviceCache,
  budget: TimeBudget,
  now: Micros,
): Promise<void> => {
  if (3600 / Number(env.INGEST_WINDOW_SECONDS) < LEAST_CHUNKS) return;
  const dependencies = { measurements, devices, retention };
  // The hour in which the last point may lie, whole.
  const latest = now + LIMITS.futureMicros + MICROS_PER_HOUR;
  const tasks = hoursBetween(measurements, openFrom(now), latest, budget.signal);
  await runConcurrently(tasks, WORKERS, budget, async (task) => {
    try {
      await mergeOpenHour(dependencies, counts, task, now, budget.signal);
    } catch (error) {
      if (budget.signal.aborted) return;
      counts.failed += 1;
      logger.error('an open hour could not be merged', { device: task.device, hour: task.start, error });
    }
  });
};

/** Works off what is queued: first hours, then days, then what heaps up in hours that are open. */
export const run = async (remainingMillis: number): Promise<CompactionReport> => {
  const budget = timeBudget(remainingMillis);
  const counts = new Counts();
  const devices = new DeviceCache(registry);
  try {
    const now = Date.now() * 1000;
    await checkOverdueDays(counts, now, budget.signal);
    const compacted = await compactHours(counts, devices, budget, now);
    const archived = await archiveDays(counts, devices, budget, now);
    await mergeOpenHours(counts, devices, budget, now);
    const { hours, chunks, points, days, unfinished } = counts;
    const failed = counts.failed + counts.daysFailed;
    const done = compacted && archived && failed + unfinished === 0;
    const report = { hours, chunks, points, days, failed, done };
    logger.info('compaction', { report });
    return report;
  } finally {
    budget.clear();
    addCounts(metrics, counts.metrics);
    metrics.addMetric('CompactionLag', MetricUnit.Seconds, counts.lag / 1e6);
    metrics.addMetric('ArchiveLag', MetricUnit.Seconds, counts.archiveLag / 1e6);
    metrics.publishStoredMetrics();
  }
};

/** Runs, unless another call is at work. */
export const handler = async (_event: unknown, context: Context): Promise<CompactionReport> => {
  const remaining = context.getRemainingTimeInMillis();
  const lease = await takeLease(measurements, 'compaction', remaining);
  if (lease === undefined) {
    logger.info('another call is at work');
    return { hours: 0, chunks: 0, points: 0, days: 0, failed: 0, done: false };
  }
  try {
    return await run(remaining);
  } finally {
    // It ends by itself when this call does.
    await lease
      .release()
      .catch((error: unknown) => logger.warn('the lease could not be given back', { error }));
  }
};
