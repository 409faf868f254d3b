/** Where devices' points and summaries come from: blocks, chunks and rollups of one request. */
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../contracts/time.ts';
import { ahead, early } from '../runtime/ahead.ts';
import type { Source } from '../series/plan.ts';
import type { Kept } from '../series/summary.ts';
import {
  type HourOfPoints,
  type MarkKind,
  type Measurements,
  MinuteReader,
  markPartitionOf,
  readHourSummaries,
  readHours,
  readMarks,
} from '../store/measurements.ts';

/** What will be asked: points of a range, or summaries of a width. */
export interface Soon {
  readonly width?: Micros;
  readonly from: Micros;
  readonly to: Micros;
}

/** What one request asks of devices. */
export interface Asked {
  /** Known beforehand: read at once. */
  readonly soon?: Soon | undefined;
  readonly devices: readonly string[];
  readonly channels: ReadonlySet<string> | undefined;
  /** What is wanted of summaries. */
  readonly kept: Kept;
}

/** Starts of marked hours or days by device. */
type Marked = ReadonlyMap<string, ReadonlySet<Micros>>;

const NONE: ReadonlySet<Micros> = new Set();

/** Reads what is marked of devices in `[from, to)`: each partition that they lie in once, all at the same time. */
const readMarked = async (
  measurements: Measurements,
  kind: MarkKind,
  devices: readonly string[],
  from: Micros,
  to: Micros,
): Promise<Marked> => {
  const width = kind === 'dirty' ? MICROS_PER_HOUR : MICROS_PER_DAY;
  const range = { from, to: Math.ceil(to / width) * width };
  const marked = new Map<string, Set<Micros>>();
  const read = async (partition: number): Promise<void> => {
    for await (const { device, start } of readMarks(measurements, kind, partition, range))
      marked.set(device, (marked.get(device) ?? new Set()).add(start));
  };
  await Promise.all([...new Set(devices.map(markPartitionOf))].map(read));
  return marked;
};

/** Remembers what was asked for already. */
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
 * Sources of one request. Marks of all devices, and summaries of minutes of those that ask at the same time, are read
 * at once.
 * @returns the source of a device
 */
export const sourcesOf = (measurements: Measurements, asked: Asked): ((device: string) => Source) => {
  const { devices, channels, kept, soon } = asked;
  const minutes = new MinuteReader(measurements, { channels, kept });
  const dirtyOf = remembered((from: Micros, to: Micros) =>
    readMarked(measurements, 'dirty', devices, from, to),
  );
  // Who compacts an hour marks its day before the hour is clean: read in this order, one of the marks is seen.
  const unarchivedOf = remembered(async (from: Micros, to: Micros) => {
    await dirtyOf(from, to);
    return await readMarked(measurements, 'unarchived', devices, from, to);
  });
  const hoursOf = (device: string, from: Micros, to: Micros): AsyncGenerator<HourOfPoints> =>
    readHours(measurements, device, { from, to, ...(channels && { channels }) });
  const begun = new Map<string, AsyncGenerator<HourOfPoints>>();
  if (soon?.width !== undefined)
    early((soon.width === MICROS_PER_MINUTE ? unarchivedOf : dirtyOf)(soon.from, soon.to));
  else if (soon !== undefined)
    for (const device of devices)
      begun.set(`${device}/${soon.from}/${soon.to}`, ahead(hoursOf(device, soon.from, soon.to)));
  return (device) => ({
    hours: (from, to) => {
      const key = `${device}/${from}/${to}`;
      const found = begun.get(key);
      begun.delete(key);
      return found ?? hoursOf(device, from, to);
    },
    dirtyHours: async (width, from, to) => {
      const hours = (await dirtyOf(from, to)).get(device) ?? NONE;
      if (width !== MICROS_PER_MINUTE) return hours;
      const days = [...((await unarchivedOf(from, to)).get(device) ?? NONE)];
      const ofDays = days.flatMap((day) =>
        Array.from({ length: 24 }, (_, hour) => day + hour * MICROS_PER_HOUR),
      );
      return new Set([...hours, ...ofDays]);
    },
    async *summaries(width, from, to) {
      const range = { from, to, channels, kept };
      if (width !== MICROS_PER_MINUTE) yield* readHourSummaries(measurements, device, range);
      else {
        const without = (await unarchivedOf(from, to)).get(device) ?? NONE;
        yield* minutes.read(device, from, to, without);
      }
    },
  });
};
