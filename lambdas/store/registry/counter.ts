/** Counts: an item each, which DynamoDB deletes in time. 1 write. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshal } from '../dynamodb/attributes.ts';
import { ITEM_FORMAT, type Registry } from './keys.ts';

/**
 * Counts one more.
 * @param expiresAt when the count may be deleted, in seconds since the epoch
 * @param most what it may reach; absent: any number
 * @returns the count, this one included
 * @throws what DynamoDB says of the condition when it has reached that before: see `isWritten`
 */
export const countOne = async (
  { client, table }: Registry,
  key: { readonly pk: string; readonly sk: string },
  expiresAt: number,
  most?: number,
): Promise<number> => {
  const { Attributes } = await client.send(
    new UpdateItemCommand({
      TableName: table,
      Key: marshal(key),
      UpdateExpression: 'SET #format = :format, expiresAt = :expiry ADD #count :one',
      ...(most === undefined
        ? {}
        : { ConditionExpression: 'attribute_not_exists(#count) OR #count < :most' }),
      ExpressionAttributeNames: { '#count': 'count', '#format': 'format' },
      ExpressionAttributeValues: marshal({
        ':one': 1,
        ':most': most,
        ':format': ITEM_FORMAT,
        ':expiry': expiresAt,
      }),
      ReturnValues: 'UPDATED_NEW',
    }),
  );
  return Number(Attributes?.['count']?.N);
};
