/** Replays of quarantined messages: one item an entry, made once, for good. */
import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { type Item, marshal, unmarshal } from '../dynamodb/attributes.ts';
import { batchGet } from '../dynamodb/batch-get.ts';
import { conditionally, isWritten } from '../dynamodb/conditions.ts';
import { ITEM_FORMAT, META, type Registry, replayKey } from './keys.ts';
import { createItem, writeOnce } from './single.ts';

const replay = z.object({
  /** Who ordered it. */
  by: z.string(),
  at: z.string(),
  /** Of the record that asks for it on the stream; absent: it may not have got there yet. */
  sequence: z.string().optional(),
});
export type Replay = z.infer<typeof replay>;

const itemOf = (id: string, value: Replay): Item =>
  marshal({ pk: replayKey(id), sk: META, format: ITEM_FORMAT, ...value });

/**
 * Reads the replays of entries, as they are now.
 * @param ids each once
 * @returns by identifier of the entry; one that nobody replayed is absent
 * @throws {ItemsUnread} when DynamoDB leaves keys unread after several tries with back-off
 */
export const readReplays = async (
  registry: Registry,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, Replay>> => {
  const keys = ids.map((id): Item => marshal({ pk: replayKey(id), sk: META }));
  const items = await batchGet(registry.client, registry.table, keys, { consistent: true, signal });
  return new Map(
    items.map((item) => [(item['pk']?.S ?? '').slice(replayKey('').length), replay.parse(unmarshal(item))]),
  );
};

const readReplay = async (registry: Registry, id: string): Promise<Replay | undefined> =>
  (await readReplays(registry, [id])).get(id);

/**
 * Orders a replay.
 * @returns the order that counts: this one, or the one that was there before
 */
export const orderReplay = async (registry: Registry, id: string, order: Replay): Promise<Replay> =>
  await writeOnce(order, createItem(registry, itemOf(id, order)), () => readReplay(registry, id));

/**
 * Takes an order for one record of the stream: the one that is noted already, else this one from now on.
 * @param sequence of the record that asks
 * @returns whether it is this record that counts; of no order, none does
 */
export const claimReplay = async (
  { client, table }: Registry,
  id: string,
  sequence: string,
  signal?: AbortSignal,
): Promise<boolean> => {
  const update = new UpdateItemCommand({
    TableName: table,
    Key: marshal({ pk: replayKey(id), sk: META }),
    UpdateExpression: 'SET #sequence = :sequence',
    ConditionExpression:
      'attribute_exists(pk) AND (attribute_not_exists(#sequence) OR #sequence = :sequence)',
    ExpressionAttributeNames: { '#sequence': 'sequence' },
    ExpressionAttributeValues: marshal({ ':sequence': sequence }),
  });
  return await isWritten(client.send(update, { ...(signal && { abortSignal: signal }) }));
};

/**
 * Notes that the order is on the stream. The first that is noted stays.
 * @returns the order as it is noted
 */
export const noteReplayed = async (
  registry: Registry,
  id: string,
  order: Replay & { readonly sequence: string },
): Promise<Replay> => {
  const put = new PutItemCommand({
    TableName: registry.table,
    Item: itemOf(id, order),
    ConditionExpression: 'attribute_not_exists(#sequence)',
    ExpressionAttributeNames: { '#sequence': 'sequence' },
  });
  return await writeOnce<Replay>(order, conditionally(registry.client.send(put)), () =>
    readReplay(registry, id),
  );
};
