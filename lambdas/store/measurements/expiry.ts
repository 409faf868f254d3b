/** When items may go: DynamoDB deletes them some time after the second in their attribute `expiresAt`. */
import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Micros } from '../../../contracts/time.ts';
import type { Item } from '../attributes.ts';
import type { HourItems } from './hour-items.ts';
import { headKey, type Measurements } from './keys.ts';

const seconds = (time: Micros): { N: string } => ({ N: String(Math.ceil(time / 1e6)) });

/**
 * Lets the block of an hour go at a time. One that was replaced meanwhile stays.
 * @param block as it was when all of it became durable elsewhere
 */
export const expireBlock = async (
  { client, table }: Measurements,
  device: string,
  { hour, head, parts }: HourItems,
  at: Micros,
  signal: AbortSignal,
): Promise<void> => {
  if (head === undefined) return;
  const keys: Item[] = [
    { pk: { S: device }, sk: { S: headKey(hour) } },
    ...parts.map(({ pk = { S: device }, sk = { S: '' } }) => ({ pk, sk })),
  ];
  for (const [place, Key] of keys.entries()) {
    const isHead = place === 0;
    try {
      await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key,
          UpdateExpression: 'SET expiresAt = :at',
          // Keys of parts name their version.
          ConditionExpression: isHead ? 'g = :tag' : 'attribute_exists(pk)',
          ExpressionAttributeValues: { ':at': seconds(at), ...(isHead ? { ':tag': { S: head.tag } } : {}) },
        }),
        { abortSignal: signal },
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return;
    }
  }
};
