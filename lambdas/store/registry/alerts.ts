/**
 * Alerts: one `META` item each, which holds its history too, so that no state is ever kept without what made it. The
 * rest points at it. What was announced is an attribute of its own: to note it disturbs nobody who changes the alert.
 *
 * | access                          | operations                                                                |
 * | ------------------------------- | ------------------------------------------------------------------------- |
 * | an alert is raised              | 1 read, 3 writes: pointers of its device and of the open ones, the item    |
 * | a step of an alert              | 1 read, 1 write on its version; the last 1 write more                     |
 * | an alert, with its history      | GetItem     pk `ALERT#{id}`, sk `META`                                    |
 * | open alerts of a site           | Query       index `listing`: kind `ALERTOPEN@{site}`, listKey `{id}`, newest first; 1 BatchGetItem |
 * | all alerts of a site            | Query       index `listing`: kind `ALERT@{site}`, listKey `{id}`, newest first |
 * | alerts of a device              | Query       pk `ALERTS#{device}`, sk `AT#{id}`, newest first; 1 BatchGetItem |
 * | alerts of silence that are active | Query     index `listing`: kind `ALERTSILENT`, listKey `{site}#{device}#{id}` |
 * | an end that came before its beginning | the same `META` item, of version 0, in no list                      |
 */
import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { LISTING_INDEX } from '../../../contracts/deployment/indexes.ts';
import { type AlertReturned, alertTransition } from '../../../contracts/messages/alert-work.ts';
import type { Priority } from '../../../contracts/resources/alert-rules.ts';
import { type AlertState, alert, alertEntry } from '../../../contracts/resources/alerts.ts';
import type { KeptAlert } from '../../domain/alerts/life.ts';
import { type Item, marshal } from '../dynamodb/attributes.ts';
import { batchGet } from '../dynamodb/batch-get.ts';
import { ConditionFailed, conditionally, isWritten } from '../dynamodb/conditions.ts';
import { queryPages, readPage } from '../dynamodb/query.ts';
import {
  alertKey,
  alertKind,
  alertsKey,
  checkFormat,
  ITEM_FORMAT,
  META,
  OPEN,
  openAlertKind,
  type Registry,
} from './keys.ts';
import { createItem, readItem } from './single.ts';

/** Days for which an alert is kept after it is closed. */
const KEPT_DAYS = 400;
/** Days for which an end waits for its beginning: points are a week old at most. */
const EARLY_DAYS = 8;
const POINTER = 'AT#';
const SILENT = 'SILENT';
const SILENT_KIND = 'ALERTSILENT';

/** What the item holds as one text. */
const body = z.object({ alert: alert.strip(), entries: z.array(alertEntry.strip()) });

/** An end of which the beginning has not come. */
export interface EarlyReturn {
  readonly early: AlertReturned;
}

export const isEarly = (found: KeptAlert | EarlyReturn): found is EarlyReturn => 'early' in found;

const secondsAfter = (time: Date | string, days: number): number =>
  Math.floor(new Date(time).getTime() / 1000) + days * 86_400;

const key = (id: string, sk = META): Item => marshal({ pk: alertKey(id), sk });

const fromItem = (item: Item): KeptAlert | EarlyReturn => {
  checkFormat(String(item['pk']?.S), item['format']?.N);
  const early = item['early']?.S;
  if (early !== undefined) {
    const read = alertTransition.parse(JSON.parse(early));
    if (read.kind === 'returned') return { early: read };
  }
  return { ...body.parse(JSON.parse(item['body']?.S ?? '')), announced: Number(item['announced']?.N ?? 0) };
};

/** Reads an alert as it is now, or its end where its beginning has not come yet. */
export const readTransitions = async (
  registry: Registry,
  id: string,
): Promise<KeptAlert | EarlyReturn | undefined> => {
  const item = await readItem(registry, alertKey(id), META);
  return item === undefined ? undefined : fromItem(item);
};

/** Reads an alert as it is now. */
export const readAlert = async (registry: Registry, id: string): Promise<KeptAlert | undefined> => {
  const found = await readTransitions(registry, id);
  return found === undefined || isEarly(found) ? undefined : found;
};

/** Reads alerts as they are now, in the order asked for; what is not there is left out. */
export const readAlerts = async (registry: Registry, ids: readonly string[]): Promise<KeptAlert[]> => {
  const keys = [...new Set(ids)].map((id) => key(id));
  const items = await batchGet(registry.client, registry.table, keys, { consistent: true });
  const found = new Map<string, KeptAlert>();
  for (const kept of items.map(fromItem)) if (!isEarly(kept)) found.set(kept.alert.id, kept);
  return ids.flatMap((id) => found.get(id) ?? []);
};

const put = async ({ client, table }: Registry, item: Item): Promise<void> => {
  await client.send(
    new PutItemCommand({ TableName: table, Item: { ...item, format: { N: String(ITEM_FORMAT) } } }),
  );
};

