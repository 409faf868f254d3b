/**
 * Quality of a point, judged by what its instrument type says is normal. The judgement may be worse than what the
 * device says, never better.
 */

import type { Value } from '../../../contracts/messages/message.ts';
import { GOOD, type Quality, quality, statusOf } from '../../../contracts/quality.ts';
import type { Channel, InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { MICROS_PER_SECOND, type Micros } from '../../../contracts/time.ts';
import { FORGOTTEN, NO_NUMBER } from '../../../series/points/order.ts';

/** What is remembered of a channel: its newest point by measured time, and what the next point is judged by. */
export interface Track {
  time: Micros;
  value: Value;
  quality: Quality;
  /** When the platform received it. */
  arrived: Micros;
  /** How many equal values in a row there are up to this point. */
  run: number;
  /** Which message the point came with, see `series/points/order.ts`. Whoever takes the message sets them. */
  rank: number;
  number: number;
  /**
   * The newest point that neither jumped nor is bad. Jumps are measured from there: so the return from a spike is no
   * jump, and a true step is believed once enough time has passed for it.
   */
  credibleTime: Micros;
  credibleValue: Value | undefined;
}

/** The rules of a channel. A bound that its type does not set is infinite. */
export interface Rules {
  readonly channel: Channel;
  /** Outside of these limits a value is impossible. */
  readonly least: number;
  readonly most: number;
  /** Outside of this range the instrument is not specified. */
  readonly low: number;
  readonly high: number;
  readonly maxRate: number;
  readonly stuckAfter: number;
}

export const rulesOf = (channel: Channel): Rules => ({
  channel,
  least: channel.limits?.min ?? Number.NEGATIVE_INFINITY,
  most: channel.limits?.max ?? Number.POSITIVE_INFINITY,
  low: channel.range?.min ?? Number.NEGATIVE_INFINITY,
  high: channel.range?.max ?? Number.POSITIVE_INFINITY,
  maxRate: channel.maxRate ?? Number.POSITIVE_INFINITY,
  stuckAfter: channel.stuckAfter ?? Number.POSITIVE_INFINITY,
});

const IMPOSSIBLE = quality('bad/out-of-range');
const OUT_OF_RANGE = quality('uncertain/out-of-range');
const JUMP = quality('uncertain/jump');
const STUCK = quality('uncertain/stuck');

const SEVERITY = { good: 0, uncertain: 1, bad: 2 } as const;

/** The worse of two. Of two that are equally bad it is `given`, which is what the device says. */
export const worse = (given: Quality, found: Quality): Quality =>
  SEVERITY[statusOf(found)] > SEVERITY[statusOf(given)] ? found : given;

/** Judges a value by itself: impossible, outside the specified range, or good. */
export const judgeValue = (rules: Rules, value: Value): Quality => {
  if (typeof value !== 'number') return GOOD;
  if (value < rules.least || value > rules.most) return IMPOSSIBLE;
  return value < rules.low || value > rules.high ? OUT_OF_RANGE : GOOD;
};

const jumps = (rules: Rules, track: Track, time: Micros, value: Value): boolean =>
  rules.maxRate !== Number.POSITIVE_INFINITY &&
  typeof value === 'number' &&
  typeof track.credibleValue === 'number' &&
  Math.abs(value - track.credibleValue) > (rules.maxRate * (time - track.credibleTime)) / MICROS_PER_SECOND;

/** The track of a channel's first point. */
export const startTrack = (time: Micros, value: Value, arrived: Micros): Track => ({
  time,
  value,
  quality: GOOD,
  arrived,
  run: 0,
  rank: FORGOTTEN,
  number: NO_NUMBER,
  credibleTime: time,
  credibleValue: undefined,
});

/**
 * Judges a point that is newer than all before it, and moves the track to it, except for rank and number. If a point is
 * out of range, jumps and is stuck, only the first of these is named.
 * @param given what the device says
 */
export const judgeNext = (
  rules: Rules,
  track: Track,
  time: Micros,
  value: Value,
  given: Quality,
  arrived: Micros,
): Quality => {
  const run = value === track.value ? track.run + 1 : 1;
  let found = judgeValue(rules, value);
  const jumped = jumps(rules, track, time, value);
  if (found === GOOD && jumped) found = JUMP;
  if (found === GOOD && run >= rules.stuckAfter) found = STUCK;
  // The comparisons with GOOD here and below change nothing: they save time for the points that are good.
  const judged = given === GOOD ? found : worse(given, found);
  if (!jumped && (judged === GOOD || statusOf(judged) !== 'bad')) {
    track.credibleTime = time;
    track.credibleValue = value;
  }
  track.time = time;
  track.value = value;
  track.quality = judged;
  track.arrived = arrived;
  track.run = run;
  return judged;
};

/**
 * Judges points as long as they are good numbers, and moves the track to the last of these. The outcome is that of
 * {@link judgeNext} for each of them. One loop over plain variables takes less time.
 * @param after stops at the first time that is not later than this and than all before it
 * @param until stops at the first time after this
 * @param from index of the point to begin with
 * @returns index of the point that it stopped at, which is left to {@link judgeNext}; the number of points if there is
 *   none
 */
export const judgeGood = (
  rules: Rules,
  track: Track,
  times: readonly Micros[],
  values: readonly Value[],
  after: Micros,
  until: Micros,
  arrived: Micros,
  from = 0,
): number => {
  const { maxRate, stuckAfter } = rules;
  // A local constant, because an imported one would be looked up anew for each point.
  const second = MICROS_PER_SECOND;
  const least = Math.max(rules.least, rules.low);
  const most = Math.min(rules.most, rules.high);
  let before = after;
  let value = typeof track.value === 'number' ? track.value : Number.NaN;
  let { run, credibleTime } = track;
  // With NaN the comparison below is never true: without a credible number nothing is a jump.
  let credible = typeof track.credibleValue === 'number' ? track.credibleValue : Number.NaN;
  let count = from;
  for (; count < times.length; count += 1) {
    const time = times[count] ?? 0;
    const next = values[count];
    if (typeof next !== 'number' || !(time > before && time <= until)) break;
    if (next < least || next > most || Math.abs(next - credible) > (maxRate * (time - credibleTime)) / second)
      break;
    const runs = next === value ? run + 1 : 1;
    if (runs >= stuckAfter) break;
    run = runs;
    before = time;
    value = next;
    credibleTime = time;
    credible = next;
  }
  if (count > from) {
    track.time = before;
    track.value = value;
    track.quality = GOOD;
    track.arrived = arrived;
    track.run = run;
    track.credibleTime = credibleTime;
    track.credibleValue = value;
  }
  return count;
};

/** Tracks by channel, as they were before some stretch of time: the first points in it are judged by them. */
export type Tracks = ReadonlyMap<string, Readonly<Track>>;

/** Rules by channel. */
export type RulesByChannel = ReadonlyMap<string, Rules>;

/** The rules are made once for each instrument type in memory. */
const rulesOfChannels = new WeakMap<InstrumentType['channels'], RulesByChannel>();

/** The rules of an instrument type. */
export const rulesOfType = ({ channels }: Pick<InstrumentType, 'channels'>): RulesByChannel => {
  let rules = rulesOfChannels.get(channels);
  if (rules === undefined) {
    rules = new Map(Object.entries(channels).map(([name, channel]) => [name, rulesOf(channel)]));
    rulesOfChannels.set(channels, rules);
  }
  return rules;
};

/** Whether a point is also judged by the points before it. */
export const looksBack = ({ maxRate, stuckAfter }: Rules): boolean =>
  maxRate !== Number.POSITIVE_INFINITY || stuckAfter !== Number.POSITIVE_INFINITY;

/** Points of a channel, with the quality that the device gave them. */
export interface GivenPoints {
  readonly time: readonly Micros[];
  readonly value: readonly Value[];
  /** `undefined`: all good. */
  readonly given: readonly Quality[] | undefined;
}

/**
 * Judges points of one channel. The outcome depends on the points alone, not on the order or time of their arrival: 0
 * stands for when they arrived.
 * @param points in order of time, each once
 * @param before what was remembered of the points before them
 * @returns one quality for each point, `undefined` if all are good; and what is to be remembered
 */
export const judgePoints = (
  rules: Rules,
  before: Readonly<Track> | undefined,
  { time, value, given }: GivenPoints,
): { readonly quality: readonly Quality[] | undefined; readonly after: Track | undefined } => {
  let track = before === undefined ? undefined : { ...before };
  let quality: Quality[] | undefined;
  for (let at = 0; at < time.length; ) {
    if (track !== undefined && given === undefined) {
      const end = judgeGood(rules, track, time, value, track.time, Number.POSITIVE_INFINITY, 0, at);
      if (end > at) {
        at = end;
        continue;
      }
    }
    const [pointTime = 0, pointValue = 0] = [time[at], value[at]];
    track ??= startTrack(pointTime, pointValue, 0);
    const judged = judgeNext(rules, track, pointTime, pointValue, given?.[at] ?? GOOD, 0);
    if (judged !== GOOD) {
      quality ??= new Array<Quality>(time.length).fill(GOOD);
      quality[at] = judged;
    }
    at += 1;
  }
  return { quality, after: track };
};
