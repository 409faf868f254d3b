/** One item of the registry: read as it is now, made once, or changed on the version that was read. */
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { type Item, marshal } from '../dynamodb/attributes.ts';
import { ConditionFailed, conditionally, isWritten } from '../dynamodb/conditions.ts';
import type { Registry } from './keys.ts';

/** Reads an item as it is now. */
export const readItem = async (
  { client, table }: Registry,
  pk: string,
  sk: string,
): Promise<Item | undefined> => {
  const get = new GetItemCommand({ TableName: table, Key: marshal({ pk, sk }), ConsistentRead: true });
  return (await client.send(get)).Item;
};

const creation = ({ table }: Registry, item: Item): PutItemCommand =>
  new PutItemCommand({
    TableName: table,
    Item: item,
    ConditionExpression: 'attribute_not_exists(pk)',
  });

/**
 * Writes an item that is not there yet.
 * @throws {ConditionFailed} when it is there
 */
export const createItem = async (registry: Registry, item: Item): Promise<void> => {
  await conditionally(registry.client.send(creation(registry, item)));
};

/** Writes an item unless it is there; one that is stays as it is. */
export const ensureItem = async (registry: Registry, item: Item): Promise<void> => {
  await isWritten(registry.client.send(creation(registry, item)));
};

/**
 * Writes an item over the version that it was made from.
 * @throws {ConditionFailed} when the table holds another version
 */
export const replaceItem = async (
  { client, table }: Registry,
  item: Item,
  version: number,
): Promise<void> => {
  const put = new PutItemCommand({
    TableName: table,
    Item: item,
    ConditionExpression: '#version = :before',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: marshal({ ':before': version }),
  });
  await conditionally(client.send(put));
};

/**
 * Writes what the first who writes it decides.
 * @param write throws {@link ConditionFailed} when somebody was first
 * @param readFirst what is there then
 * @returns what is written: this, or what the first wrote
 */
export const writeOnce = async <T>(
  value: T,
  write: Promise<void>,
  readFirst: () => Promise<T | undefined>,
): Promise<T> => {
  try {
    await write;
    return value;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const first = await readFirst();
    if (first === undefined) throw error;
    return first;
  }
};
