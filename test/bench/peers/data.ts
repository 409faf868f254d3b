/**
 * The data that all stores of `query` hold: device 0 measures each second for as long as is asked for, devices 1 to
 * 100 each ten seconds for a day. Times of 1 s ± 20 ms, values a sinusoid of a day with noise at three decimals. Any
 * hour of any device can be made alone, and is the same in every run but for its date: data end with the last day, so
 * that they are as hot as data are that people look at.
 */

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const DEVICES = 100;

/** How long device 0 measured; the others measured on the last of these days. Milliseconds since the epoch. */
export interface Extent {
  readonly start: number;
  readonly end: number;
  readonly days: number;
}

/** So many days, up to the last midnight. */
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

/** Points of a device in the hour that begins `start`. None lies on the border of a second. */
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

/** All hours in order of time, device after device. */
export function* hoursOf(extent: Extent): Generator<Hour> {
  const { end } = extent;
  for (let start = extent.start; start < end; start += HOUR) yield hourOf(extent, 0, start);
  for (let device = 1; device <= DEVICES; device += 1)
    for (let start = end - DAY; start < end; start += HOUR) yield hourOf(extent, device, start);
}

export const pointsOf = ({ days }: Extent): number => (days * DAY) / stepOf(0) + (DEVICES * DAY) / stepOf(1);
