/**
 * Statistics of a summary. Each is `null` where it cannot be known: no point entered, what it needs is not kept,
 * values are no numbers, or the result is no finite number.
 */
import { MICROS_PER_SECOND } from '../../contracts/time.ts';
import { squaredDeviations } from './exact-sum.ts';
import type { Summary } from './summary.ts';

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Σx */
export const totalOf = ({ sum, count }: Summary): number | null =>
  sum === undefined || count === 0 ? null : finite(sum.value);

/** Arithmetic mean, Σx / n. */
export const meanOf = ({ sum, count }: Summary): number | null =>
  sum === undefined || count === 0 ? null : finite(sum.value / count);

/**
 * Mean over the time from the first to the last point (OPC UA Part 13, TimeAverage, without extrapolation): by the
 * trapezoidal rule for continuous channels, holding each value until the next point for step channels. Of a single
 * point, its value.
 */
export const timeWeightedMeanOf = ({ kind, area, first, last }: Summary): number | null => {
  if (area === undefined || first === undefined || last === undefined) return null;
  if (first.time === last.time) return typeof first.value === 'number' ? first.value : null;
  const duration = last.time - first.time;
  return finite(area.value / (kind === 'continuous' ? 2 * duration : duration));
};

/** Standard deviation of the sample, √((n · Σx² − (Σx)²) / (n · (n − 1))); `null` below two points. */
export const standardDeviationOf = ({ sum, squares, count }: Summary): number | null => {
  if (sum === undefined || squares === undefined || count < 2) return null;
  return finite(Math.sqrt(squaredDeviations(count, sum, squares) / count / (count - 1)));
};

/** Greatest less least. */
export const rangeOf = ({ min, max }: Summary): number | null =>
  min === undefined || max === undefined ? null : finite(max.value - min.value);

/** Last less first. */
export const deltaOf = ({ first, last }: Summary): number | null =>
  typeof first?.value === 'number' && typeof last?.value === 'number'
    ? finite(last.value - first.value)
    : null;

/** Change per second from the first to the last point; `null` for a single one. */
export const rateOf = (summary: Summary): number | null => {
  const { first, last } = summary;
  const delta = deltaOf(summary);
  if (delta === null || first === undefined || last === undefined || first.time === last.time) return null;
  return finite((delta / (last.time - first.time)) * MICROS_PER_SECOND);
};

/**
 * A quantile from the sketch, within its relative error.
 * @param share from 0 to 1
 */
export const quantileOfSketch = ({ sketch, min, max }: Summary, share: number): number | null =>
  sketch === undefined || min === undefined || max === undefined
    ? null
    : sketch.quantile(share, { min: min.value, max: max.value });
