/** Items by their keys, many in a call. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { tryAgain } from '../../runtime/retry.ts';
import type { Item } from './attributes.ts';
import { batchRead, type Reading } from './batch-calls.ts';

/** Keys of one BatchGetItem, at most. */
const BATCH_KEYS = 100;
/** Tries in a row that bring nothing. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MILLIS = 50;

/** DynamoDB gave back no item for some keys, again and again: it is throttling. */
export class ItemsUnread extends Error {
  override readonly name = 'ItemsUnread';
}

export interface BatchGetOptions extends Reading {
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

const pauseBefore = async (attempt: number, signal: AbortSignal): Promise<void> => {
  const pause = FIRST_PAUSE_MILLIS * 2 ** attempt * (0.5 + Math.random() / 2);
  await delay(pause, undefined, { signal });
};

const readBatch = async (
  client: DynamoDBClient,
  table: string,
  keys: readonly Item[],
  { signal = new AbortController().signal, ...reading }: BatchGetOptions,
): Promise<Item[]> => {
  const found: Item[] = [];
  let left = keys;
  let fruitless = 0;
  for (;;) {
    const asked = left;
    const { items, unread } = await tryAgain(() => batchRead(client, table, asked, signal, reading), signal);
    found.push(...items);
    if (unread.length === 0) return found;
    // An answer of 16 MB leaves the rest undone as well: what goes on is not held against it.
    fruitless = unread.length < left.length ? 0 : fruitless + 1;
    if (fruitless === ATTEMPTS)
      throw new ItemsUnread(`${unread.length} keys of ${table} unread after ${ATTEMPTS} tries`);
    left = unread;
    await pauseBefore(fruitless, signal);
  }
};

/**
 * Reads items: a hundred keys a call, all calls at once; again, with growing pauses and jitter, what DynamoDB leaves
 * out.
 * @param keys each once
 * @returns what there is, in no order
 * @throws {ItemsUnread} when keys stay unread after several tries in a row; the fault of a call that stays
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
