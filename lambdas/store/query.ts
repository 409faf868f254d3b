/** Items in the order of their keys, page by page. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Item } from './attributes.ts';
import { type Question, queryPage, type Reading } from './batch-calls.ts';
import { tryAgain } from './batch-get.ts';

/**
 * Reads items by a condition on their keys. Of a page that cannot be read now but may be later, a few more tries are
 * made.
 * @returns pages, of which any may be empty
 * @throws the fault of a call that stays
 */
export async function* queryPages(
  client: DynamoDBClient,
  table: string,
  question: Question & Reading,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<Item[]> {
  let start: Item | undefined;
  do {
    const from = start;
    const { items, next } = await tryAgain(() => queryPage(client, table, question, from, signal), signal);
    yield items;
    start = next;
  } while (start !== undefined);
}
