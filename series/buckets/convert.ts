/** Aggregates in another unit. */
import type { Value } from '../../contracts/messages/message.ts';
import type { Aggregate } from '../../contracts/resources/series.ts';
import type { Conversion } from '../units/conversion.ts';

/** Aggregates that are differences of values: the zero of a scale cancels out. */
const DIFFERENCES: ReadonlySet<Aggregate> = new Set<Aggregate>(['stddev', 'range', 'delta', 'rate']);

/**
 * Converts an aggregate to another unit.
 * @param count of the points that it is made of
 */
export const convertAggregate = (
  name: Aggregate,
  value: Value | null,
  count: number,
  conversion: Conversion,
): Value | null => {
  if (typeof value !== 'number' || name === 'count') return value;
  if (name === 'sum') return conversion.sum(value, count);
  return DIFFERENCES.has(name) ? conversion.difference(value) : conversion.value(value);
};
