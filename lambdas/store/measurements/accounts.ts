/** What became of a device's messages, by the hour in which they arrived. */
import type { Micros } from '../../../contracts/time.ts';
import { EMPTY_ACCOUNT, type HourAccount, tellRuns } from '../../domain/ledger/hour-account.ts';
import { EMPTY_LEDGER, type Ledger } from '../../domain/ledger/ledger.ts';
import { decodeMessages, toRunMessages } from '../../domain/ledger/messages.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { queryPages } from '../dynamodb/query.ts';
import { readDayAccounts } from './day-accounts.ts';
import { type ChunkItem, hourOfItem, sortHour } from './hour-items.ts';
import { checkFormat, hourKey, type Measurements } from './keys.ts';

/** A chunk's account of the run that it was made of. */
export const runOf = ({ shardKey, first, count, item }: ChunkItem) => {
  checkFormat(item);
  return {
    shardKey,
    first,
    count,
    ledger: { ...EMPTY_LEDGER, ...(JSON.parse(item['l']?.S ?? '{}') as Partial<Ledger>) },
    ...(item['m']?.B === undefined ? toRunMessages([], first) : decodeMessages(item['m'].B, first)),
  };
};

/** @param archived is told by the block as well, as long as that is there */
const tell = (hour: Micros, items: readonly Item[], archived: HourAccount = EMPTY_ACCOUNT): HourAccount => {
  const { head, chunks } = sortHour(hour, items);
  return tellRuns(head?.account ?? archived, chunks.map(runOf));
};

/** What heads and chunks tell, without the bytes of points. */
const TELLING = Object.fromEntries(
  ['pk', 'sk', 'f', 'v', 'g', 'p', 'n', 'reach', 'parts', 'told', 'found', 'l', 'm'].map((name) => [
    `#${name}`,
    name,
  ]),
);

/** Blocks' heads and chunks of hours, as far as they tell of messages. */
async function* readAccountItems(
  { client, table }: Measurements,
  device: string,
  from: Micros,
  to: Micros,
): AsyncGenerator<{ readonly hour: Micros; readonly items: readonly Item[] }> {
  let gathered: { readonly hour: Micros; readonly items: Item[] } | undefined;
  const question = {
    condition: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: { ':pk': { S: device }, ':from': { S: hourKey(from) }, ':to': { S: `${hourKey(to - 1)}~` } },
    names: TELLING,
    filter: 'attribute_exists(#l)',
    attributes: Object.keys(TELLING),
    // A replica that lags may lack a head whose chunks are deleted already.
    consistent: true,
  };
  for await (const items of queryPages(client, table, question))
    for (const item of items) {
      const hour = hourOfItem(item);
      if (hour === undefined) continue;
      if (gathered?.hour !== hour) {
        if (gathered !== undefined) yield gathered;
        gathered = { hour, items: [] };
      }
      gathered.items.push(item);
    }
  if (gathered !== undefined) yield gathered;
}

/**
 * Accounts of a device's hours from `from` up to `to`, in no order; hours in which nothing arrived are left out. Each
 * record counts once, however often its run was written, and whether its block is there or only in the archive.
 * @param from start of an hour
 * @param to start of an hour, excluded
 */
export async function* readAccounts(
  measurements: Measurements,
  device: string,
  from: Micros,
  to: Micros,
): AsyncGenerator<HourAccount> {
  if (from >= to) return;
  const archived = await readDayAccounts(measurements, device, from, to);
  const told = new Set<Micros>();
  for await (const { hour, items } of readAccountItems(measurements, device, from, to)) {
    yield tell(hour, items, archived.get(hour)?.account);
    told.add(hour);
  }
  for (const [hour, { account }] of archived) if (hour >= from && hour < to && !told.has(hour)) yield account;
}
