/** What many devices showed at one instant. */
import type { Value } from '../../contracts/payload/message.ts';
import { type Quality, qualityName } from '../../contracts/quality.ts';
import type { SnapshotQuery } from '../../contracts/series.ts';
import {
  type Duration,
  formatTime,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  type Micros,
} from '../../contracts/time.ts';
import { jsonResponse } from '../runtime/http/api.ts';
import { ProblemError } from '../runtime/http/problem.ts';
import { type Measurements, readHours, readLatest } from '../store/measurements.ts';
import { conversionsOf } from './conversions.ts';
import type { Instrument } from './instruments.ts';

interface Shown {
  readonly channel: string;
  readonly time: Micros;
  readonly value: Value;
  readonly quality: Quality;
}

const DAY = MICROS_PER_DAY;
const MOST_DAYS = 31;

const lengthOf = ({ months, days, micros }: Duration): Micros => (months * MOST_DAYS + days) * DAY + micros;

/** Newest points in `[from, to)`, of channels that are still looked for. */
const newestIn = async (
  measurements: Measurements,
  device: string,
  range: { readonly from: Micros; readonly to: Micros; readonly channels: ReadonlySet<string> },
): Promise<Map<string, Shown>> => {
  const newest = new Map<string, Shown>();
  for await (const { columns } of readHours(measurements, device, range)) {
    for (const { channel, time: times, value: values, quality } of columns) {
      const at = times.length - 1;
      const time = times[at];
      const value = values[at];
      if (time !== undefined && value !== undefined)
        newest.set(channel, { channel, time, value, quality: quality?.[at] ?? 0 });
    }
  }
  return newest;
};

/**
 * Of each channel the newest point at or before an instant. Where the newest of all is later, the hours before the
 * instant are looked through, ever more of them.
 */
const shownBy = async (
  measurements: Measurements,
  { id, channels }: Instrument,
  wanted: ReadonlySet<string> | undefined,
  at: Micros,
  earliest: Micros,
): Promise<Shown[]> => {
  const found = new Map<string, Shown>();
  const missing = new Set<string>();
  for (const point of (await readLatest(measurements, id))?.points ?? []) {
    if (wanted?.has(point.channel) === false || !Object.hasOwn(channels, point.channel)) continue;
    if (point.time > at) missing.add(point.channel);
    else if (point.time >= earliest) found.set(point.channel, point);
  }
  let to = at + 1;
  for (let hours = 1; missing.size > 0 && to > earliest; hours *= 4) {
    const from = Math.max(earliest, at - hours * MICROS_PER_HOUR);
    for (const [channel, point] of await newestIn(measurements, id, { from, to, channels: missing })) {
      found.set(channel, point);
      missing.delete(channel);
    }
    to = from;
  }
  return [...found.values()].sort((left, right) => (left.channel < right.channel ? -1 : 1));
};

/**
 * Answers a request for a snapshot of devices that the caller may see.
 * @throws {ProblemError} `invalid-request`
 */
export const snapshotResponse = async (
  measurements: Measurements,
  instruments: readonly Instrument[],
  query: SnapshotQuery,
  now: Micros,
): Promise<Response> => {
  const within = query.within === undefined ? DAY : lengthOf(query.within);
  if (within > MOST_DAYS * DAY)
    throw new ProblemError('invalid-request', {
      errors: [{ pointer: '?within', detail: `a value may be ${MOST_DAYS} days old at most` }],
    });
  const conversions = conversionsOf(instruments, query.unit);
  const wanted = query.channels === undefined ? undefined : new Set(query.channels);
  // Devices whose clocks are ahead show now what they measured a little later.
  const at = query.at ?? now;
  const items = await Promise.all(
    instruments.map(async (instrument) => {
      const shown = await shownBy(measurements, instrument, wanted, at, at - within);
      return shown.map(({ channel, time, value, quality }) => {
        const conversion = conversions.get(channel);
        return {
          d: instrument.id,
          n: channel,
          t: formatTime(time),
          v: conversion !== undefined && typeof value === 'number' ? conversion.value(value) : value,
          u: conversion?.unit ?? instrument.channels[channel]?.unit,
          q: qualityName(quality),
        };
      });
    }),
  );
  return jsonResponse({ at: formatTime(at), items: items.flat(), next: null });
};