const remove = async ({ client, table }: Registry, id: string, sk: string): Promise<void> => {
  await client.send(new DeleteItemCommand({ TableName: table, Key: key(id, sk) }));
};

const changing = ({ alert: now, entries }: KeptAlert) => ({
  version: now.version,
  state: now.state,
  body: JSON.stringify({ alert: now, entries }),
  expiresAt: now.closedAt === undefined ? undefined : secondsAfter(now.closedAt, KEPT_DAYS),
});

/**
 * Writes an alert that is not there yet, after what points at it: a pointer at nothing is passed over.
 * @param early whether its end came before
 * @throws {ConditionFailed} when it is there, or its end is that was not
 */
export const createAlert = async (registry: Registry, kept: KeptAlert, early: boolean): Promise<void> => {
  const { id, site, device, rule, active, state } = kept.alert;
  await put(registry, marshal({ pk: alertsKey(device), sk: `${POINTER}${id}` }));
  if (state !== 'closed')
    await put(registry, marshal({ pk: alertKey(id), sk: OPEN, kind: openAlertKind(site), listKey: id }));
  if (rule.condition.kind === 'no-data' && active)
    await put(
      registry,
      marshal({
        pk: alertKey(id),
        sk: SILENT,
        kind: SILENT_KIND,
        listKey: `${site}#${device}#${id}`,
        id,
        rule: rule.id,
        device,
        site,
        type: kept.alert.type,
        channel: kept.alert.channel ?? undefined,
      }),
    );
  const { priority } = rule;
  const item = marshal({
    pk: alertKey(id),
    sk: META,
    format: ITEM_FORMAT,
    kind: alertKind(site),
    listKey: id,
    priority,
    device,
    announced: kept.announced,
    ...changing(kept),
  });
  if (!early) return await createItem(registry, item);
  const over = new PutItemCommand({
    TableName: registry.table,
    Item: item,
    ConditionExpression: 'attribute_exists(early)',
  });
  await conditionally(registry.client.send(over));
};

/** Keeps an end whose beginning has not come. @throws {ConditionFailed} when anything of the alert is there */
export const keepEarly = async (registry: Registry, early: AlertReturned, now: Date): Promise<void> => {
  const item = {
    pk: alertKey(early.id),
    sk: META,
    format: ITEM_FORMAT,
    version: 0,
    early: JSON.stringify(early),
    expiresAt: secondsAfter(now, EARLY_DAYS),
  };
  await createItem(registry, marshal(item));
};

/** Takes away what points at an alert as an open or a silent one, and should not any more. */
const tidy = async (registry: Registry, { alert: now }: KeptAlert): Promise<void> => {
  if (now.rule.condition.kind === 'no-data' && !now.active) await remove(registry, now.id, SILENT);
  if (now.state === 'closed') await remove(registry, now.id, OPEN);
};

const replace = async ({ client, table }: Registry, kept: KeptAlert): Promise<void> => {
  const { expiresAt, ...rest } = changing(kept);
  const update = new UpdateItemCommand({
    TableName: table,
    Key: key(kept.alert.id),
    UpdateExpression: `SET #version = :version, #state = :state, body = :body${expiresAt === undefined ? '' : ', expiresAt = :expiresAt'}`,
    ConditionExpression: '#version = :before',
    ExpressionAttributeNames: { '#version': 'version', '#state': 'state' },
    ExpressionAttributeValues: marshal({
      ':version': rest.version,
      ':state': rest.state,
      ':body': rest.body,
      ':before': rest.version - 1,
      ':expiresAt': expiresAt,
    }),
  });
  await conditionally(client.send(update));
};

const TRIES = 8;

/** An alert changed faster than one could look. */
export class AlertContended extends Error {
  override readonly name = 'AlertContended';
}

/**
 * Changes an alert as it is now; when somebody else was faster, once more from what is there then.
 * @param change the alert one version on, or `undefined` to leave it
 * @returns the alert as it is after that, `undefined` when there is none
 * @throws {AlertContended}
 */
export const changeAlert = async (
  registry: Registry,
  id: string,
  change: (kept: KeptAlert) => KeptAlert | undefined,
): Promise<{ readonly kept: KeptAlert; readonly changed: boolean } | undefined> => {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const before = await readAlert(registry, id);
    if (before === undefined) return undefined;
    const after = change(before);
    if (after === undefined) {
      // Whoever ended it may have failed before what points at it was gone.
      if (!before.alert.active) await tidy(registry, before);
      return { kept: before, changed: false };
    }
    try {
      await replace(registry, after);
    } catch (error) {
      if (error instanceof ConditionFailed) continue;
      throw error;
    }
    if (!after.alert.active || after.alert.state === 'closed') await tidy(registry, after);
    return { kept: after, changed: true };
  }
  throw new AlertContended(`the alert ${id} changes too fast`);
};

