/**
 * Few points that keep the shape of many: of each interval of time the first, the least, the greatest and the last,
 * and of these the ones that span the largest triangles (LTTB: S. Steinarsson, "Downsampling Time Series for Visual
 * Representation", 2013; extremes first as MinMaxLTTB, Van Der Donckt et al., 2023). The least and the greatest of
 * all are always among them.
 */

import type { Value } from '../../contracts/messages/message.ts';
import type { Micros } from '../../contracts/time.ts';
import type { Dated, Summary } from '../summaries/summary.ts';

/** Points of one interval that its shape needs, in order of time, each once. */
export const cornersOf = ({ first, min, max, last }: Summary): Dated[] => {
  const corners = new Map<Micros, Dated>();
  for (const point of [first, min, max, last]) if (point !== undefined) corners.set(point.time, point);
  return [...corners.values()].sort((left, right) => left.time - right.time);
};

const isNumber = (point: Dated<Value>): point is Dated<number> => typeof point.value === 'number';

/** Place of the point that spans the largest triangle with one before and a mean after. */
const largest = (
  points: readonly Dated<number>[],
  from: number,
  to: number,
  before: Dated<number>,
  after: Dated<number>,
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

const meanOf = (points: readonly Dated<number>[], from: number, to: number): Dated<number> => {
  let time = 0;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    time += points[at]?.time ?? 0;
    value += points[at]?.value ?? 0;
  }
  return { time: time / (to - from), value: value / (to - from) };
};

const placeOf = (
  points: readonly Dated<number>[],
  better: (left: number, right: number) => boolean,
): number => {
  let best = 0;
  for (let at = 1; at < points.length; at += 1)
    if (better(points[at]?.value ?? 0, points[best]?.value ?? 0)) best = at;
  return best;
};

/** About so many of these numbers, in order of time: all when there are no more. */
export const largestTriangles = (points: readonly Dated<number>[], count: number): Dated<number>[] => {
  const first = points[0];
  const last = points[points.length - 1];
  if (points.length <= count || first === undefined || last === undefined) return [...points];
  const extremes = [placeOf(points, (l, r) => l < r), placeOf(points, (l, r) => l > r)].sort((l, r) => l - r);
  const chosen = [first];
  const inner = points.length - 2;
  const bound = (bin: number): number => 1 + Math.floor((bin * inner) / (count - 2));
  let before = first;
  for (let bin = 0; bin < count - 2; bin += 1) {
    const [from, to] = [bound(bin), bound(bin + 1)];
    const kept = extremes.filter((place) => place >= from && place < to);
    const next = bin === count - 3 ? last : meanOf(points, to, bound(bin + 2));
    const places = kept.length > 0 ? new Set(kept) : [largest(points, from, to, before, next)];
    for (const place of places) {
      before = points[place] ?? before;
      chosen.push(before);
    }
  }
  chosen.push(last);
  return chosen;
};

/** About so many points that keep the shape; of texts and truth values what each interval begins with. */
export const shapeOf = (corners: readonly Dated[], count: number): Dated[] => {
  if (corners.every(isNumber)) return largestTriangles(corners, count);
  const step = Math.max(1, Math.ceil(corners.length / count));
  return corners.filter((_, at) => at % step === 0);
};
