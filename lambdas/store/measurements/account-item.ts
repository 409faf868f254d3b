/** What became of an hour's messages, as attributes of the items that tell of the hour. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Micros } from '../../../contracts/time.ts';
import type { Findings } from '../../domain/ledger/findings.ts';
import type { HourAccount } from '../../domain/ledger/hour-account.ts';
import type { Ledger } from '../../domain/ledger/ledger.ts';
import { decodeRanges, encodeRanges } from '../../domain/ledger/sequence-ranges.ts';
import type { Item } from '../dynamodb/attributes.ts';

type PackedFindings = readonly (readonly [hour: Micros, number, number, number])[];

/** Findings as JSON. */
export const findingsText = (findings: Findings): string =>
  JSON.stringify(
    [...findings].map(([hour, { duplicate, overwritten, recovered }]) => [
      hour,
      duplicate,
      overwritten,
      recovered,
    ]),
  );

/** @throws {SyntaxError} for a text that {@link findingsText} did not make */
export const parseFindings = (text: string): Findings =>
  new Map(
    (JSON.parse(text) as PackedFindings).map(([hour, duplicate, overwritten, recovered]) => [
      hour,
      { duplicate, overwritten, recovered },
    ]),
  );

/**
 * `l` ledger, `m` ranges of its messages, `told` the last record told of each shard, `found` what merging its points found:
 * hour of arrival, duplicate, overwritten, recovered.
 */
export const toAccountAttributes = (
  account: HourAccount,
): Record<'l' | 'm' | 'told' | 'found', AttributeValue> => ({
  found: { S: findingsText(account.found) },
  l: { S: JSON.stringify(account.ledger) },
  m: { B: encodeRanges(account.ranges) },
  told: { S: JSON.stringify(account.told) },
});

/** @throws {SyntaxError} or {MalformedBytes} for attributes that {@link toAccountAttributes} did not make */
export const fromAccountAttributes = (item: Item): HourAccount => ({
  ledger: JSON.parse(item['l']?.S ?? '') as Ledger,
  ranges: decodeRanges(item['m']?.B ?? new Uint8Array()),
  told: JSON.parse(item['told']?.S ?? '{}') as HourAccount['told'],
  found: parseFindings(item['found']?.S ?? '[]'),
});
