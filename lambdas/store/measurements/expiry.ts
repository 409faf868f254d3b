/**
 * When items expire: DynamoDB deletes them some time after the second in their attribute `expiresAt`, free of charge.
 *
 * A block is written with its end, because to set it later costs as much as to write the block again. It is that of
 * the settings at that time: who changes them changes what is written from then on. Nothing may go before its day is
 * in the archive; for a day that is not there in time `postponeExpiry` moves the end, see compaction/overdue.ts.
 */
import type { Micros } from '../../../contracts/time.ts';
import type { Item } from '../dynamodb/attributes.ts';

/** The attribute's value: the first whole second that is not before a time. */
export const secondOf = (time: Micros): { N: string } => ({ N: String(Math.ceil(time / 1e6)) });

/** When an item may go; `undefined`: never. */
export const expiryOf = (item: Item): Micros | undefined => {
  const { N: second } = item['expiresAt'] ?? {};
  return second === undefined ? undefined : Number(second) * 1e6;
};

/** Whether an item counts as gone: DynamoDB takes its time to delete what has expired. */
export const isExpired = (item: Item): boolean => {
  const expires = expiryOf(item);
  return expires !== undefined && expires <= Date.now() * 1000;
};
