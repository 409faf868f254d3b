/** Reading the audit of a site in the order of time: entries of days, and those that are the newest of their chains. */
import { auditPosition } from '../../../contracts/audit-chain.ts';
import type { AuditEntry } from '../../../contracts/resources/audit.ts';
import { type Item, marshal } from '../dynamodb/attributes.ts';
import { queryPages, readPage } from '../dynamodb/query.ts';
import {
  AUDIT_DAYS,
  auditDayKey,
  auditDaysKey,
  auditHeadKey,
  dayOf,
  entryFromItem,
  siteOfPlace,
} from './audit.ts';
import type { Registry } from './keys.ts';

/** What a list asks for. */
export interface AuditRange {
  readonly site: string | null;
  /** Positions, both excluded: see `auditPosition`. */
  readonly after: string;
  readonly before: string;
  readonly subject: string | undefined;
  readonly descending: boolean;
  /** Entries at most. */
  readonly limit: number;
}

/** A piece of a list, and the position to go on behind; `undefined` at the end. */
export interface AuditSlice {
  readonly entries: readonly AuditEntry[];
  readonly seen: string | undefined;
}

/** Pages of DynamoDB for one slice: a filter that rejects nearly all makes a short page, not a long wait. */
const PAGES = 10;
const CONSISTENT = { consistent: true } as const;

const readAll = async ({ client, table }: Registry, pk: string): Promise<Item[]> => {
  const question = { ...CONSISTENT, condition: 'pk = :pk', values: marshal({ ':pk': pk }) };
  return (await Array.fromAsync(queryPages(client, table, question))).flat();
};

const daysIn = async (
  registry: Registry,
  { site, after, before, descending }: AuditRange,
): Promise<string[]> => {
  const days = (await readAll(registry, auditDaysKey(site))).map((item) => String(item['sk']?.S));
  // A position that is a day alone stands before all entries of that day.
  const within = days.filter((day) => day >= dayOf(after) && day < before).sort();
  return descending ? within.reverse() : within;
};

const pageOf = async (registry: Registry, day: string, range: AuditRange, start: Item | undefined) =>
  await readPage(
    registry.client,
    registry.table,
    {
      ...CONSISTENT,
      condition: 'pk = :pk AND sk BETWEEN :after AND :before',
      values: marshal({
        ':pk': auditDayKey(range.site, day),
        ':after': range.after,
        ':before': range.before,
        ':subject': range.subject,
      }),
      ...(range.subject === undefined ? {} : { filter: 'subject = :subject' }),
      limit: range.limit + 1,
      descending: range.descending,
    },
    start,
  );

/** Reads a piece of the audit of a site. 2 Queries, and 1 for each day and page. */
export const listEntries = async (registry: Registry, range: AuditRange): Promise<AuditSlice> => {
  const { site, after, before, subject, descending, limit } = range;
  const inRange = (position: string): boolean => position > after && position < before;
  // Before the days: an entry that moves from its head into its day meanwhile is found twice, and never not at all.
  const heads = (await readAll(registry, auditHeadKey(site)))
    .map(entryFromItem)
    .filter((entry) => inRange(auditPosition(entry)))
    .filter(({ actor }) => subject === undefined || actor.subject === subject);
  const found = new Map<string, AuditEntry>();
  const inOrder = (): string[] =>
    descending ? [...found.keys()].sort().reverse() : [...found.keys()].sort();
  // DynamoDB refuses bounds that are the wrong way round.
  if (after >= before) return { entries: [], seen: undefined };
  let pages = 0;
  for (const day of await daysIn(registry, range)) {
    const ofDay = heads.filter(({ at }) => dayOf(at) === day);
    let start: Item | undefined;
    do {
      const { items, next } = await pageOf(registry, day, range, start);
      pages += 1;
      for (const entry of items.map(entryFromItem))
        if (inRange(auditPosition(entry))) found.set(auditPosition(entry), entry);
      const end = next === undefined ? undefined : String(next['sk']?.S);
      // What lies behind the end of this page waits for the next one.
      for (const head of ofDay) {
        const position = auditPosition(head);
        const isReached = end === undefined || (descending ? position >= end : position <= end);
        if (isReached) found.set(position, head);
      }
      if (found.size > limit) {
        const positions = inOrder().slice(0, limit);
        return { entries: positions.flatMap((at) => found.get(at) ?? []), seen: positions.at(-1) };
      }
      if (pages === PAGES) {
        const seen = end ?? (descending ? day : `${day}~`);
        return { entries: inOrder().flatMap((at) => found.get(at) ?? []), seen };
      }
      start = next;
    } while (start !== undefined);
  }
  return { entries: inOrder().flatMap((at) => found.get(at) ?? []), seen: undefined };
};

/** The first day on which any site has entries. */
export const firstAuditDay = async ({ client, table }: Registry): Promise<string | undefined> => {
  const question = {
    ...CONSISTENT,
    condition: 'pk = :pk',
    values: marshal({ ':pk': AUDIT_DAYS }),
    limit: 1,
  };
  const { items } = await readPage(client, table, question);
  return items[0] === undefined ? undefined : dayOf(String(items[0]['sk']?.S));
};

/** Sites that have entries on a day; `null` for what belongs to none. */
export const sitesOn = async ({ client, table }: Registry, day: string): Promise<(string | null)[]> => {
  const question = {
    ...CONSISTENT,
    condition: 'pk = :pk AND begins_with(sk, :day)',
    values: marshal({ ':pk': AUDIT_DAYS, ':day': `${day}#` }),
  };
  const items = (await Array.fromAsync(queryPages(client, table, question))).flat();
  return items.map((item) => siteOfPlace(String(item['sk']?.S).slice(day.length + 1)));
};

const SLICE = 1000;

/** The last entry of each chain of a site on a day. Reads all entries of the day. */
export const lastEntriesOf = async (
  registry: Registry,
  site: string | null,
  day: string,
): Promise<AuditEntry[]> => {
  const last = new Map<number, AuditEntry>();
  let after: string | undefined = day;
  while (after !== undefined) {
    const range = { site, after, before: `${day}~`, subject: undefined, descending: false, limit: SLICE };
    const slice: AuditSlice = await listEntries(registry, range);
    for (const entry of slice.entries) last.set(entry.lane, entry);
    after = slice.seen;
  }
  return [...last.values()];
};
