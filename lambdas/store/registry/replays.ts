/** Replays of quarantined messages: one item an entry, made once, for good. */
import { BatchGetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { type Item, marshal, unmarshal } from '../attributes.ts';
import { conditionally } from '../conditions.ts';
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

const BATCH_KEYS = 100;
const ATTEMPTS = 5;

/** DynamoDB leaves keys unread again and again. */
export class ReplaysUnread extends Error {
  override readonly name = 'RegistryUnavailable';
}

/**
 * Reads the replays of entries, as they are now.
 * @returns by identifier of the entry; one that nobody replayed is absent
 */
export const readReplays = async (
  registry: Registry,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, Replay>> => {
  const found = new Map<string, Replay>();
  for (let start = 0; start < ids.length; start += BATCH_KEYS) {
    let keys = ids.slice(start, start + BATCH_KEYS).map((id) => marshal({ pk: replayKey(id), sk: META }));
    for (let attempt = 1; keys.length > 0; attempt += 1) {
      if (attempt > ATTEMPTS) throw new ReplaysUnread(`${keys.length} replays stay unread`);
      const { Responses, UnprocessedKeys } = await registry.client.send(
        new BatchGetItemCommand({ RequestItems: { [registry.table]: { Keys: keys, ConsistentRead: true } } }),
        signal === undefined ? {} : { abortSignal: signal },
      );
      for (const item of Responses?.[registry.table] ?? [])
        found.set((item['pk']?.S ?? '').slice(replayKey('').length), replay.parse(unmarshal(item)));
      keys = UnprocessedKeys?.[registry.table]?.Keys ?? [];
    }
  }
  return found;
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
