/** One hour of one device: into its block and its rollups, and its task removed. */
import type { Micros } from '../../../contracts/time.ts';
import { hourOf } from '../../../series/summaries/rollup.ts';
import {
  completeTask,
  type HourPlan,
  isWorthMerging,
  type Measurements,
  mergeHour,
  startOfDay,
  type Task,
  toTaskItem,
  writeAll,
  writeHour,
} from '../../store/measurements/index.ts';
import type { Counts } from './counts.ts';
import type { DeviceCache } from './device-cache.ts';
import { blocksUntil, periodOf, type Retention, rollupsUntil } from './retention.ts';

/** Everything around an hour. */
export interface Dependencies {
  readonly measurements: Measurements;
  readonly devices: DeviceCache;
  readonly retention: Retention;
}

/** What is known of a device, and how an hour of it is merged. */
const planOf = async (
  { devices, retention }: Pick<Dependencies, 'devices' | 'retention'>,
  { device, start: hour }: Task,
  now: Micros,
  signal: AbortSignal,
) => {
  const known = await devices.of(device, signal);
  const period = periodOf(retention, known?.site);
  const plan: HourPlan = {
    expires: blocksUntil(hour, now, period),
    accountsExpire: rollupsUntil(hour, period),
    rules: known?.rules,
  };
  return { known, period, plan };
};

/**
 * Merges the chunks of an hour that is still open, where that is worth it. Its task stays, and so whoever reads it goes
 * on to read its points.
 * @param now microseconds
 */
export const mergeOpenHour = async (
  { measurements, devices, retention }: Dependencies,
  counts: Counts,
  task: Task,
  now: Micros,
  signal: AbortSignal,
): Promise<void> => {
  const patience = { signal };
  const { plan } = await planOf({ devices, retention }, task, now, signal);
  const open = { isWorth: isWorthMerging };
  const result = await mergeHour(measurements, task.device, task.start, { ...plan, open }, patience);
  if (typeof result !== 'object') return;
  await writeAll(measurements, [], result.garbage, patience);
  counts.openHours += 1;
};

/**
 * Compacts an hour. May be called again at any time, and by several at once: each step can be repeated, and the task
 * goes last.
 * @param now microseconds
 */
export const compactHour = async (
  { measurements, devices, retention }: Dependencies,
  counts: Counts,
  task: Task,
  now: Micros,
  signal: AbortSignal,
): Promise<void> => {
  const { device, start: hour } = task;
  const patience = { signal };
  const known = await devices.of(device, signal);
  const period = periodOf(retention, known?.site);
  const plan = {
    expires: blocksUntil(hour, now, period),
    accountsExpire: rollupsUntil(hour, period),
    rules: known?.rules,
  };
  const result = await mergeHour(measurements, device, hour, plan, patience);
  if (result === 'raced') {
    counts.raced += 1;
    return;
  }
  if (result === 'waiting' || result === 'early') {
    counts.reopened += 1;
    return;
  }
  if (result !== undefined) {
    const { columns, version } = result;
    const kindOf = (channel: string) => known?.kinds.get(channel);
    const keeping = { until: rollupsUntil(hour, period), patience };
    await writeHour(measurements, device, hourOf(columns, hour, kindOf), version, keeping);
    // The summaries of the day's minutes follow when it is archived, see day.ts.
    const unarchived = toTaskItem('unarchived', device, startOfDay(hour));
    await writeAll(measurements, [unarchived], result.garbage, patience);
    counts.addHour(result);
  }
  if ((result?.waiting ?? 0) > 0 || !(await completeTask(measurements, task))) counts.reopened += 1;
};
