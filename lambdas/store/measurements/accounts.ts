/** What became of a device's messages, by the hour in which they arrived. */
import { QueryCommand, type QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import type { Micros } from '../../../contracts/time.ts';
import { EMPTY_ACCOUNT, type HourAccount, tellRuns } from '../../domain/hour-account.ts';
import { EMPTY_LEDGER, type Ledger } from '../../domain/ledger.ts';
import { decodeMessages, toRunMessages } from '../../series/messages.ts';
import type { Item } from '../attributes.ts';
import { isReached } from './block-item.ts';
import { type ChunkItem, hourOfItem, sortHour } from './hour-items.ts';
import { hourKey, ITEM_FORMAT, type Measurements, UnknownItemFormat } from './keys.ts';

/** A chunk's account of the run that it was made of. */
export const runOf = ({ lane, first, count, item }: ChunkItem) => {
  if (item['f']?.N !== String(ITEM_FORMAT))
    throw new UnknownItemFormat(`${item['pk']?.S}/${item['sk']?.S}`, item['f']?.N);
  return {
    lane,
    first,
    count,
    ledger: { ...EMPTY_LEDGER, ...(JSON.parse(item['l']?.S ?? '{}') as Partial<Ledger>) },
    ...(item['m']?.B === undefined ? toRunMessages([], first) : decodeMessages(item['m'].B, first)),
  };
};

const tell = (hour: Micros, items: readonly Item[]): HourAccount => {
  const { head, chunks } = sortHour(hour, items);
  const fresh = head === undefined ? chunks : chunks.filter((chunk) => !isReached(head.reach, chunk));
  return tellRuns(head?.account ?? EMPTY_ACCOUNT, fresh.map(runOf));
};

/**
 * Accounts of a device's hours from `from` up to `to`, in order; hours in which nothing arrived are left out. Each
 * record counts once, however often its run was written. The bytes of points are not sent.
 * @param from start of an hour
 * @param to start of an hour, excluded
 */
export async function* readAccounts(
  { client, table }: Measurements,
  device: string,
  from: Micros,
  to: Micros,
): AsyncGenerator<HourAccount> {
  if (from >= to) return;
  let gathered: { readonly hour: Micros; readonly items: Item[] } | undefined;
  let start: Item | undefined;
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        FilterExpression: 'attribute_exists(#l)',
        ProjectionExpression: '#pk, #sk, #f, #v, #g, #p, #n, #reach, #parts, #last, #l, #m',
        ExpressionAttributeNames: Object.fromEntries(
          ['pk', 'sk', 'f', 'v', 'g', 'p', 'n', 'reach', 'parts', 'last', 'l', 'm'].map((name) => [
            `#${name}`,
            name,
          ]),
        ),
        ExpressionAttributeValues: {
          ':pk': { S: device },
          ':from': { S: hourKey(from) },
          ':to': { S: `${hourKey(to - 1)}~` },
        },
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    for (const item of page.Items ?? []) {
      const hour = hourOfItem(item);
      if (hour === undefined) continue;
      if (gathered?.hour !== hour) {
        if (gathered !== undefined) yield tell(gathered.hour, gathered.items);
        gathered = { hour, items: [] };
      }
      gathered.items.push(item);
    }
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  if (gathered !== undefined) yield tell(gathered.hour, gathered.items);
}
