/**
 * The audit in the registry: chains of entries, up to 32 a site.
 *
 * | access                                    | operation  | key                                                    |
 * | ----------------------------------------- | ---------- | ------------------------------------------------------ |
 * | newest entry of a chain                   | GetItem    | pk `AUDITHEAD#{site}`, sk `{lane}`                      |
 * | newest entries of all chains of a site    | Query      | pk `AUDITHEAD#{site}`                                   |
 * | entries of a day, by time                 | Query      | pk `AUDIT#{site}#{day}`, sk `{at}#{lane}#{seq}`          |
 * | days that have entries                    | Query      | pk `AUDITDAYS#{site}`, sk `{day}`                        |
 * | sites that have entries on a day          | Query      | pk `AUDITDAYS`, sk `{day}#{site}`                        |
 * | tries of a minute that did not succeed    | UpdateItem | pk `AUDITTRIES#{subject}`, sk `{action}#{minute}`        |
 *
 * What belongs to no site stands under `_`, which no site can be called. The head of a chain holds its newest entry
 * whole, and putting it there, on the condition that the one before is still there, is the one step by which an entry
 * comes to be: there is no gap, no fork, and no half-written entry, whoever dies when. Before it is replaced, an entry is
 * put among those of its day; put twice it is the same item. Nothing here is ever deleted, and nothing expires but the
 * counts of tries.
 *
 * An append takes 1 read and 2 writes, and 2 writes more with the first of a day. Two at the same moment: one of them wins,
 * the other goes on with another chain of the site, and stays there for a minute: so many writers come to one chain each. One chain takes as many entries a second as reading and writing one
 * after the other allow, some 60 with DynamoDB; all chains of a site together some hundreds.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { auditPosition } from '../../../contracts/audit-chain.ts';
import { sealEntry } from '../../../contracts/audit-seal.ts';
import { type AuditEntry, type AuditRecord, auditEntry } from '../../../contracts/resources/audit.ts';
import { isTold, TOLD_TRIES } from '../../domain/audit/floods.ts';
import { LaneChoice } from '../../domain/audit/lanes.ts';
import { asError } from '../../runtime/as-error.ts';
import type { Audit } from '../../runtime/http/audit.ts';
import type { Logger } from '../../runtime/logger.ts';
import { type Item, marshal } from '../dynamodb/attributes.ts';
import { countOne } from './counter.ts';
import { checkFormat, ITEM_FORMAT, type Registry } from './keys.ts';
import { ensureItem, readItem } from './single.ts';

/** Appends that lose so often give up: the answer has to go out while somebody waits for it. */
const TRIES = 16;
const FIRST_PAUSE_MILLIS = 5;
const LONGEST_PAUSE_MILLIS = 100;
const MINUTE = 60_000;
const COUNT_SECONDS = 86_400;

const NO_SITE = '_';
const placeOf = (site: string | null): string => site ?? NO_SITE;
/** Of which site a key is. */
export const siteOfPlace = (place: string): string | null => (place === NO_SITE ? null : place);
export const auditHeadKey = (site: string | null): string => `AUDITHEAD#${placeOf(site)}`;
export const auditDaysKey = (site: string | null): string => `AUDITDAYS#${placeOf(site)}`;
/** Days of all sites. */
export const AUDIT_DAYS = 'AUDITDAYS';
export const auditDayKey = (site: string | null, day: string): string => `AUDIT#${placeOf(site)}#${day}`;

/** The day, in UTC, that a time or a position of an entry lies in. */
export const dayOf = (at: string): string => at.slice(0, 10);

const laneKey = (lane: number): string => String(lane).padStart(2, '0');

/** What of an entry must be as it is known here; a newer version of the platform may have written the rest. */
const link = auditEntry.pick({ site: true, at: true, lane: true, seq: true, hash: true });

/**
 * An entry out of the text that an item holds it as, to the letter.
 * @throws {z.ZodError} when it is none
 */
export const entryFromItem = (item: Item): AuditEntry => {
  checkFormat(String(item['pk']?.S), item['format']?.N);
  const entry: unknown = JSON.parse(item['entry']?.S ?? '');
  link.parse(entry);
  return entry as AuditEntry;
};

/** Appends failed again and again, because others were quicker. */
export class AuditContended extends Error {
  override readonly name = 'AuditContended';
}

const readHead = async (
  registry: Registry,
  site: string | null,
  lane: number,
): Promise<AuditEntry | undefined> => {
  const item = await readItem(registry, auditHeadKey(site), laneKey(lane));
  return item === undefined ? undefined : entryFromItem(item);
};

