/** One hour of one device: into its block and its rollups, and its task removed. */
import type { Micros } from '../../../contracts/time.ts';
import { hourOf } from '../../../series/summaries/rollup.ts';
import {
  completeTask,
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
  if (result === 'waiting') {
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
