/** Items in the order of their keys, page by page. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { tryAgain } from '../../runtime/retry.ts';
import type { Item } from './attributes.ts';
import { type Page, type Question, queryPage, type Reading } from './batch-calls.ts';

/**
 * Reads a page of items by a condition on their keys. When it cannot be read now but may be later, a few more tries
 * are made.
 * @param start the key that the page before ended with
 * @throws the fault of a call that stays
 */
export const readPage = async (
  client: DynamoDBClient,
  table: string,
  question: Question & Reading,
  start?: Item,
  signal: AbortSignal = new AbortController().signal,
): Promise<Page> => await tryAgain(() => queryPage(client, table, question, start, signal), signal);

/**
 * Reads items as {@link readPage} does, to the last.
 * @returns pages, of which any may be empty
 * @throws the fault of a call that stays
 */
export async function* queryPages(
  client: DynamoDBClient,
  table: string,
  question: Question & Reading,
  signal?: AbortSignal,
): AsyncGenerator<Item[]> {
  let start: Item | undefined;
  do {
    const { items, next } = await readPage(client, table, question, start, signal);
    yield items;
    start = next;
  } while (start !== undefined);
}
