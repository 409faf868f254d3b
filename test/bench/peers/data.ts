/**
 * The data in all stores of `query`. Device 0 measures every second for as long as is asked for, devices 1 to 100 every
 * ten seconds for a day. Times are 1 s ± 20 ms, values a daily sinusoid with noise at three decimals. Each hour of each
 * device is generated from its own seed. Data end at the last midnight, so that labgate has them where it has what
 * people look at: in the hot store.
 */

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const DEVICES = 100;

/** How long device 0 measured; the other devices measured on the last day only. Milliseconds since the epoch. */
export interface Extent {
  readonly start: number;
  readonly end: number;
  readonly days: number;
}

/** The last `days` whole days, in UTC. */
export const extentOf = (days: number): Extent => {
  const end = Math.floor(Date.now() / DAY) * DAY;
  return { start: end - days * DAY, end, days };
};

export interface Hour {
  readonly device: number;
  /** Start of the hour. */
  readonly start: number;
  /** Milliseconds since the epoch. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** A small seeded generator of numbers in [0, 1). */
const randomFrom = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) >>> 0;
  let t = seed;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

export const stepOf = (device: number): number => (device === 0 ? 1000 : 10_000);
export const nameOf = (device: number): string => `sensor-${device}`;

/** Points of a device in the hour that begins at `start`. None lies on a full second. */
export const hourOf = ({ end }: Extent, device: number, start: number): Hour => {
  const random = randomFrom(device * 0x9e3779b1 + (end - start) / HOUR);
  const step = stepOf(device);
  const count = HOUR / step;
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  for (let at = 0; at < count; at += 1) {
    const time = start + at * step;
    times[at] = time + 500 + Math.floor(random() * 41) - 20;
    const wave = 22 + 5 * Math.sin(((time % DAY) / DAY) * 2 * Math.PI + device);
    values[at] = Math.round((wave + random() - 0.5) * 1000) / 1000;
  }
  return { device, start, times, values };
};

/** All hours: device after device, each in order of time. */
export function* hoursOf(extent: Extent): Generator<Hour> {
  const { end } = extent;
  for (let start = extent.start; start < end; start += HOUR) yield hourOf(extent, 0, start);
  for (let device = 1; device <= DEVICES; device += 1)
    for (let start = end - DAY; start < end; start += HOUR) yield hourOf(extent, device, start);
}

export const pointsOf = ({ days }: Extent): number => (days * DAY) / stepOf(0) + (DEVICES * DAY) / stepOf(1);
