/**
 * What became of the messages of archived days, hour by hour. Blocks tell it as long as they are there; this stays
 * as long as the file of the day.
 *
 * Pk `{device}#l`, sk `{day}`: `f` format, `v` version, `h` by hour its block's version `v` and its account, and
 * `expiresAt`, see `expiry.ts`. An item is 200 to 400 bytes an hour. An hour of very many gaps has an item of its own,
 * sk `{hour}`: as its block held its account, so can that. Where two items tell of an hour, the later version counts.
 */
import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Micros } from '../../../contracts/time.ts';
import type { HourAccount } from '../../domain/ledger/hour-account.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import { queryPages } from '../dynamodb/query.ts';
import { fromAccountAttributes, toAccountAttributes } from './account-item.ts';
import { isExpired, secondOf } from './expiry.ts';
import { isFindingsKey } from './findings-items.ts';
import { checkFormat, hourKey, ITEM_FORMAT, type Measurements, parseHour } from './keys.ts';
import { dayKey } from './work-queue.ts';

/** An hour that was archived. */
export interface ArchivedAccount {
  /** Of the block that it was archived from. */
  readonly version: number;
  readonly account: HourAccount;
}

/** By start of the hour. */
export type DayAccounts = ReadonlyMap<Micros, ArchivedAccount>;

const partitionOf = (device: string): string => `${device}#l`;

const number = (value: number) => ({ N: String(value) });

/** All 24 hours of a day up to this size fit an item of 400 KB. */
const MAX_SHARED_BYTES = 12 * 1024;

type Entry = readonly [hour: string, told: AttributeValue.MMember];

const sizeOf = ([, { M }]: Entry): number =>
  Object.values(M).reduce((sum, { S, B }) => sum + (S?.length ?? 0) + (B?.length ?? 0), 0);

/** Hours by the sort key of their item. The day's comes last. */
const byItem = (day: Micros, hours: DayAccounts): ReadonlyMap<string, readonly Entry[]> => {
  const entries = [...hours].map(
    ([hour, { version, account }]): Entry => [
      hourKey(hour),
      { M: { v: number(version), ...toAccountAttributes(account) } },
    ],
  );
  const isLarge = (entry: Entry): boolean => sizeOf(entry) > MAX_SHARED_BYTES;
  return new Map<string, readonly Entry[]>([
    ...entries.filter(isLarge).map((entry) => [entry[0], [entry]] as const),
    [dayKey(day), entries.filter((entry) => !isLarge(entry))],
  ]);
};

/**
 * Notes the accounts of a day, unless those of a later version are there.
 * @param version of the day, one more each time that it is archived
 * @param until when they may go; `undefined`: never
 */
export const writeDayAccounts = async (
  { client, table }: Measurements,
  device: string,
  day: Micros,
  { version, hours, until }: { version: number; hours: DayAccounts; until: Micros | undefined },
  signal: AbortSignal,
): Promise<void> => {
  for (const [sk, entries] of byItem(day, hours)) {
    const item: Item = {
      pk: { S: partitionOf(device) },
      sk: { S: sk },
      f: number(ITEM_FORMAT),
      v: number(version),
      h: { M: Object.fromEntries(entries) },
      ...(until === undefined ? {} : { expiresAt: secondOf(until) }),
    };
    const put = new PutItemCommand({
      TableName: table,
      Item: item,
      ConditionExpression: 'attribute_not_exists(v) OR v <= :version',
      ExpressionAttributeValues: { ':version': number(version) },
    });
    // Not written when a later version is there: that one was made with these as well.
    await isWritten(client.send(put, { abortSignal: signal }));
  }
};

/**
 * Accounts of the archived days that touch `[from, to)`. One Query, a page for each MB.
 * @throws {UnknownFormat} naming the item
 */
export const readDayAccounts = async (
  { client, table }: Measurements,
  device: string,
  from: Micros,
  to: Micros,
  signal?: AbortSignal,
): Promise<DayAccounts> => {
  const accounts = new Map<Micros, ArchivedAccount>();
  const versions = new Map<Micros, number>();
  const question = {
    condition: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: {
      ':pk': { S: partitionOf(device) },
      ':from': { S: dayKey(from) },
      ':to': { S: `${dayKey(to - 1)}~` },
    },
    consistent: true,
  };
  for await (const items of queryPages(client, table, question, signal))
    for (const item of items) {
      if (isExpired(item) || isFindingsKey(item['sk']?.S ?? '')) continue;
      checkFormat(item);
      const version = Number(item['v']?.N);
      for (const [text, { M }] of Object.entries(item['h']?.M ?? {})) {
        const hour = parseHour(text);
        if (M === undefined || (versions.get(hour) ?? 0) > version) continue;
        versions.set(hour, version);
        accounts.set(hour, { version: Number(M['v']?.N), account: fromAccountAttributes(M) });
      }
    }
  return accounts;
};
