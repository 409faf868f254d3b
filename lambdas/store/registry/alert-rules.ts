/**
 * Alert rules: all of an instrument type in one `META` item, changed on its version only, so that they are read together
 * with the type.
 *
 * | access                        | operations                                        |
 * | ----------------------------- | ------------------------------------------------- |
 * | rules of a type               | 1 GetItem; among those of `lookup.ts` 1 key more  |
 * | a rule is made, changed, gone | 1 GetItem, 1 write on the version of the item     |
 * | types that have rules         | 1 Query of the index a page                       |
 */
import { LISTING_INDEX } from '../../../contracts/deployment/indexes.ts';
import { type AlertRule, alertRule } from '../../../contracts/resources/alert-rules.ts';
import { asError } from '../../runtime/as-error.ts';
import { type Item, marshal } from '../dynamodb/attributes.ts';
import { readPage } from '../dynamodb/query.ts';
import { alertRulesKey, checkFormat, ITEM_FORMAT, META, type Registry } from './keys.ts';
import { createItem, readItem, replaceItem } from './single.ts';

/** Rules of one instrument type. */
export interface StoredRules {
  readonly type: string;
  /** 0 where there is no item yet. */
  readonly version: number;
  readonly rules: readonly AlertRule[];
  /** Those that cannot be read here, as they stand: a newer version of the platform may have written them. */
  readonly unread: readonly unknown[];
  /** Why the first of them cannot be read. */
  readonly fault?: Error;
}

/** A rule as it is read: members that nobody here knows are passed over. */
const storedRule = alertRule.strip();

/** @throws {UnknownFormat} */
export const rulesFromItem = (item: Item): StoredRules => {
  const key = String(item['pk']?.S);
  checkFormat(key, item['format']?.N);
  const rules: AlertRule[] = [];
  const unread: unknown[] = [];
  let fault: Error | undefined;
  for (const one of JSON.parse(item['rules']?.S ?? '[]') as unknown[]) {
    const read = storedRule.safeParse(one);
    if (read.success) rules.push(read.data);
    else {
      unread.push(one);
      fault ??= asError(read.error);
    }
  }
  return {
    type: key.slice(alertRulesKey('').length),
    version: Number(item['version']?.N),
    rules,
    unread,
    ...(fault === undefined ? {} : { fault }),
  };
};

const textOf = ({ rules, unread }: Pick<StoredRules, 'rules' | 'unread'>): string =>
  JSON.stringify([...rules, ...unread]);

/** Bytes of rules as they are written. */
export const bytesOfRules = (stored: Pick<StoredRules, 'rules' | 'unread'>): number =>
  Buffer.byteLength(textOf(stored));

/** Rules as their item. */
export const rulesToItem = (stored: Omit<StoredRules, 'fault'>): Item =>
  marshal({
    pk: alertRulesKey(stored.type),
    sk: META,
    format: ITEM_FORMAT,
    kind: 'ALERTRULES',
    listKey: stored.type,
    version: stored.version,
    rules: textOf(stored),
  });

/** Reads the rules of a type as they are now. */
export const readRules = async (registry: Registry, type: string): Promise<StoredRules> => {
  const item = await readItem(registry, alertRulesKey(type), META);
  return item === undefined ? { type, version: 0, rules: [], unread: [] } : rulesFromItem(item);
};

/**
 * Writes the rules of a type over the version that they were made from.
 * @param stored with the version that was read
 * @throws {ConditionFailed} when the table holds another version
 */
export const writeRules = async (registry: Registry, stored: StoredRules): Promise<void> => {
  const item = rulesToItem({ ...stored, version: stored.version + 1 });
  if (stored.version === 0) await createItem(registry, item);
  else await replaceItem(registry, item, stored.version);
};

/** Rules of all types, by type, a page at a time. @param after a type, excluded */
export const listRules = async (
  registry: Registry,
  after: string | undefined,
  limit: number,
): Promise<{ readonly types: readonly StoredRules[]; readonly seen: string | undefined }> => {
  const { items, next } = await readPage(registry.client, registry.table, {
    index: LISTING_INDEX.name,
    condition: after === undefined ? 'kind = :kind' : 'kind = :kind AND listKey > :after',
    values: marshal({ ':kind': 'ALERTRULES', ':after': after }),
    consistent: false,
    limit,
  });
  return { types: items.map(rulesFromItem), seen: next?.['listKey']?.S };
};
