/**
 * Downsampling: few points that keep the shape of many.
 *
 * First the M4 points of each interval of time: first, last, least and greatest (U. Jugel et al., "M4: A
 * Visualization-Oriented Time Series Data Aggregation", VLDB 2014). Of these, the ones that span the largest triangles
 * (LTTB: S. Steinarsson, "Downsampling Time Series for Visual Representation", 2013), as MinMaxLTTB does (J. Van Der
 * Donckt et al., 2023). The least and the greatest of all are always among them.
 */
import type { Value } from '../../contracts/messages/message.ts';
import type { Micros } from '../../contracts/time.ts';
import type { Kept } from '../summaries/kept.ts';
import type { Summary, TimedValue } from '../summaries/summary.ts';

/** Parts of a summary that M4 points are made of. */
export const KEEP_M4: Kept = {
  ends: true,
  extremes: true,
  sum: false,
  squares: false,
  area: false,
  sketch: false,
};

/** First, least, greatest and last point of an interval, in order of time, each once. */
export const m4Of = ({ first, min, max, last }: Summary): TimedValue[] => {
  const points = new Map<Micros, TimedValue>();
  for (const point of [first, min, max, last]) if (point !== undefined) points.set(point.time, point);
  return [...points.values()].sort((left, right) => left.time - right.time);
};

const isNumber = (point: TimedValue<Value>): point is TimedValue<number> => typeof point.value === 'number';

/** Index of the point that spans the largest triangle with the one chosen before and the mean of those after. */
const largestTriangle = (
  points: readonly TimedValue<number>[],
  from: number,
  to: number,
  before: TimedValue<number>,
  after: TimedValue<number>,
): number => {
  let best = from;
  let greatest = -1;
  for (let at = from; at < to; at += 1) {
    const point = points[at] ?? before;
    const area = Math.abs(
      (before.time - after.time) * (point.value - before.value) -
        (before.time - point.time) * (after.value - before.value),
    );
    if (area > greatest) {
      greatest = area;
      best = at;
    }
  }
  return best;
};

const meanOf = (points: readonly TimedValue<number>[], from: number, to: number): TimedValue<number> => {
  let time = 0;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    time += points[at]?.time ?? 0;
    value += points[at]?.value ?? 0;
  }
  return { time: time / (to - from), value: value / (to - from) };
};

const indexOfBest = (
  points: readonly TimedValue<number>[],
  better: (left: number, right: number) => boolean,
): number => {
  let best = 0;
  for (let at = 1; at < points.length; at += 1)
    if (better(points[at]?.value ?? 0, points[best]?.value ?? 0)) best = at;
  return best;
};

/** Chooses about so many points by LTTB, in order of time; all when there are no more. */
const lttb = (points: readonly TimedValue<number>[], count: number): TimedValue<number>[] => {
  const first = points[0];
  const last = points[points.length - 1];
  if (points.length <= count || first === undefined || last === undefined) return [...points];
  const extremes = [indexOfBest(points, (l, r) => l < r), indexOfBest(points, (l, r) => l > r)].sort(
    (l, r) => l - r,
  );
  const chosen = [first];
  const inner = points.length - 2;
  const bound = (bin: number): number => 1 + Math.floor((bin * inner) / (count - 2));
  let before = first;
  for (let bin = 0; bin < count - 2; bin += 1) {
    const [from, to] = [bound(bin), bound(bin + 1)];
    const kept = extremes.filter((index) => index >= from && index < to);
    const next = bin === count - 3 ? last : meanOf(points, to, bound(bin + 2));
    const indexes = kept.length > 0 ? new Set(kept) : [largestTriangle(points, from, to, before, next)];
    for (const index of indexes) {
      before = points[index] ?? before;
      chosen.push(before);
    }
  }
  chosen.push(last);
  return chosen;
};

/**
 * Chooses about so many points that keep the shape. Of texts and truth values every n-th.
 * @param points M4 points of all intervals, in order of time
 */
export const downsample = (points: readonly TimedValue[], count: number): TimedValue[] => {
  if (points.every(isNumber)) return lttb(points, count);
  const step = Math.max(1, Math.ceil(points.length / count));
  return points.filter((_, at) => at % step === 0);
};
