/**
 * Sites in the registry. Descriptions are items; which sites have devices is told by the list keys of the devices, so
 * that nothing has to be kept in step.
 *
 * | access                         | operations                                                     |
 * | ------------------------------ | -------------------------------------------------------------- |
 * | a site                         | 1 GetItem, 1 Query of one item where it is not described        |
 * | descriptions, by identifier    | 1 Query of the index a page                                     |
 * | sites where devices are        | 1 Query of one item a site: each jumps over the devices of one  |
 * | whether a site is empty        | Queries over the devices of that site                           |
 */
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { LISTING_INDEX } from '../../../contracts/deployment/indexes.ts';
import { contact, position, type Site, site } from '../../../contracts/resources/sites.ts';
import { type Item, marshal, unmarshal } from '../dynamodb/attributes.ts';
import { conditionally } from '../dynamodb/conditions.ts';
import { queryPages, readPage } from '../dynamodb/query.ts';
import { checkFormat, ITEM_FORMAT, META, type Registry, siteKey } from './keys.ts';
import { createItem, readItem, replaceItem } from './single.ts';

/** Sites as they are read: members that nobody here knows are passed over. */
const storedSite = site
  .extend({ position: position.strip().optional(), contact: contact.strip().optional() })
  .strip();

const fromItem = (item: Item): Site => {
  checkFormat(String(item['pk']?.S), item['format']?.N);
  return storedSite.parse({ ...unmarshal(item), described: true });
};

const toItem = ({ described: _described, ...rest }: Site): Item =>
  marshal({
    ...rest,
    pk: siteKey(rest.id),
    sk: META,
    kind: 'SITE',
    listKey: rest.id,
    format: ITEM_FORMAT,
  });

/** Reads the description of a site as it is now. */
export const readSite = async (registry: Registry, id: string): Promise<Site | undefined> => {
  const item = await readItem(registry, siteKey(id), META);
  return item === undefined ? undefined : fromItem(item);
};

/**
 * Writes a description over the version that it was made from.
 * @param described with a version one above that in the table; 1 where there is none yet
 * @throws {ConditionFailed} when the table holds another version
 */
export const writeSite = async (registry: Registry, described: Site): Promise<void> => {
  const item = toItem(described);
  if (described.version === 1) await createItem(registry, item);
  else await replaceItem(registry, item, described.version - 1);
};

/**
 * Removes a description.
 * @throws {ConditionFailed} when the table holds another version
 */
export const deleteSite = async ({ client, table }: Registry, { id, version }: Site): Promise<void> => {
  const remove = new DeleteItemCommand({
    TableName: table,
    Key: marshal({ pk: siteKey(id), sk: META }),
    ConditionExpression: '#version = :before',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: marshal({ ':before': version }),
  });
  await conditionally(client.send(remove));
};

/**
 * One Query over descriptions by identifier.
 * @param after an identifier, excluded
 * @param limit items at most
 */
export const listDescribed = async (
  { client, table }: Registry,
  after: string,
  limit: number,
): Promise<{ readonly sites: readonly Site[]; readonly seen: string | undefined }> => {
  const { items, next } = await readPage(client, table, {
    index: LISTING_INDEX.name,
    condition: 'kind = :kind AND listKey > :after',
    values: marshal({ ':kind': 'SITE', ':after': after === '' ? '!' : after }),
    consistent: false,
    limit,
  });
  return { sites: items.map(fromItem), seen: next?.['listKey']?.S };
};

const firstDevice = async (
  { client, table }: Registry,
  low: string,
  high: string,
): Promise<string | undefined> => {
  const { items } = await readPage(client, table, {
    index: LISTING_INDEX.name,
    condition: 'kind = :kind AND listKey BETWEEN :low AND :high',
    values: marshal({ ':kind': 'DEVICE', ':low': low, ':high': high }),
    attributes: ['listKey'],
    consistent: false,
    limit: 1,
  });
  return items[0]?.['listKey']?.S;
};

/**
 * The first site after another where a device was ever registered. `$` sorts behind `#` and before all that may stand
 * in an identifier.
 * @param after an identifier, excluded
 */
export const nextSiteOfDevices = async (registry: Registry, after: string): Promise<string | undefined> => {
  const key = await firstDevice(registry, after === '' ? '!' : `${after}$`, '~');
  return key?.slice(0, key.indexOf('#'));
};

/** Whether a device was ever registered at a site. */
export const hasDevices = async (registry: Registry, id: string): Promise<boolean> =>
  (await firstDevice(registry, `${id}#`, `${id}$`)) !== undefined;

/** Whether a device is at a site that is not retired. */
export const hasUnretired = async ({ client, table }: Registry, id: string): Promise<boolean> => {
  const question = {
    index: LISTING_INDEX.name,
    condition: 'kind = :kind AND listKey BETWEEN :low AND :high',
    values: marshal({ ':kind': 'DEVICE', ':low': `${id}#`, ':high': `${id}$`, ':retired': 'retired' }),
    filter: '#state <> :retired',
    names: { '#state': 'state' },
    attributes: ['listKey'],
    consistent: false,
  };
  for await (const items of queryPages(client, table, question)) if (items.length > 0) return true;
  return false;
};
