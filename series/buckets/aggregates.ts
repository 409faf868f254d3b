/** Aggregates by name: which parts of a summary each needs, and how it is computed. */
import type { Value } from '../../contracts/messages/message.ts';
import { type Aggregate, quantileOf } from '../../contracts/resources/series.ts';
import type { Kept } from '../summaries/kept.ts';
import {
  deltaOf,
  meanOf,
  quantileOfSketch,
  rangeOf,
  rateOf,
  standardDeviationOf,
  timeWeightedMeanOf,
  totalOf,
} from '../summaries/statistics.ts';
import type { Summary } from '../summaries/summary.ts';

type NamedAggregate = Exclude<Aggregate, `p${string}`>;

const NAMED: Readonly<Record<NamedAggregate, (summary: Summary) => Value | null>> = {
  count: ({ count }) => count,
  min: ({ min }) => min?.value ?? null,
  max: ({ max }) => max?.value ?? null,
  mean: meanOf,
  twmean: timeWeightedMeanOf,
  first: ({ first }) => first?.value ?? null,
  last: ({ last }) => last?.value ?? null,
  sum: totalOf,
  stddev: standardDeviationOf,
  range: rangeOf,
  delta: deltaOf,
  rate: rateOf,
};

/** Parts of a summary that aggregates need. @param sketch whether quantiles come from sketches */
export const keptFor = (aggregates: readonly Aggregate[], sketch: boolean): Kept => {
  const any = (...names: readonly Aggregate[]): boolean => aggregates.some((name) => names.includes(name));
  const quantiles = asksQuantile(aggregates);
  return {
    ends: any('first', 'last', 'delta', 'rate', 'twmean'),
    extremes: any('min', 'max', 'range') || (sketch && quantiles),
    sum: any('sum', 'mean', 'stddev'),
    squares: any('stddev'),
    area: any('twmean'),
    sketch: sketch && quantiles,
  };
};

/** Whether a quantile lies within its extremes, which are known exactly. */
export const isWithin = (share: number | undefined): boolean => share !== undefined && share > 0 && share < 1;

/**
 * A number without the digits that its error leaves meaningless: with an error of 1 %, three digits stay.
 * @param error absolute
 */
export const roundedTo = (value: number, error: number): number => {
  if (!(error > 0) || value === 0) return value;
  const place = Math.floor(Math.log10(error));
  const digits = Math.floor(Math.log10(Math.abs(value))) - place + 1;
  return digits < 1 ? 0 : Number(value.toPrecision(Math.min(17, digits)));
};

/** Whether a quantile is among aggregates. */
export const asksQuantile = (aggregates: readonly Aggregate[]): boolean =>
  aggregates.some((name) => quantileOf(name) !== undefined);

/**
 * An exact quantile, linear between neighbours (type 7 of R. Hyndman and Y. Fan, "Sample Quantiles in Statistical
 * Packages", 1996; as numpy and SQL's PERCENTILE_CONT compute it).
 * @param sorted ascending
 * @param share from 0 to 1
 */
export const quantile = (sorted: Float64Array, share: number): number | null => {
  const rank = share * (sorted.length - 1);
  const below = sorted[Math.floor(rank)];
  const above = sorted[Math.ceil(rank)];
  if (below === undefined || above === undefined) return null;
  const part = rank - Math.floor(rank);
  return part === 0 ? below : below * (1 - part) + above * part;
};

/** Computes an aggregate. @param sorted the numbers themselves, ascending, where quantiles are to be exact */
export type AggregateReader = (summary: Summary, sorted: Float64Array | undefined) => Value | null;

/** How an aggregate is computed. */
export const readerOf = (name: Aggregate): AggregateReader => {
  const share = quantileOf(name);
  if (share === undefined) return NAMED[name as NamedAggregate];
  return (summary, sorted) => {
    if (sorted !== undefined) return quantile(sorted, share);
    if (share === 0) return summary.min?.value ?? null;
    return share === 1 ? (summary.max?.value ?? null) : quantileOfSketch(summary, share);
  };
};
