/** One day of one device into the archive, and into summaries of its minutes. */

import { MICROS_PER_DAY, MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import { ParquetDay } from '../../../series/formats/parquet-archive.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { mergeColumns, sliceColumns } from '../../../series/points/merge.ts';
import { type EncodedColumn, encodeColumn } from '../../../series/summaries/column-codec.ts';
import { type KindOf, minutesOf, minutesOfDay } from '../../../series/summaries/rollup.ts';
import {
  type Archive,
  type ArchivedDay,
  archiveDay,
  archiveKey,
  type DayFile,
  readArchivedDay,
  readArchivedDays,
} from '../../store/archive/days.ts';
import {
  completeTask,
  type DayAccounts,
  type HourItems,
  hourKey,
  JudgedHours,
  type Measurements,
  postponeExpiry,
  readDayAccounts,
  readDirtyHours,
  readHourItems,
  type Task,
  toTaskItem,
  writeAll,
  writeDayAccounts,
  writeMinutes,
} from '../../store/measurements/index.ts';
import type { Counts } from './counts.ts';
import type { CompactedDevice, DeviceCache } from './device-cache.ts';
import { periodOf, type Retention, rollupsUntil } from './retention.ts';

export interface DayDependencies {
  readonly measurements: Measurements;
  readonly archive: Archive;
  readonly devices: DeviceCache;
  readonly retention: Retention;
}

/** Points that are held at a time: more are gone through channel by channel. */
const MAX_POINTS = 2_000_000;

/** Names of a day's channels in groups that come to few enough points each. */
const groupsOf = (hours: readonly HourItems[], archived: ArchivedDay | undefined): string[][] => {
  const names = new Set<string>();
  let points = archived?.points ?? 0;
  for (const { head, chunks } of hours) {
    for (const channel of head?.channels ?? []) names.add(channel);
    points += head?.points ?? 0;
    for (const { item } of chunks) {
      for (const channel of item['ch']?.S?.split(',') ?? []) names.add(channel);
      points += Number(item['n']?.N ?? 0);
    }
  }
  const sorted = [...names].sort();
  const size = Math.max(1, Math.ceil(sorted.length / Math.ceil(points / MAX_POINTS)));
  return Array.from({ length: Math.ceil(sorted.length / size) }, (_, at) =>
    sorted.slice(at * size, (at + 1) * size),
  );
};

/** What is made of a day. */
interface MadeOfDay {
  readonly hours: readonly HourItems[];
  readonly file: Omit<DayFile, 'site' | 'hotUntil' | 'until' | 'replaces'>;
  /** Summaries of its minutes, by channel. */
  readonly minutes: readonly EncodedColumn[];
}

/** The file of a day: what was archived before, and then what the table holds, the later wins. */
const fileOf = async (
  { measurements, archive }: DayDependencies,
  device: string,
  day: Micros,
  archived: ArchivedDay | undefined,
  { kinds, rules }: CompactedDevice,
  signal: AbortSignal,
): Promise<MadeOfDay> => {
  const kindOf: KindOf = (channel) => kinds.get(channel);
  const hours: HourItems[] = [];
  for (let hour = day; hour < day + MICROS_PER_DAY; hour += MICROS_PER_HOUR)
    hours.push(await readHourItems(measurements, device, hour, signal));
  const cold = archived === undefined ? [] : await readArchivedDay(archive.get, archived, undefined, signal);
  const groups = groupsOf(hours, archived);
  const known = new Set(groups.flat());
  const only = cold.map(({ channel }) => channel).filter((channel) => !known.has(channel));
  if (only.length > 0) groups.push(only);
  const parquet = new ParquetDay();
  const minutes: EncodedColumn[] = [];
  const channels: Record<string, DayFile['channels'][string]> = {};
  for (const group of groups) {
    const wanted = new Set(group);
    const pieces: (readonly SeriesColumn[])[] = [cold.filter(({ channel }) => wanted.has(channel))];
    const judged = new JudgedHours(measurements, device, rules, wanted, signal);
    for (const items of hours) pieces.push(await judged.of(items));
    const columns = sliceColumns(mergeColumns(pieces), day, day + MICROS_PER_DAY);
    parquet.add(columns);
    for (const column of columns)
      minutes.push(encodeColumn(minutesOfDay(day), minutesOf(column, day, kindOf)));
    for (const { channel, time } of columns)
      channels[channel] = { points: time.length, first: time[0] ?? day, last: time.at(-1) ?? day };
  }
  const blocks = Object.fromEntries(
    hours.flatMap(({ hour, head }) => (head === undefined ? [] : [[hourKey(hour), head.version]])),
  );
  const before = archived?.version ?? 0;
  return { hours, minutes, file: { device, day, parquet: parquet.finish(), channels, blocks, before } };
};

/** Accounts of a day's hours: as blocks tell them, and of hours whose blocks are gone as they were archived. */
const accountsOf = (hours: readonly HourItems[], archived: DayAccounts): DayAccounts =>
  new Map([
    ...archived,
    ...hours.flatMap(({ hour, head }) => (head === undefined ? [] : [[hour, head] as const])),
  ]);

/** Whoever reads a day now has not heard of its file: the blocks stay so much longer at least. */
const GRACE = MICROS_PER_DAY;

/**
 * Sees to it that the blocks of a day stay for a while.
 * @param usual up to when they stay where that time has to be moved
 * @returns until when all of them stay
 */
const keepHours = async (
  measurements: Measurements,
  device: string,
  hours: readonly HourItems[],
  now: Micros,
  usual: Micros,
  signal: AbortSignal,
): Promise<Micros> => {
  let until = usual;
  for (const items of hours) {
    const { head } = items;
    if (head === undefined) continue;
    if (head.expires !== undefined && head.expires >= now + GRACE) until = Math.min(until, head.expires);
    else await postponeExpiry(measurements, device, items, usual, signal);
  }
  return until;
};

/**
 * Archives a day, unless one of its hours is still to be compacted. May be called again at any time, and by several
 * at once: the task is removed last, and a call that finds that another has archived the day meanwhile queues it again.
 * @param now microseconds
 */
export const archiveQueuedDay = async (
  dependencies: DayDependencies,
  counts: Counts,
  task: Task,
  now: Micros,
  signal: AbortSignal,
): Promise<void> => {
  const { measurements, archive, devices, retention } = dependencies;
  const { device, start: day } = task;
  const dirty = await readDirtyHours(measurements, device, day, day + MICROS_PER_DAY, signal);
  if (dirty.size > 0) {
    counts.daysWaiting += 1;
    return;
  }
  const known = await devices.of(device, signal);
  if (known === undefined) throw new Error(`${device} is not registered`);
  const { site } = known;
  const replaces = await archive.tag(archiveKey({ site, day, device }), signal);
  const [archived] = await Array.fromAsync(readArchivedDays(measurements, device, day, day + 1, signal));
  const { hours, file, minutes } = await fileOf(dependencies, device, day, archived, known, signal);
  const period = periodOf(retention, site);
  const { hotDays, archiveDays } = period;
  const ends = day + MICROS_PER_DAY;
  const accounts = accountsOf(hours, await readDayAccounts(measurements, device, day, ends, signal));
  const usual = Math.max(ends + hotDays * MICROS_PER_DAY, now + GRACE);
  const kept = await keepHours(measurements, device, hours, now, usual, signal);
  // Blocks that are gone since the day was archived before do not come back.
  const hotUntil = Math.min(kept, archived?.hotUntil ?? kept);
  const until = archiveDays === null ? undefined : Math.max(ends + archiveDays * MICROS_PER_DAY, hotUntil);
  const version = file.before + 1;
  if (!(await archiveDay(measurements, archive, { ...file, site, replaces, hotUntil, until }, now, signal))) {
    await writeAll(measurements, [toTaskItem('unarchived', device, day)], [], { signal });
    counts.daysRaced += 1;
    return;
  }
  // Only now: of two that archive the same version, the one that was first knows what the file holds.
  await writeDayAccounts(measurements, device, day, { version, hours: accounts, until }, signal);
  const rollup = { device, range: minutesOfDay(day), columns: minutes };
  const keeping = { until: rollupsUntil(day, period), patience: { signal } };
  // Another has summarized what is newer; or else the task stays, and the day comes again as a newer one.
  if (!(await writeMinutes(measurements, rollup, version, keeping))) {
    counts.daysRaced += 1;
    return;
  }
  counts.days += 1;
  counts.archivedBytes += file.parquet.length;
  await completeTask(measurements, task);
};
