/** What became of an hour's messages, as attributes of the items that tell of the hour. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { HourAccount, ToldRun } from '../../domain/ledger/hour-account.ts';
import type { Ledger } from '../../domain/ledger/ledger.ts';
import { decodeRanges, encodeRanges } from '../../domain/ledger/sequence-ranges.ts';
import type { Item } from '../dynamodb/attributes.ts';

/** `l` ledger, `m` ranges of its messages, `last` the last run told of each shardKey. */
export const toAccountAttributes = (account: HourAccount): Record<'l' | 'm' | 'last', AttributeValue> => ({
  l: { S: JSON.stringify(account.ledger) },
  m: { B: encodeRanges(account.ranges) },
  last: { S: JSON.stringify(account.last) },
});

/** @throws {SyntaxError} or {MalformedBytes} for attributes that {@link toAccountAttributes} did not make */
export const fromAccountAttributes = (item: Item): HourAccount => ({
  ledger: JSON.parse(item['l']?.S ?? '') as Ledger,
  ranges: decodeRanges(item['m']?.B ?? new Uint8Array()),
  last: JSON.parse(item['last']?.S ?? '[]') as ToldRun[],
});
