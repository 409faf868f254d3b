/**
 * History of connections: one item for each time that a device came or went, under a key of its own, so that an
 * event that comes late, doubled or out of order is written once and in its place. DynamoDB deletes it in time.
 *
 * An event costs a write unit besides that of the state; a range costs half a read unit for each 4 KB, which is
 * about thirty events.
 */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { COMPLETENESS_DAYS } from '../../../contracts/resources/completeness.ts';
import type { Micros } from '../../../contracts/time.ts';
import { marshal } from '../dynamodb/attributes.ts';
import { queryPages } from '../dynamodb/query.ts';
import { connectionsKey, ITEM_FORMAT, type Registry } from './keys.ts';
import type { ConnectionChange } from './presence.ts';

const SECONDS_PER_DAY = 86_400;

/** Milliseconds since the epoch as text that sorts by them. */
const timeKey = (millis: number): string => String(millis).padStart(15, '0');

/** Writes down that a device came or went; doing it again changes nothing. */
export const recordConnection = async (
  registry: Registry,
  { device, state, at, order }: ConnectionChange,
): Promise<void> => {
  await registry.client.send(
    new UpdateItemCommand({
      TableName: registry.table,
      Key: marshal({ pk: connectionsKey(device), sk: `${timeKey(at)}#${order}` }),
      UpdateExpression: 'SET #format = :format, #state = :state, expiresAt = :expiresAt',
      ExpressionAttributeNames: { '#format': 'format', '#state': 'state' },
      ExpressionAttributeValues: marshal({
        ':format': ITEM_FORMAT,
        ':state': state,
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
      ':from': timeKey(Math.ceil(from / 1000)),
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
