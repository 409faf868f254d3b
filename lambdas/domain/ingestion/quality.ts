/** Quality of a point, judged by what its instrument type says is normal. Never improves what the device says. */

import type { Value } from '../../../contracts/messages/message.ts';
import { GOOD, type Quality, quality, statusOf } from '../../../contracts/quality.ts';
import type { Channel, InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { MICROS_PER_SECOND, type Micros } from '../../../contracts/time.ts';
import { FORGOTTEN, NO_NUMBER } from '../../../series/points/order.ts';

/** What is remembered of a channel: its newest point by measured time, and what the next is judged by. */
export interface Track {
  time: Micros;
  value: Value;
  quality: Quality;
  /** When the platform received it. */
  arrived: Micros;
  /** How many equal values in a row end with it. */
  run: number;
  /** Which message it came with, see `series/points/order.ts`. */
  rank: number;
  number: number;
  /**
   * The newest point that neither jumped nor is bad: jumps are measured from there, so that the return from a
   * spike is no jump and a true step is believed once enough time has passed for it.
   */
  credibleTime: Micros;
  credibleValue: Value | undefined;
}

/** A channel's rules, flat, with bounds that are always there. */
export interface Rules {
  readonly channel: Channel;
  readonly least: number;
  readonly most: number;
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

/** The worse of two; of two equally bad ones the first, which is the device's own word. */
export const worse = (given: Quality, found: Quality): Quality =>
  SEVERITY[statusOf(found)] > SEVERITY[statusOf(given)] ? found : given;

/** What a value by itself says: impossible, outside the specified range, or good. */
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
 * Judges a point newer than all before it, and moves the track to it. Of several faults of one severity the first
 * of out-of-range, jump, stuck is named.
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
 * Of numbers newer than all before them, judges those from the start that are good, and moves the track to the last
 * of these. As {@link judgeNext} would one by one, without making anything of each.
 * @param after no time is at or before this
 * @param until no time is after this
 * @param from place of the first that is judged
 * @returns place of the first that is not; it is left to {@link judgeNext}
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
  // What is imported is read anew each time: not within the loop.
  const second = MICROS_PER_SECOND;
  const least = Math.max(rules.least, rules.low);
  const most = Math.min(rules.most, rules.high);
  let before = after;
  let value = typeof track.value === 'number' ? track.value : Number.NaN;
  let { run, credibleTime } = track;
  // Nothing is far from what is no number.
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

/** What judges the first points of a time: the channel's points before it. */
export type Tracks = ReadonlyMap<string, Readonly<Track>>;

/** Rules by channel. */
export type RulesByChannel = ReadonlyMap<string, Rules>;

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

/** Whether points are judged by their neighbours too. */
export const looksBack = ({ maxRate, stuckAfter }: Rules): boolean =>
  maxRate !== Number.POSITIVE_INFINITY || stuckAfter !== Number.POSITIVE_INFINITY;

/** Points of a channel, with the quality that the device gave. */
export interface GivenPoints {
  readonly time: readonly Micros[];
  readonly value: readonly Value[];
  /** `undefined`: all good. */
  readonly given: readonly Quality[] | undefined;
}

/**
 * Judges points of one channel. What comes out depends on the points alone, not on the order in which they came.
 * @param points in order of time, each once
 * @param before what was remembered of the points before them
 * @returns a quality a point, `undefined` where all are good; and what is to be remembered
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
    const [when = 0, what = 0] = [time[at], value[at]];
    track ??= startTrack(when, what, 0);
    const judged = judgeNext(rules, track, when, what, given?.[at] ?? GOOD, 0);
    if (judged !== GOOD) {
      quality ??= new Array<Quality>(time.length).fill(GOOD);
      quality[at] = judged;
    }
    at += 1;
  }
  return { quality, after: track };
};
