/** Where a device's points come from, and what reading them took. */
import type { Micros } from '../../contracts/time.ts';
import type { Source } from '../series/plan.ts';
import { type Measurements, readHours } from '../store/measurements.ts';

/** Reads one device. */
export const sourceOf = (
  measurements: Measurements,
  device: string,
  channels: ReadonlySet<string> | undefined,
): Source => ({
  hours: (from: Micros, to: Micros) =>
    readHours(measurements, device, { from, to, ...(channels === undefined ? {} : { channels }) }),
  dirtyHours: async () => new Set<Micros>(),
  async *summaries() {
    // None are stored yet.
  },
});
