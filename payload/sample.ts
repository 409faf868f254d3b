/** A measurement for trying a device. */
import type { Channel, InstrumentType } from '../contracts/resources/instrument-types.ts';

/** The middle of the range, else of the limits; one of both ends when only that is declared. */
const typical = ({ type, range, limits, values }: Channel): number | boolean | string => {
  if (type === 'boolean') return true;
  if (type === 'string') return values?.[0] ?? 'ready';
  const { min, max } = range ?? limits ?? {};
  const middle = min !== undefined && max !== undefined ? (min + max) / 2 : (min ?? max ?? 1);
  return type === 'integer' ? Math.ceil(middle) : middle;
};

/** @returns the first channel of a type, and a value of good quality for it */
export const sample = ({
  channels,
}: Pick<InstrumentType, 'channels'>): { name: string; value: number | boolean | string } => {
  const [first] = Object.entries(channels);
  if (first === undefined) throw new Error('a type without channels');
  const [name, channel] = first;
  return { name, value: typical(channel) };
};
