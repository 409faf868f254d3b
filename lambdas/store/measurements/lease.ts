/**
 * A lease: what one run at a time may do. It ends by itself, so that a run that dies holds nobody up for longer than
 * it could have lived.
 */
import { randomUUID } from 'node:crypto';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import type { Measurements } from './keys.ts';

export interface Lease {
  /** Gives it back before its time; one that somebody else holds by now stays as it is. */
  release(): Promise<void>;
}

const keyOf = (name: string): Item => ({ pk: { S: `lease#${name}` }, sk: { S: 'lease' } });
const NAMES = { '#holder': 'holder', '#until': 'until' };

/**
 * Takes a lease.
 * @param millis after which it ends: no less than the holder can live
 * @returns `undefined` when somebody else has it
 */
export const takeLease = async (
  { client, table: TableName }: Measurements,
  name: string,
  millis: number,
): Promise<Lease | undefined> => {
  const holder = { S: randomUUID() };
  const now = Date.now();
  const change = { TableName, Key: keyOf(name), ExpressionAttributeNames: NAMES };
  const taken = client.send(
    new UpdateItemCommand({
      ...change,
      UpdateExpression: 'SET #holder = :holder, #until = :until',
      // Its own, where the answer to the first try was lost.
      ConditionExpression: 'attribute_not_exists(#until) OR #until <= :now OR #holder = :holder',
      ExpressionAttributeValues: {
        ':holder': holder,
        ':until': { N: String(now + millis) },
        ':now': { N: String(now) },
      },
    }),
  );
  if (!(await isWritten(taken))) return undefined;
  return {
    release: async () => {
      const given = client.send(
        new UpdateItemCommand({
          ...change,
          UpdateExpression: 'SET #until = :now',
          ConditionExpression: '#holder = :holder',
          ExpressionAttributeValues: { ':holder': holder, ':now': { N: '0' } },
        }),
      );
      await isWritten(given);
    },
  };
};
