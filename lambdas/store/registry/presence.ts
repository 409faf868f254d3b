/** Connections of devices: one `CONNECTION` item each, made when the device is registered. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type Connection, connection } from '../../../contracts/resources/devices.ts';
import { marshal, unmarshal } from '../dynamodb/attributes.ts';
import { batchGet } from '../dynamodb/batch-get.ts';
import { doesNotHold, isWritten } from '../dynamodb/conditions.ts';
import { CONNECTION, deviceKey, ITEM_FORMAT, type Registry } from './keys.ts';
import { ensureItem, readItem } from './single.ts';

/** A lifecycle event of the broker, reduced to what is kept. */
export interface ConnectionChange {
  readonly device: string;
  readonly state: 'online' | 'offline';
  /** When the broker saw it, in milliseconds since the epoch. */
  readonly at: number;
  /** Place among the events of this client: greater is later; starts again after an hour offline. */
  readonly order: number;
  readonly session: string | undefined;
  readonly address: string | undefined;
  readonly certificateId?: string | undefined;
  readonly reason: string | undefined;
}

/**
 * Clocks of brokers agree to far less than this, and the numbering starts again only after about an hour
 * offline: events further apart are ordered by time, nearer ones by their number.
 */
const SAME_ERA_MILLIS = 5 * 60_000;

/** Whether a change is newer than another of the same device. */
export const supersedes = (
  change: Pick<ConnectionChange, 'at' | 'order'>,
  other: Pick<ConnectionChange, 'at' | 'order'>,
): boolean =>
  other.at < change.at - SAME_ERA_MILLIS ||
  (other.at <= change.at + SAME_ERA_MILLIS && other.order < change.order);

/** Makes the item of a device that has never connected; one that is there stays as it is. */
export const createConnection = async (registry: Registry, device: string): Promise<void> => {
  const item = {
    pk: deviceKey(device),
    sk: CONNECTION,
    format: ITEM_FORMAT,
    state: 'unknown',
    at: 0,
    order: -1,
    superseded: 0,
  };
  await ensureItem(registry, marshal(item));
};

const key = (device: string) => marshal({ pk: deviceKey(device), sk: CONNECTION });

/**
 * Has the next connection of a device told to whoever sends commands.
 * @returns whether the device is connected now, as far as is known
 */
export const awaitConnection = async (registry: Registry, device: string): Promise<boolean> => {
  const update = new UpdateItemCommand({
    TableName: registry.table,
    Key: key(device),
    UpdateExpression: 'SET awaited = :yes',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: marshal({ ':yes': true }),
    ReturnValues: 'ALL_NEW',
  });
  const { Attributes = {} } = await registry.client.send(update);
  return Attributes['state']?.S === 'online';
};

/** Ends the waiting of {@link awaitConnection}. */
export const stopAwaiting = async (registry: Registry, device: string): Promise<void> => {
  await isWritten(
    registry.client.send(
      new UpdateItemCommand({
        TableName: registry.table,
        Key: key(device),
        UpdateExpression: 'REMOVE awaited',
        ConditionExpression: 'attribute_exists(pk)',
      }),
    ),
  );
};

/** Whether a device is connected, as far as is known, and whether somebody waits for it to connect. */
export const readConnection = async (
  registry: Registry,
  device: string,
): Promise<{ readonly isOnline: boolean; readonly isAwaited: boolean }> => {
  const item = await readItem(registry, deviceKey(device), CONNECTION);
  return { isOnline: item?.['state']?.S === 'online', isAwaited: item?.['awaited']?.BOOL === true };
};

/** The certificate that a device is connected by, as far as is known. */
export const readConnectedBy = async (
  registry: Registry,
  device: string,
): Promise<{ readonly isOnline: boolean; readonly certificateId: string | undefined }> => {
  const item = await readItem(registry, deviceKey(device), CONNECTION);
  return { isOnline: item?.['state']?.S === 'online', certificateId: item?.['certificateId']?.S };
};

/**
 * What the broker last told of many devices. Half a read unit each; what was written a moment ago may be missing.
 * @returns by device; one that is not registered is absent
 * @throws {ItemsUnread} when DynamoDB gives no answer
 */
export const readManyConnections = async (
  { client, table }: Registry,
  devices: readonly string[],
): Promise<Map<string, Connection>> => {
  const items = await batchGet(client, table, [...new Set(devices)].map(key), { consistent: false });
  return new Map(
    items.map(
      (item) =>
        [(item['pk']?.S ?? '').slice(deviceKey('').length), connection.parse(unmarshal(item))] as const,
    ),
  );
};

const apply = (registry: Registry, change: ConnectionChange): UpdateItemCommand => {
  const { session, address, reason, certificateId } = change;
  const optional = { session, address, reason, certificateId };
  const sets = ['#state = :state', '#since = :since', '#at = :at', '#order = :order'];
  const removes: string[] = [];
  for (const [name, value] of Object.entries(optional)) {
    if (value === undefined) removes.push(`#${name}`);
    else sets.push(`#${name} = :${name}`);
  }
  return new UpdateItemCommand({
    TableName: registry.table,
    Key: key(change.device),
    UpdateExpression: `SET ${sets.join(', ')}${removes.length > 0 ? ` REMOVE ${removes.join(', ')}` : ''}`,
    ReturnValues: 'ALL_NEW',
    ConditionExpression: 'attribute_exists(pk) AND (#at < :before OR (#at <= :after AND #order < :order))',
    ExpressionAttributeNames: Object.fromEntries(
      ['state', 'since', 'at', 'order', ...Object.keys(optional)].map((name) => [`#${name}`, name]),
    ),
    ExpressionAttributeValues: marshal({
      ':state': change.state,
      ':since': new Date(change.at).toISOString(),
      ':at': change.at,
      ':order': change.order,
      ':before': change.at - SAME_ERA_MILLIS,
      ':after': change.at + SAME_ERA_MILLIS,
      ...Object.fromEntries(Object.entries(optional).map(([name, value]) => [`:${name}`, value])),
    }),
  });
};

/** What became of a lifecycle event. */
export interface Applied {
  readonly outcome: 'applied' | 'superseded' | 'unknown';
  /** Somebody waits for this device to connect, and it just did. */
  readonly awaited: boolean;
}

/**
 * Applies a lifecycle event. Events may come late, doubled and out of order: an event that is not newer than
 * what is known changes nothing but a count.
 * @returns `unknown` when no device of this identifier is registered
 */
export const applyConnection = async (registry: Registry, change: ConnectionChange): Promise<Applied> => {
  try {
    const { Attributes = {} } = await registry.client.send(apply(registry, change));
    return {
      outcome: 'applied',
      awaited: change.state === 'online' && Attributes['awaited']?.BOOL === true,
    };
  } catch (error) {
    if (!doesNotHold(error)) throw error;
  }
  const count = new UpdateItemCommand({
    TableName: registry.table,
    Key: key(change.device),
    UpdateExpression: 'ADD superseded :one',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: marshal({ ':one': 1 }),
  });
  const outcome = (await isWritten(registry.client.send(count))) ? 'superseded' : 'unknown';
  return { outcome, awaited: false };
};
