/** Types and devices, put into the registry the short way. */
import { BatchWriteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { deviceToItem, typeToItem } from '../../../lambdas/store/registry/items.ts';

export const SITE = 'lab';
export const MADE = { createdAt: '2026-01-01T00:00:00Z', createdBy: 'bench' };

const ENROLMENT = {
  M: { requestHash: { S: '-' }, certificateArn: { S: '-' }, certificatePem: { S: '-' } },
};

const ITEMS_AT_ONCE = 25;

export const putRegistry = async (
  client: DynamoDBClient,
  table: string,
  type: InstrumentType,
  names: readonly string[],
): Promise<void> => {
  const devices = names.map((id) => ({
    ...deviceToItem({
      id,
      site: SITE,
      type: type.id,
      state: 'active',
      updatedAt: MADE.createdAt,
      version: 1,
      ...MADE,
    }),
    enrolment: ENROLMENT,
  }));
  const items = [typeToItem(type), ...devices];
  for (let at = 0; at < items.length; at += ITEMS_AT_ONCE) {
    const part = items.slice(at, at + ITEMS_AT_ONCE).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: part } }));
  }
};
