/**
 * What merging points found, where readers of ledgers find it: by the hour in which the points arrived, which may be days
 * after that in which they were measured. Blocks tell the same, each of the points that it has.
 *
 * Pk `{device}#l`, sk `{hour of arrival}#d#{hour of measurement}`: `f` format, `d`, `o`, `r` duplicates, overwritten and
 * recovered, `expiresAt`, see `expiry.ts`. Written by compaction before it takes its task away, always all of it.
 */
import type { Micros } from '../../../contracts/time.ts';
import { addFindings, type Findings, NO_FINDINGS } from '../../domain/ledger/findings.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { queryPages } from '../dynamodb/query.ts';
import { isExpired, secondOf } from './expiry.ts';
import { checkFormat, hourKey, ITEM_FORMAT, type Measurements, parseHour } from './keys.ts';

const SEPARATOR = '#d#';

export const isFindingsKey = (key: string): boolean => key.includes(SEPARATOR);

const number = (value: number) => ({ N: String(value) });

/** @param hour in which the points were measured @param until when the items may go */
export const toFindingsItems = (
  device: string,
  hour: Micros,
  findings: Findings,
  until: Micros,
): readonly Item[] =>
  [...findings].map(([arrived, { duplicate, overwritten, recovered }]) => ({
    pk: { S: `${device}#l` },
    sk: { S: `${hourKey(arrived)}${SEPARATOR}${hourKey(hour)}` },
    f: number(ITEM_FORMAT),
    d: number(duplicate),
    o: number(overwritten),
    r: number(recovered),
    expiresAt: secondOf(until),
  }));

/** What was found of points that arrived in `[from, to)`, whole hours. One Query, a page for each MB. */
export const readFindings = async (
  { client, table }: Measurements,
  device: string,
  from: Micros,
  to: Micros,
  signal?: AbortSignal,
): Promise<Findings> => {
  let all = NO_FINDINGS;
  const question = {
    condition: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: { ':pk': { S: `${device}#l` }, ':from': { S: hourKey(from) }, ':to': { S: hourKey(to) } },
    consistent: true,
  };
  for await (const items of queryPages(client, table, question, signal))
    for (const item of items) {
      const key = item['sk']?.S ?? '';
      if (!isFindingsKey(key) || isExpired(item)) continue;
      checkFormat(item);
      const found = {
        duplicate: Number(item['d']?.N),
        overwritten: Number(item['o']?.N),
        recovered: Number(item['r']?.N),
      };
      all = addFindings(all, new Map([[parseHour(key.split('#')[0] ?? ''), found]]));
    }
  return all;
};
