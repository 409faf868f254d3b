/**
 * How many alerts came at a site lately: their identifiers, minute by minute, so that what is counted again is counted once.
 *
 * | access                    | operations                                                       |
 * | ------------------------- | ---------------------------------------------------------------- |
 * | an alert is new           | 1 write       pk `ALERTFLOOD#{site}`, sk `{minute}`               |
 * | those of ten minutes      | Query         the same, sk between                                |
 */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshal } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import { queryPages } from '../dynamodb/query.ts';
import { ITEM_FORMAT, type Registry } from './keys.ts';

const MINUTES = 10;
/** Identifiers that one minute holds at most: with more it is a flood long since. */
const MOST = 500;

const keyOf = (site: string): string => `ALERTFLOOD#${site}`;
const minuteOf = (now: Date): number => Math.floor(now.getTime() / 60_000);
const minuteKey = (minute: number): string => String(minute).padStart(12, '0');

/** Alerts that came at a site within ten minutes. */
export const countRecent = async (registry: Registry, site: string, now: Date): Promise<number> => {
  const minute = minuteOf(now);
  const pages = queryPages(registry.client, registry.table, {
    condition: 'pk = :pk AND sk BETWEEN :low AND :high',
    values: marshal({
      ':pk': keyOf(site),
      ':low': minuteKey(minute - MINUTES + 1),
      ':high': minuteKey(minute),
    }),
    consistent: true,
  });
  const ids = new Set<string>();
  for await (const items of pages)
    for (const item of items) for (const id of item['ids']?.SS ?? []) ids.add(id);
  return ids.size;
};

/** Counts an alert that came. @returns how many came at the site within ten minutes, this one included */
export const countNew = async (registry: Registry, site: string, id: string, now: Date): Promise<number> => {
  const minute = minuteOf(now);
  const update = new UpdateItemCommand({
    TableName: registry.table,
    Key: marshal({ pk: keyOf(site), sk: minuteKey(minute) }),
    UpdateExpression: 'SET #format = :format, expiresAt = :expiresAt ADD ids :one',
    ConditionExpression: 'attribute_not_exists(ids) OR size(ids) < :most',
    ExpressionAttributeNames: { '#format': 'format' },
    ExpressionAttributeValues: {
      ...marshal({ ':format': ITEM_FORMAT, ':most': MOST, ':expiresAt': (minute + 2 * MINUTES) * 60 }),
      ':one': { SS: [id] },
    },
  });
  await isWritten(registry.client.send(update));
  return await countRecent(registry, site, now);
};
