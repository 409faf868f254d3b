/** Postpones the time at which DynamoDB deletes a block. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Micros } from '../../../contracts/time.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import { secondOf } from './expiry.ts';
import type { HourItems } from './hour-items.ts';
import { headKey, type Measurements } from './keys.ts';

/**
 * Keeps the block of an hour until a time. The head is changed last: what it says is true of all parts.
 * @param block as it was read; one that was replaced meanwhile stays as it is
 */
export const postponeExpiry = async (
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
    const write = client.send(
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
    if (!(await isWritten(write))) return;
  }
};
