/** Instrument types in the registry. */
import { LISTING_INDEX } from '../../../contracts/deployment/indexes.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { marshal } from '../dynamodb/attributes.ts';
import { readPage } from '../dynamodb/query.ts';
import { typeFromItem, typeToItem } from './items.ts';
import { META, type Registry, typeKey } from './keys.ts';
import { createItem, readItem, replaceItem } from './single.ts';

/** Reads an instrument type as it is now. */
export const readType = async (registry: Registry, id: string): Promise<InstrumentType | undefined> => {
  const item = await readItem(registry, typeKey(id), META);
  return item === undefined ? undefined : typeFromItem(item);
};

/**
 * Writes an instrument type that is not there yet.
 * @throws {ConditionFailed} when it is there
 */
export const createType = async (registry: Registry, type: InstrumentType): Promise<void> => {
  await createItem(registry, typeToItem(type));
};

/**
 * Writes an instrument type over the version that it was made from.
 * @param type with a version one above that in the table
 * @throws {ConditionFailed} when the table holds another version
 */
export const replaceType = async (registry: Registry, type: InstrumentType): Promise<void> => {
  await replaceItem(registry, typeToItem(type), type.version - 1);
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
    index: LISTING_INDEX.name,
    condition: after === undefined ? 'kind = :kind' : 'kind = :kind AND listKey > :after',
    values: marshal({ ':kind': 'TYPE', ':after': after }),
    consistent: false,
    limit,
  });
  return { types: items.map(typeFromItem), seen: next?.['listKey']?.S };
};