/** Puts an entry among those of its day; one that is there stays as it is. */
const file = async (registry: Registry, entry: AuditEntry): Promise<void> => {
  const item = {
    pk: auditDayKey(entry.site, dayOf(entry.at)),
    sk: auditPosition(entry),
    format: ITEM_FORMAT,
    subject: entry.actor.subject,
    entry: JSON.stringify(entry),
  };
  await ensureItem(registry, marshal(item));
};

/** Notes that a day has entries, for lists of the site and for the root of the day. */
const noteDay = async (registry: Registry, { site, at }: AuditEntry): Promise<void> => {
  const day = dayOf(at);
  await ensureItem(registry, marshal({ pk: auditDaysKey(site), sk: day, format: ITEM_FORMAT }));
  const ofAll = { pk: AUDIT_DAYS, sk: `${day}#${placeOf(site)}`, format: ITEM_FORMAT };
  await ensureItem(registry, marshal(ofAll));
};

/**
 * Makes an entry the newest of its chain.
 * @returns whether the one before it still was; `unsure` when the SDK tried again, and may have met its own entry
 */
const advance = async ({ client, table }: Registry, entry: AuditEntry): Promise<boolean | 'unsure'> => {
  const put = new PutItemCommand({
    TableName: table,
    Item: marshal({
      pk: auditHeadKey(entry.site),
      sk: laneKey(entry.lane),
      format: ITEM_FORMAT,
      subject: entry.actor.subject,
      hash: entry.hash,
      entry: JSON.stringify(entry),
    }),
    ConditionExpression: entry.seq === 1 ? 'attribute_not_exists(pk)' : '#hash = :prev',
    ...(entry.seq === 1
      ? {}
      : {
          ExpressionAttributeNames: { '#hash': 'hash' },
          ExpressionAttributeValues: marshal({ ':prev': entry.prev }),
        }),
  });
  try {
    await client.send(put);
    return true;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    return error.$metadata.attempts === 1 ? false : 'unsure';
  }
};

/** Whether an entry is there in spite of a condition that did not hold. */
const isThere = async (registry: Registry, entry: AuditEntry): Promise<boolean> => {
  const head = await readHead(registry, entry.site, entry.lane);
  if (head === undefined || head.seq < entry.seq) return false;
  if (head.seq === entry.seq) return head.hash === entry.hash;
  const item = await readItem(registry, auditDayKey(entry.site, dayOf(entry.at)), auditPosition(entry));
  return item !== undefined && entryFromItem(item).hash === entry.hash;
};

/**
 * Appends a record to a chain of its site.
 * @param lanes the choice of this writer, which remembers where it met others
 * @returns the entry, which is there for good
 * @throws {AuditContended}, or what DynamoDB says: then it may or may not be there
 */
export const appendEntry = async (
  registry: Registry,
  record: AuditRecord,
  lanes = new LaneChoice(),
): Promise<AuditEntry> => {
  let lane = lanes.at(Date.now());
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const head = await readHead(registry, record.site, lane);
    const entry = sealEntry(record, lane, head, new Date());
    if (head !== undefined) await file(registry, head);
    if (head === undefined || dayOf(head.at) !== dayOf(entry.at)) await noteDay(registry, entry);
    const advanced = await advance(registry, entry);
    if (advanced === true || (advanced === 'unsure' && (await isThere(registry, entry)))) return entry;
    lane = lanes.after(Date.now(), Math.random());
    const longest = Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS * 2 ** attempt);
    await delay(longest * Math.random());
  }
  throw new AuditContended(`an entry of ${placeOf(record.site)} lost ${TRIES} times`);
};

/** Counts a try that did not succeed. @returns those of its minute so far, this one included */
const countTry = async (
  registry: Registry,
  { actor: { subject }, action }: AuditRecord,
  at: Date,
): Promise<number> => {
  const minute = Math.floor(at.getTime() / MINUTE);
  const key = { pk: `AUDITTRIES#${subject}`, sk: `${action}#${minute}` };
  return await countOne(registry, key, Math.floor(at.getTime() / 1000) + COUNT_SECONDS);
};

/** The record as it is to be written, or nothing when it is one of a flood. */
const toldOf = async (registry: Registry, record: AuditRecord): Promise<AuditRecord | undefined> => {
  if (record.outcome === 'done') return record;
  const tries = await countTry(registry, record, new Date());
  if (!isTold(tries)) return undefined;
  return tries > TOLD_TRIES ? { ...record, tries } : record;
};

/** The way into the audit. What could not be written stands in the log, whole. */
export const auditInto = (registry: Registry, logger: Logger): Audit => {
  const lanes = new LaneChoice();
  return async (record) => {
    try {
      const told = await toldOf(registry, record);
      if (told !== undefined) await appendEntry(registry, told, lanes);
    } catch (error) {
      const what =
        record.outcome === 'done' ? 'the change was made, but not audited' : 'a try was not audited';
      logger.error(what, { record, error: asError(error) });
      throw error;
    }
  };
};
