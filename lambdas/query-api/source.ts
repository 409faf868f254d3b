/** Where devices' points and summaries come from: blocks, chunks and rollups of one request. */
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../contracts/time.ts';
import type { Source } from '../series/plan.ts';
import type { Kept } from '../series/summary.ts';
import {
  type Measurements,
  markPartitionOf,
  readHours,
  readMarks,
  readRollups,
} from '../store/measurements.ts';

/** What one request asks of devices. */
export interface Asked {
  readonly channels: ReadonlySet<string> | undefined;
  /** Sums of summaries that are wanted. */
  readonly kept: Kept;
}

/** Hours by device that summaries may not tell all of. */
type Dirty = ReadonlyMap<string, ReadonlySet<Micros>>;

const NONE: ReadonlySet<Micros> = new Set();

/**
 * Sources of one request. Marks of several devices lie in one place and are read once.
 * @returns the source of a device
 */
export const sourcesOf = (measurements: Measurements, asked: Asked): ((device: string) => Source) => {
  const marks = new Map<string, Promise<Dirty>>();
  const dirtyOf = async (partition: number, from: Micros, to: Micros): Promise<Dirty> => {
    const dirty = new Map<string, Set<Micros>>();
    for await (const { device, start } of readMarks(measurements, 'dirty', partition, { from, to })) {
      const hours = dirty.get(device) ?? new Set();
      dirty.set(device, hours.add(start));
    }
    return dirty;
  };
  const { channels, kept } = asked;
  return (device) => ({
    hours: (from, to) => readHours(measurements, device, { from, to, ...(channels && { channels }) }),
    dirtyHours: async (from, to) => {
      const partition = markPartitionOf(device);
      const key = `${partition} ${from} ${to}`;
      const dirty = marks.get(key) ?? dirtyOf(partition, from, to);
      marks.set(key, dirty);
      return (await dirty).get(device) ?? NONE;
    },
    summaries: (width, from, to) =>
      readRollups(measurements, device, width === MICROS_PER_MINUTE ? width : MICROS_PER_HOUR, {
        from,
        to,
        kept,
        ...(channels && { channels }),
      }),
  });
};
