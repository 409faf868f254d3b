/**
 * History of connections: one item for each time that a device came or went, under a key of its own, so that an
 * event that comes late, doubled or out of order is written once and in its place. DynamoDB deletes it in time.
 *
 * An event costs a write unit besides that of the state; a range costs half a read unit for each 4 KB, which is
 * about thirty events.
 */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { COMPLETENESS_DAYS } from '../../../contracts/resources/completeness.ts';
import type { Micros } from '../../../contracts/time.ts';
import type { Change } from '../../domain/presence/sessions.ts';
import { type Item, marshal, unmarshal } from '../dynamodb/attributes.ts';
import { queryPages, readPage } from '../dynamodb/query.ts';
import { connectionsKey, ITEM_FORMAT, type Registry } from './keys.ts';
import type { ConnectionChange } from './presence.ts';

const SECONDS_PER_DAY = 86_400;

/** Whole milliseconds since the epoch, from this time on, as text that sorts by them. */
const timeKey = (millis: number): string => String(Math.ceil(millis)).padStart(15, '0');

/** Writes down that a device came or went; doing it again changes nothing. */
export const recordConnection = async (
  registry: Registry,
  { device, state, at, order, reason }: ConnectionChange,
): Promise<void> => {
  await registry.client.send(
    new UpdateItemCommand({
      TableName: registry.table,
      Key: marshal({ pk: connectionsKey(device), sk: `${timeKey(at)}#${order}` }),
      UpdateExpression: `SET #format = :format, #state = :state, expiresAt = :expiresAt${reason === undefined ? '' : ', reason = :reason'}`,
      ExpressionAttributeNames: { '#format': 'format', '#state': 'state' },
      ExpressionAttributeValues: marshal({
        ':format': ITEM_FORMAT,
        ':state': state,
        ':reason': reason,
        ':expiresAt': Math.ceil(at / 1000) + COMPLETENESS_DAYS * SECONDS_PER_DAY,
      }),
    }),
  );
};

/**
 * Reads when a device came or went.
 * @returns times in `[from, to]`, by time
 */
export const readConnections = async (
  registry: Registry,
  device: string,
  from: Micros,
  to: Micros,
): Promise<Micros[]> => {
  const question = {
    condition: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: marshal({
      ':pk': connectionsKey(device),
      ':from': timeKey(from / 1000),
      ':to': `${timeKey(Math.floor(to / 1000))}~`,
    }),
    attributes: ['sk'],
    consistent: false,
  };
  const times: Micros[] = [];
  for await (const items of queryPages(registry.client, registry.table, question))
    for (const { sk } of items) times.push(Number.parseInt(sk?.S ?? '', 10) * 1000);
  return times;
};

const stored = z.object({ state: z.enum(['online', 'offline']), reason: z.string().optional() });

const changeOf = (item: Item): Change => {
  const { state, reason } = stored.parse(unmarshal(item));
  const [at = '', order = ''] = (item['sk']?.S ?? '').split('#');
  return { at: Number(at), order: Number(order), state, reason };
};

/**
 * Reads the comings and goings of a device.
 * @param from milliseconds since the epoch
 * @param to milliseconds since the epoch, excluded
 * @returns by time
 */
export const readChanges = async (
  registry: Registry,
  device: string,
  from: number,
  to: number,
): Promise<Change[]> => {
  const question = {
    condition: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: marshal({ ':pk': connectionsKey(device), ':from': timeKey(from), ':to': timeKey(to) }),
    consistent: false,
  };
  const changes: Change[] = [];
  for await (const items of queryPages(registry.client, registry.table, question))
    changes.push(...items.map(changeOf));
  return changes;
};

/** The last time before a time that a device came or went. @param time milliseconds since the epoch */
export const readChangeBefore = async (
  registry: Registry,
  device: string,
  time: number,
): Promise<Change | undefined> => {
  const { items } = await readPage(registry.client, registry.table, {
    condition: 'pk = :pk AND sk < :time',
    values: marshal({ ':pk': connectionsKey(device), ':time': timeKey(time) }),
    consistent: false,
    descending: true,
    limit: 1,
  });
  const [last] = items;
  return last === undefined ? undefined : changeOf(last);
};
