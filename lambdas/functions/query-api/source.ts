/** What one request reads of the store: points, summaries, and which hours and days are still to be compacted. */
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import type { Source } from '../../../series/buckets/plan.ts';
import type { Kept } from '../../../series/summaries/kept.ts';
import { rulesOfType } from '../../domain/ingestion/quality.ts';
import { prefetchPromise, prefetchStream } from '../../runtime/prefetch.ts';
import {
  type HourOfPoints,
  type Measurements,
  MinuteReader,
  readAllTasks,
  readHourSummaries,
  readHours,
  type TaskKind,
  taskPartitionOf,
} from '../../store/measurements/index.ts';
import type { Instrument } from './instruments.ts';

/** What is read for all devices at once, before anybody asks: points of a range, or summaries where there is a width. */
export interface Prefetch {
  readonly width?: Micros;
  readonly from: Micros;
  readonly to: Micros;
}

/** What one request asks of devices. */
export interface Asked {
  readonly prefetch?: Prefetch | undefined;
  readonly instruments: readonly Instrument[];
  readonly channels: ReadonlySet<string> | undefined;
  /** What is wanted of summaries. */
  readonly kept: Kept;
}

/** Starts of hours or days in the work queue, by device. */
type QueuedTask = ReadonlyMap<string, ReadonlySet<Micros>>;

const NONE: ReadonlySet<Micros> = new Set();

/** Reads the work queue of devices in `[from, to)`: each of their partitions once, all at the same time. */
const readQueued = async (
  measurements: Measurements,
  devices: readonly string[],
  from: Micros,
  to: Micros,
): Promise<Readonly<Record<TaskKind, QueuedTask>>> => {
  const queued = { dirty: new Map<string, Set<Micros>>(), unarchived: new Map<string, Set<Micros>>() };
  const read = async (partition: number): Promise<void> => {
    for await (const { kind, device, start } of readAllTasks(measurements, partition, { from, to }))
      queued[kind].set(device, (queued[kind].get(device) ?? new Set()).add(start));
  };
  await Promise.all([...new Set(devices.map(taskPartitionOf))].map(read));
  return queued;
};

/** Remembers answers by their arguments. */
const remembered = <A extends readonly unknown[], T>(ask: (...of: A) => T): ((...of: A) => T) => {
  const known = new Map<string, T>();
  return (...of) => {
    const key = of.join();
    const found = known.get(key) ?? ask(...of);
    known.set(key, found);
    return found;
  };
};

/**
 * Sources of one request. Tasks of all devices, and summaries of minutes of those that ask at the same time, are read
 * at once.
 * @returns the source of a device
 */
export const sourcesOf = (measurements: Measurements, asked: Asked): ((device: string) => Source) => {
  const { instruments, channels, kept, prefetch } = asked;
  const devices = instruments.map(({ id }) => id);
  const rulesOf = new Map(instruments.map((instrument) => [instrument.id, rulesOfType(instrument)]));
  const minutes = new MinuteReader(measurements, { channels, kept });
  const tasksOf = remembered((from: Micros, to: Micros) => readQueued(measurements, devices, from, to));
  const hoursOf = (device: string, from: Micros, to: Micros): AsyncGenerator<HourOfPoints> =>
    readHours(measurements, device, { from, to, rules: rulesOf.get(device), ...(channels && { channels }) });
  const prefetched = new Map<string, AsyncGenerator<HourOfPoints>>();
  if (prefetch?.width !== undefined) prefetchPromise(tasksOf(prefetch.from, prefetch.to));
  else if (prefetch !== undefined)
    for (const device of devices)
      prefetched.set(
        `${device}/${prefetch.from}/${prefetch.to}`,
        prefetchStream(hoursOf(device, prefetch.from, prefetch.to)),
      );
  return (device) => ({
    hours: (from, to) => {
      const key = `${device}/${from}/${to}`;
      const found = prefetched.get(key);
      prefetched.delete(key);
      return found ?? hoursOf(device, from, to);
    },
    dirtyHours: async (width, from, to) => {
      const { dirty, unarchived } = await tasksOf(from, to);
      const hours = dirty.get(device) ?? NONE;
      if (width !== MICROS_PER_MINUTE) return hours;
      const days = [...(unarchived.get(device) ?? NONE)];
      const ofDays = days.flatMap((day) =>
        Array.from({ length: 24 }, (_, hour) => day + hour * MICROS_PER_HOUR),
      );
      return new Set([...hours, ...ofDays]);
    },
    async *summaries(width, from, to) {
      const range = { from, to, channels, kept };
      if (width !== MICROS_PER_MINUTE) yield* readHourSummaries(measurements, device, range);
      else {
        const { unarchived } = await tasksOf(from, to);
        yield* minutes.read(device, from, to, unarchived.get(device) ?? NONE);
      }
    },
  });
};
