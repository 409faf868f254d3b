/**
 * When items may go: DynamoDB deletes them some time after the second in their attribute `expiresAt`, for nothing.
 *
 * A block is written with its end, because to set it later costs as much as to write the block again. It is that of
 * the settings at that time: who changes them changes what is written from then on. Nothing may go before its day is
 * in the archive; for a day that is not there in time {@link keepBlock} moves the end, see compaction/overdue.ts.
 */
import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Micros } from '../../../contracts/time.ts';
import type { Item } from '../attributes.ts';
import type { HourItems } from './hour-items.ts';
import { headKey, type Measurements } from './keys.ts';

/** The attribute's value: the first whole second that is not before a time. */
export const secondOf = (time: Micros): { N: string } => ({ N: String(Math.ceil(time / 1e6)) });

/** When an item may go; `undefined`: never. */
export const expiryOf = (item: Item): Micros | undefined => {
  const { N: second } = item['expiresAt'] ?? {};
  return second === undefined ? undefined : Number(second) * 1e6;
};

/**
 * Keeps the block of an hour up to a time. The head goes last: what it says is true of all parts.
 * @param block as it was read; one that was replaced meanwhile stays as it is
 */
export const keepBlock = async (
  { client, table }: Measurements,
  device: string,
  { hour, head, parts }: HourItems,
  until: Micros,
  signal: AbortSignal,
): Promise<void> => {
  if (head === undefined) return;
  const headItem: Item = { pk: { S: device }, sk: { S: headKey(hour) } };
  const partItems = parts.map(({ pk = { S: device }, sk = { S: '' } }): Item => ({ pk, sk }));
  for (const Key of [...partItems, headItem]) {
    const isHead = Key === headItem;
    try {
      await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key,
          UpdateExpression: 'SET expiresAt = :until',
          // Keys of parts name their version.
          ConditionExpression: isHead ? 'g = :tag' : 'attribute_exists(pk)',
          ExpressionAttributeValues: {
            ':until': secondOf(until),
            ...(isHead ? { ':tag': { S: head.tag } } : {}),
          },
        }),
        { abortSignal: signal },
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return;
    }
  }
};
