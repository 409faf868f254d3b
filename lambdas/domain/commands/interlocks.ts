/** Interlocks: what has to hold of the last values of a device before it is given a command. */
import { statusOf } from '../../../contracts/quality.ts';
import type { Interlock } from '../../../contracts/resources/command-declarations.ts';
import { MICROS_PER_SECOND } from '../../../contracts/time.ts';

/** The newest point of a channel. */
export interface NewestPoint {
  readonly channel: string;
  /** Microseconds since the epoch. */
  readonly time: number;
  readonly value: number | boolean | string;
  readonly quality: number;
}

const faultOf = (
  { channel, min, max, equals, maxAge }: Interlock,
  point: NewestPoint | undefined,
  now: Date,
): string | undefined => {
  if (point === undefined) return `nothing is known of ${channel}`;
  const age = Math.round(now.getTime() / 1000 - point.time / MICROS_PER_SECOND);
  if (age > maxAge) return `the last value of ${channel} is ${age} s old, and may be ${maxAge} s`;
  const status = statusOf(point.quality);
  if (status !== 'good') return `the last value of ${channel} is ${status}`;
  const { value } = point;
  if (equals !== undefined && value !== equals) return `${channel} is ${value}, and has to be ${equals}`;
  if (min !== undefined && !(Number(value) >= min))
    return `${channel} is ${value}, and has to be ${min} at least`;
  if (max !== undefined && !(Number(value) <= max))
    return `${channel} is ${value}, and may be ${max} at most`;
  return undefined;
};

/** What stands against a command, in words; empty when nothing does. */
export const interlockFaults = (
  interlocks: readonly Interlock[],
  points: readonly NewestPoint[],
  now: Date,
): string[] =>
  interlocks.flatMap((interlock) => {
    const point = points.find(({ channel }) => channel === interlock.channel);
    return faultOf(interlock, point, now) ?? [];
  });
