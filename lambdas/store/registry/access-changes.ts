/**
 * When rights of a person were last taken away: tokens of before then open no live connection. 1 write a change, 1 read
 * a connection. Cognito could be asked as well, but takes no more than some hundred such questions a second.
 */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshal } from '../dynamodb/attributes.ts';
import { accessKey, ITEM_FORMAT, META, type Registry } from './keys.ts';
import { readItem } from './single.ts';

/** Longer than any token of a person lives: Cognito gives none for more than a day. */
const KEPT_SECONDS = 2 * 86_400;

/** Notes that rights of a person were taken away just now. */
export const noteAccessChange = async (
  { client, table }: Registry,
  subject: string,
  now: Date,
): Promise<void> => {
  const changedAt = Math.floor(now.getTime() / 1000);
  const item = { pk: accessKey(subject), sk: META, format: ITEM_FORMAT, changedAt };
  await client.send(
    new PutItemCommand({ TableName: table, Item: marshal({ ...item, expiresAt: changedAt + KEPT_SECONDS }) }),
  );
};

/** When that was, in seconds since the epoch; `undefined`: not while a token of before then could be good. */
export const readAccessChange = async (registry: Registry, subject: string): Promise<number | undefined> => {
  const item = await readItem(registry, accessKey(subject), META);
  return item === undefined ? undefined : Number(item['changedAt']?.N);
};
