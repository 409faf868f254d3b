/** Instrument types in the registry. */
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { InstrumentType } from '../../../contracts/instrument-types.ts';
import { marshal } from '../attributes.ts';
import { conditionally } from '../conditions.ts';
import { readPage } from '../query.ts';
import { typeFromItem, typeToItem } from './items.ts';
import { LISTING_INDEX, META, type Registry, typeKey } from './keys.ts';

/** Reads an instrument type as it is now. */
export const readType = async (registry: Registry, id: string): Promise<InstrumentType | undefined> => {
  const { Item: item } = await registry.client.send(
    new GetItemCommand({
      TableName: registry.table,
      Key: marshal({ pk: typeKey(id), sk: META }),
      ConsistentRead: true,
    }),
  );
  return item === undefined ? undefined : typeFromItem(item);
};

/**
 * Writes an instrument type that is not there yet.
 * @throws {ConditionFailed} when it is there
 */
export const createType = async (registry: Registry, type: InstrumentType): Promise<void> => {
  await conditionally(
    registry.client.send(
      new PutItemCommand({
        TableName: registry.table,
        Item: typeToItem(type),
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    ),
  );
};

/**
 * Writes an instrument type over the version that it was made from.
 * @param type with a version one above that in the table
 * @throws {ConditionFailed} when the table holds another version
 */
export const replaceType = async (registry: Registry, type: InstrumentType): Promise<void> => {
  await conditionally(
    registry.client.send(
      new PutItemCommand({
        TableName: registry.table,
        Item: typeToItem(type),
        ConditionExpression: '#version = :before',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: marshal({ ':before': type.version - 1 }),
      }),
    ),
  );
};

/**
 * One Query over instrument types by identifier.
 * @param after an identifier, excluded
 * @param limit items at most
 */
export const listTypes = async (
  registry: Registry,
  after: string | undefined,
  limit: number,
): Promise<{ readonly types: readonly InstrumentType[]; readonly seen: string | undefined }> => {
  const { items, next } = await readPage(registry.client, registry.table, {
    index: LISTING_INDEX,
    condition: after === undefined ? 'kind = :kind' : 'kind = :kind AND listKey > :after',
    values: marshal({ ':kind': 'TYPE', ':after': after }),
    consistent: false,
    limit,
  });
  return { types: items.map(typeFromItem), seen: next?.['listKey']?.S };
};
