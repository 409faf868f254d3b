/** Items by their keys, many in a call. */
import { setTimeout as delay } from 'node:timers/promises';
import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Item } from './attributes.ts';

/** Keys of one BatchGetItem, at most. */
const BATCH_KEYS = 100;
/** Tries in a row that bring nothing. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MILLIS = 50;

/** DynamoDB gave back no item for some keys, again and again: it is throttling. */
export class ItemsUnread extends Error {
  override readonly name = 'ItemsUnread';
}

export interface BatchGetOptions {
  /** Costs twice as much, and sees every write that has ended before. */
  readonly consistent: boolean;
  /** Only these of each item; all when absent. */
  readonly attributes?: readonly string[];
  /** Ends the waiting between tries. */
  readonly signal?: AbortSignal | undefined;
}

const readBatch = async (
  client: DynamoDBClient,
  table: string,
  keys: readonly Item[],
  { consistent, attributes, signal }: BatchGetOptions,
): Promise<Item[]> => {
  const items: Item[] = [];
  const sending = signal === undefined ? {} : { abortSignal: signal };
  const how = {
    ConsistentRead: consistent,
    ...(attributes === undefined ? {} : { ProjectionExpression: attributes.join() }),
  };
  let left: Item[] = [...keys];
  let fruitless = 0;
  for (;;) {
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [table]: { Keys: left, ...how } } }),
      sending,
    );
    items.push(...(Responses?.[table] ?? []));
    const rest = UnprocessedKeys?.[table]?.Keys ?? [];
    if (rest.length === 0) return items;
    // An answer of 16 MB leaves the rest undone as well: what goes on is not held against it.
    fruitless = rest.length < left.length ? 0 : fruitless + 1;
    if (fruitless === ATTEMPTS)
      throw new ItemsUnread(`${rest.length} keys of ${table} unread after ${ATTEMPTS} tries`);
    left = rest;
    const pause = FIRST_PAUSE_MILLIS * 2 ** fruitless * (0.5 + Math.random() / 2);
    await delay(pause, undefined, signal === undefined ? {} : { signal });
  }
};

/**
 * Reads items: a hundred keys a call, all calls at once; again, with growing pauses and jitter, what DynamoDB leaves
 * out.
 * @param keys each once
 * @returns what there is, in no order
 * @throws {ItemsUnread} when keys stay unread after several tries in a row
 */
export const batchGet = async (
  client: DynamoDBClient,
  table: string,
  keys: readonly Item[],
  options: BatchGetOptions,
): Promise<Item[]> => {
  const batches: Promise<Item[]>[] = [];
  for (let start = 0; start < keys.length; start += BATCH_KEYS)
    batches.push(readBatch(client, table, keys.slice(start, start + BATCH_KEYS), options));
  return (await Promise.all(batches)).flat();
};
