/**
 * Days that should have been archived long ago: the expiry of their blocks is postponed until they are.
 *
 * A block is written to expire after the hot days of its site. When half of the fewest hot days that a setting allows are
 * over and the day is still not in the archive (an hour of it is damaged, the archive refuses, the time never suffices),
 * the expiry of its blocks is postponed by as many days. This comes before all other work; the alarm for late archives
 * has been on for days by then.
 */
import { LIMITS } from '../../../contracts/limits.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import {
  keepTask,
  type Measurements,
  postponeExpiry,
  readHourItems,
  readTasks,
  type Task,
  taskPartitionOf,
} from '../../store/measurements/index.ts';

/** Days of devices that are postponed in one run, so that time is left for other work. */
const MAX_DAYS = 200;

const keepDay = async (
  measurements: Measurements,
  task: Task,
  until: Micros,
  signal: AbortSignal,
): Promise<void> => {
  const { device, start } = task;
  for (let hour = start; hour < start + MICROS_PER_DAY; hour += MICROS_PER_HOUR) {
    const items = await readHourItems(measurements, device, hour, signal);
    const { expires } = items.head ?? {};
    if (expires !== undefined && expires < until)
      await postponeExpiry(measurements, device, items, until, signal);
  }
  await keepTask(measurements, task, until, signal);
};

/**
 * Postpones the expiry of days that are overdue.
 * @param oldest the oldest task of each partition
 * @param failed is told of days that cannot be postponed; they are tried again by the next run
 * @returns how many days of devices were postponed
 */
export const keepOverdueDays = async (
  measurements: Measurements,
  oldest: readonly Task[],
  now: Micros,
  signal: AbortSignal,
  failed: (task: Task, error: unknown) => void,
): Promise<number> => {
  const period = LIMITS.hotDays * MICROS_PER_DAY;
  const to = now - period / 2 - MICROS_PER_DAY;
  let kept = 0;
  for (const { device, start } of oldest) {
    if (start >= to) continue;
    for await (const task of readTasks(measurements, 'unarchived', taskPartitionOf(device), { to }, signal)) {
      if (kept >= MAX_DAYS) return kept;
      if (task.kept !== undefined && task.kept >= now + period / 2) continue;
      try {
        await keepDay(measurements, task, now + period, signal);
        kept += 1;
      } catch (error) {
        if (signal.aborted) throw error;
        failed(task, error);
      }
    }
  }
  return kept;
};