/** Notes up to which version what happened to an alert was announced. */
export const noteAnnounced = async (
  { client, table }: Registry,
  id: string,
  version: number,
): Promise<void> => {
  const update = new UpdateItemCommand({
    TableName: table,
    Key: key(id),
    UpdateExpression: 'SET announced = :version',
    ConditionExpression: 'announced < :version',
    ExpressionAttributeValues: marshal({ ':version': version }),
  });
  // Another was faster, and further.
  await isWritten(client.send(update));
};

/** What a list asks for. */
export interface AlertRange {
  /** Identifier to go on below. */
  readonly below: string | undefined;
  readonly state: AlertState | undefined;
  readonly priority: Priority | undefined;
  /** Alerts looked at, at most. */
  readonly limit: number;
}

/** A piece of a list, and the identifier to go on below; `undefined` at the end. */
export interface AlertSlice {
  readonly alerts: readonly KeptAlert[];
  readonly seen: string | undefined;
}

/** Greater than any identifier. */
const END = '~';

const matching = (alerts: readonly KeptAlert[], { state, priority }: AlertRange): KeptAlert[] =>
  alerts.filter(
    ({ alert: { state: is, rule } }) =>
      (state === undefined || is === state) && (priority === undefined || rule.priority === priority),
  );

const listKind = (
  { client, table }: Registry,
  kind: string,
  { below = END, limit }: AlertRange,
  filters: Readonly<Record<string, string | undefined>> = {},
) => {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  return readPage(client, table, {
    index: LISTING_INDEX.name,
    condition: 'kind = :kind AND listKey < :below',
    values: marshal({
      ':kind': kind,
      ':below': below,
      ...Object.fromEntries(given.map(([name, value]) => [`:${name}`, value])),
    }),
    ...(given.length === 0
      ? {}
      : {
          filter: given.map(([name]) => `#${name} = :${name}`).join(' AND '),
          names: Object.fromEntries(given.map(([name]) => [`#${name}`, name])),
        }),
    consistent: false,
    descending: true,
    limit,
  });
};

/** Alerts of a site that are not closed, the newest first. */
export const listOpenAlerts = async (
  registry: Registry,
  site: string,
  range: AlertRange,
): Promise<AlertSlice> => {
  const { items, next } = await listKind(registry, openAlertKind(site), range);
  const alerts = await readAlerts(
    registry,
    items.map(({ listKey }) => listKey?.S ?? ''),
  );
  const open = alerts.filter(({ alert: { state } }) => state !== 'closed');
  return { alerts: matching(open, range), seen: next?.['listKey']?.S };
};

/** All alerts of a site, the newest first. */
export const listSiteAlerts = async (
  registry: Registry,
  site: string,
  range: AlertRange,
): Promise<AlertSlice> => {
  const { state, priority } = range;
  const { items, next } = await listKind(registry, alertKind(site), range, { state, priority });
  const kept = items.map(fromItem).flatMap((one) => (isEarly(one) ? [] : [one]));
  return { alerts: kept, seen: next?.['listKey']?.S };
};

/** Alerts of a device, the newest first. */
export const listDeviceAlerts = async (
  registry: Registry,
  device: string,
  range: AlertRange,
): Promise<AlertSlice> => {
  const { below = END, limit } = range;
  const { items, next } = await readPage(registry.client, registry.table, {
    condition: 'pk = :pk AND sk BETWEEN :low AND :high',
    values: marshal({ ':pk': alertsKey(device), ':low': POINTER, ':high': `${POINTER}${below}` }),
    consistent: true,
    descending: true,
    // The one to go on below is among them.
    limit: limit + 1,
  });
  const ids = items
    .map(({ sk }) => (sk?.S ?? '').slice(POINTER.length))
    .filter((id) => id < below)
    .slice(0, limit);
  return {
    alerts: matching(await readAlerts(registry, ids), range),
    seen: next === undefined && items.length <= limit ? undefined : ids.at(-1),
  };
};

const silentAlert = z.object({
  id: z.string(),
  rule: z.string(),
  type: z.string(),
  site: z.string(),
  device: z.string(),
  channel: z.string().optional(),
});
/** An active alert of silence. */
export type SilentAlert = z.infer<typeof silentAlert>;

/**
 * Active alerts of silence, by site and device.
 * @param after list key of a device, excluded
 * @param to list key of a device, included; to the end when absent
 */
export const listSilent = async (
  registry: Registry,
  after: string | undefined,
  to: string | undefined,
): Promise<SilentAlert[]> => {
  const pages = queryPages(registry.client, registry.table, {
    index: LISTING_INDEX.name,
    condition: 'kind = :kind AND listKey BETWEEN :low AND :high',
    values: marshal({
      ':kind': SILENT_KIND,
      ':low': after === undefined ? '!' : `${after}$`,
      ':high': to === undefined ? '~' : `${to}$`,
    }),
    consistent: false,
  });
  const found: SilentAlert[] = [];
  for await (const items of pages)
    for (const { id, rule, type, site, device, channel } of items)
      found.push(
        silentAlert.parse({
          id: id?.S,
          rule: rule?.S,
          type: type?.S,
          site: site?.S,
          device: device?.S,
          channel: channel?.S,
        }),
      );
  return found;
};
