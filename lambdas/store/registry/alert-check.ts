/** When devices were last looked at for silence. 1 read and 1 write a check: pk `ALERTCHECK`, sk `META`. */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Micros } from '../../../contracts/time.ts';
import { marshal } from '../dynamodb/attributes.ts';
import { checkFormat, ITEM_FORMAT, META, type Registry } from './keys.ts';
import { readItem } from './single.ts';

const PK = 'ALERTCHECK';

/** A check, and since when there were checks without a pause. */
export interface Check {
  readonly now: Micros;
  readonly countsFrom: Micros;
}

/** Reads the last check. */
export const readCheck = async (registry: Registry): Promise<Check | undefined> => {
  const item = await readItem(registry, PK, META);
  if (item === undefined) return undefined;
  checkFormat(PK, item['format']?.N);
  return { now: Number(item['now']?.N), countsFrom: Number(item['countsFrom']?.N) };
};

/** Notes a check. */
export const noteCheck = async (registry: Registry, { now, countsFrom }: Check): Promise<void> => {
  const item = { pk: PK, sk: META, format: ITEM_FORMAT, now, countsFrom };
  await registry.client.send(new PutItemCommand({ TableName: registry.table, Item: marshal(item) }));
};
