/**
 * Shelves: alerts of a rule and device of which nobody is told until then, those to come included.
 *
 * | access                        | operations                                         |
 * | ----------------------------- | -------------------------------------------------- |
 * | a shelf is put up, taken down | 1 write        pk `ALERTSHELF#{device}`, sk `{type}#{rule}` |
 * | is there one, when one is raised | GetItem     the same                            |
 */
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { type AlertQuiet, alertQuiet } from '../../../contracts/resources/alerts.ts';
import { marshal, unmarshal } from '../dynamodb/attributes.ts';
import { checkFormat, ITEM_FORMAT, type Registry } from './keys.ts';
import { readItem } from './single.ts';

/** What is shelved. */
export interface Shelved {
  readonly type: string;
  readonly rule: string;
  readonly device: string;
}

const keyOf = ({ type, rule, device }: Shelved) => ({ pk: `ALERTSHELF#${device}`, sk: `${type}#${rule}` });

/** Reads the shelf that is up at a time. */
export const readShelf = async (
  registry: Registry,
  shelved: Shelved,
  now: Date,
): Promise<AlertQuiet | undefined> => {
  const { pk, sk } = keyOf(shelved);
  const item = await readItem(registry, pk, sk);
  if (item === undefined) return undefined;
  checkFormat(pk, item['format']?.N);
  const quiet = alertQuiet.strip().parse(unmarshal(item)['quiet']);
  return Date.parse(quiet.until) > now.getTime() ? quiet : undefined;
};

/** Puts up a shelf, in the place of one that is there. */
export const putShelf = async (registry: Registry, shelved: Shelved, quiet: AlertQuiet): Promise<void> => {
  const item = {
    ...keyOf(shelved),
    format: ITEM_FORMAT,
    quiet,
    expiresAt: Math.ceil(Date.parse(quiet.until) / 1000),
  };
  await registry.client.send(new PutItemCommand({ TableName: registry.table, Item: marshal(item) }));
};

/** Takes a shelf down. */
export const removeShelf = async (registry: Registry, shelved: Shelved): Promise<void> => {
  await registry.client.send(
    new DeleteItemCommand({ TableName: registry.table, Key: marshal(keyOf(shelved)) }),
  );
};
