/** A measurement to try a device with. */
import type { Channel, InstrumentType } from '../../../contracts/resources/instrument-types.ts';

/** Halfway between what an instrument is specified for, or as near to that as is declared. */
const typical = ({ type, range, limits, values }: Channel): number | boolean | string => {
  if (type === 'boolean') return true;
  if (type === 'string') return values?.[0] ?? 'ready';
  const { min, max } = range ?? limits ?? {};
  const middle = min !== undefined && max !== undefined ? (min + max) / 2 : (min ?? max ?? 1);
  return type === 'integer' ? Math.ceil(middle) : middle;
};

/** @returns the first channel of a type, and a value in its unit that the type takes for good */
export const sample = ({ channels }: InstrumentType): { name: string; value: number | boolean | string } => {
  const [first] = Object.entries(channels);
  if (first === undefined) throw new Error('a type without channels');
  const [name, channel] = first;
  return { name, value: typical(channel) };
};
