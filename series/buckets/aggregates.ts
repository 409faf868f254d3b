/** Aggregates by name: what each takes to be kept, and what it says. */

import type { Value } from '../../contracts/messages/message.ts';
import { type Aggregate, quantileOf } from '../../contracts/resources/series.ts';
import type { Kept, Summary } from '../summaries/summary.ts';

type Named = Exclude<Aggregate, `p${string}`>;

const OF: Readonly<Record<Named, (summary: Summary) => Value | null>> = {
  count: ({ count }) => count,
  min: ({ min }) => min?.value ?? null,
  max: ({ max }) => max?.value ?? null,
  mean: ({ mean }) => mean,
  twmean: ({ timeWeightedMean }) => timeWeightedMean,
  first: ({ first }) => first?.value ?? null,
  last: ({ last }) => last?.value ?? null,
  sum: ({ total }) => total,
  stddev: ({ stddev }) => stddev,
  range: ({ range }) => range,
  delta: ({ delta }) => delta,
  rate: ({ rate }) => rate,
};

/** What aggregates need to be kept, of points that are read. */
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

/** Whether a quantile is among aggregates. */
export const asksQuantile = (aggregates: readonly Aggregate[]): boolean =>
  aggregates.some((name) => quantileOf(name) !== undefined);

/**
 * A quantile of values themselves, between neighbours along a straight line (type 7 of Hyndman and Fan, 1996, as
 * numpy and SQL's PERCENTILE_CONT have it).
 * @param sorted ascending
 */
export const quantile = (sorted: Float64Array, share: number): number | null => {
  const rank = share * (sorted.length - 1);
  const below = sorted[Math.floor(rank)];
  const above = sorted[Math.ceil(rank)];
  if (below === undefined || above === undefined) return null;
  const part = rank - Math.floor(rank);
  return part === 0 ? below : below * (1 - part) + above * part;
};

/** Says what an aggregate is, given the numbers themselves, ascending, where quantiles are to be exact. */
export type AggregateReader = (summary: Summary, sorted: Float64Array | undefined) => Value | null;

/** What says an aggregate. */
export const readerOf = (name: Aggregate): AggregateReader => {
  const share = quantileOf(name);
  if (share === undefined) return OF[name as Named];
  return (summary, sorted) => (sorted === undefined ? summary.quantile(share) : quantile(sorted, share));
};
