/** Leases of devices: one `LEASE` item a device, which counts until its time. 1 write to take or give back, 1 read. */
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { type Lease, lease } from '../../../contracts/resources/commands.ts';
import { type Item, marshal, unmarshal } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import { deviceKey, ITEM_FORMAT, LEASE, type Registry } from './keys.ts';
import { readItem } from './single.ts';

const stored = z.object({ lease });

/** The lease of an item, while it counts. */
export const leaseFromItem = (item: Item | undefined, now: Date): Lease | undefined => {
  if (item === undefined) return undefined;
  const found = stored.parse(unmarshal(item)).lease;
  return Date.parse(found.until) > now.getTime() ? found : undefined;
};

/** The lease of a device that counts now. */
export const readLease = async (registry: Registry, device: string, now: Date): Promise<Lease | undefined> =>
  leaseFromItem(await readItem(registry, deviceKey(device), LEASE), now);

/**
 * Takes a lease, or makes one's own longer.
 * @returns whether nobody else held it
 */
export const takeLease = async (registry: Registry, wanted: Lease, now: Date): Promise<boolean> => {
  const put = new PutItemCommand({
    TableName: registry.table,
    Item: marshal({
      pk: deviceKey(wanted.device),
      sk: LEASE,
      format: ITEM_FORMAT,
      holder: wanted.holder.subject,
      until: Date.parse(wanted.until),
      expiresAt: Math.ceil(Date.parse(wanted.until) / 1000),
      lease: { ...wanted, holder: { ...wanted.holder } },
    }),
    ConditionExpression: 'attribute_not_exists(pk) OR #until <= :now OR holder = :holder',
    ExpressionAttributeNames: { '#until': 'until' },
    ExpressionAttributeValues: marshal({ ':now': now.getTime(), ':holder': wanted.holder.subject }),
  });
  return await isWritten(registry.client.send(put));
};

/** Ends a lease of this holder; one that is not there, or of another by now, stays as it is. */
export const endLease = async (registry: Registry, device: string, holder: string): Promise<boolean> =>
  await isWritten(
    registry.client.send(
      new DeleteItemCommand({
        TableName: registry.table,
        Key: marshal({ pk: deviceKey(device), sk: LEASE }),
        ConditionExpression: 'attribute_not_exists(pk) OR holder = :holder',
        ExpressionAttributeValues: marshal({ ':holder': holder }),
      }),
    ),
  );
