import { BatchWriteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../../../contracts/resources/devices.ts';
import { instrumentType } from '../../../../contracts/resources/instrument-types.ts';
import { ItemsUnread } from '../../../../lambdas/store/dynamodb/batch-get.ts';
import { readDetail } from '../../../../lambdas/store/registry/devices.ts';
import { deviceToItem, typeToItem } from '../../../../lambdas/store/registry/items.ts';
import type { Registry } from '../../../../lambdas/store/registry/keys.ts';
import { readRegistry, saveReported } from '../../../../lambdas/store/registry/lookup.ts';
import { UnknownFormat } from '../../../../series/codec/unknown-format.ts';
import { type Aws, startAws } from '../../../support/aws.ts';

let aws: Aws;
let registry: Registry;
beforeAll(async () => {
  aws = await startAws();
  registry = { client: aws.dynamo, table: aws.registryTable };
  const devices = Array.from({ length: 230 }, (_, index) => deviceToItem(device(`device-${index}`)));
  const items = [...devices, typeToItem(TYPE)];
  for (let start = 0; start < items.length; start += 25) {
    const part = items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
    await aws.dynamo.send(new BatchWriteItemCommand({ RequestItems: { [registry.table]: part } }));
  }
}, 30_000);
afterAll(() => aws.close());
afterEach(() => aws.heal());

const AT = '2026-03-01T10:00:00.000Z';
const device = (id: string): Device => ({
  id,
  site: 'lab',
  type: 'ph-meter',
  state: 'active',
  createdAt: AT,
  createdBy: 'ada',
  updatedAt: AT,
  version: 1,
});
const TYPE = instrumentType.parse({
  id: 'ph-meter',
  name: 'pH meter',
  channels: { ph: { unit: '[pH]', range: { min: 0, max: 14 } } },
  version: 1,
  createdAt: AT,
  createdBy: 'ada',
});

describe('readRegistry', () => {
  it('reads any number of devices and types, a hundred at a time, each once', async () => {
    aws.calls.length = 0;
    const wanted = Array.from({ length: 240 }, (_, index) => `device-${index}`);
    const found = await readRegistry(registry, {
      devices: [...wanted, ...wanted],
      types: ['ph-meter', 'none'],
    });
    expect(aws.calls.map(({ action }) => action)).toEqual(Array(3).fill('dynamodb:BatchGetItem'));
    expect(found.devices.size).toBe(230);
    expect(found.devices.get('device-7')).toEqual({
      id: 'device-7',
      site: 'lab',
      type: 'ph-meter',
      state: 'active',
    });
    expect([...found.types]).toEqual([['ph-meter', TYPE]]);
  });

  const undone = (id: string) => ({
    Responses: {},
    UnprocessedKeys: {
      [registry.table]: { Keys: [{ pk: { S: `DEVICE#${id}` }, sk: { S: 'META' } }], ConsistentRead: true },
    },
  });

  it('asks again for what DynamoDB left out', async () => {
    aws.fail('dynamodb:BatchGetItem', { answer: undone('device-3'), left: 2 });
    const found = await readRegistry(registry, { devices: ['device-3'], types: [] });
    expect([...found.devices.keys()]).toEqual(['device-3']);
  });

  it('gives up in the end, or when it is told to', async () => {
    aws.fail('dynamodb:BatchGetItem', { answer: undone('device-3'), left: Number.POSITIVE_INFINITY });
    const wanted = { devices: ['device-3'], types: [] };
    await expect(readRegistry(registry, wanted, AbortSignal.timeout(20))).rejects.toThrow();
    await expect(readRegistry(registry, wanted)).rejects.toThrow(ItemsUnread);
  }, 20_000);

  it('asks nothing when nothing is wanted', async () => {
    aws.calls.length = 0;
    expect((await readRegistry(registry, { devices: [], types: [] })).devices.size).toBe(0);
    expect(aws.calls).toEqual([]);
  });

  it('does not swallow a refusal', async () => {
    aws.fail('dynamodb:BatchGetItem');
    await expect(readRegistry(registry, { devices: ['device-1'], types: [] })).rejects.toThrow('injected');
  });

  it('refuses an item of a shape that it does not know', async () => {
    const item = { ...deviceToItem(device('future')), format: { N: '9' } };
    await aws.dynamo.send(new PutItemCommand({ TableName: registry.table, Item: item }));
    await expect(readRegistry(registry, { devices: ['future'], types: [] })).rejects.toMatchObject({
      cause: expect.any(UnknownFormat),
    });
  });
});

describe('saveReported', () => {
  const T = 1_772_359_200_000_000;
  const reported = async () => (await readDetail(registry, 'device-1', new Date()))?.reported;

  it('keeps facts that changed, and only newer ones', async () => {
    const save = (facts: object, at: number) => saveReported(registry, 'device-1', facts, at);
    expect(await save({}, T)).toBe('unchanged');
    expect(await save({ firmware: '1.0', ip: '10.0.0.1' }, T)).toBe('saved');
    expect(await save({ firmware: '1.0' }, T + 1000)).toBe('unchanged');
    expect(await save({ firmware: '0.9' }, T - 1000)).toBe('unchanged');
    expect(await save({ firmware: '1.1', latitude: 52.5 }, T + 2_000_001)).toBe('saved');
    expect(await reported()).toEqual({
      firmware: '1.1',
      ip: '10.0.0.1',
      latitude: 52.5,
      at: '2026-03-01T10:00:02.000001Z',
    });
  });

  it('does not swallow a refusal', async () => {
    aws.fail('dynamodb:UpdateItem');
    await expect(saveReported(registry, 'device-1', { firmware: '2' }, T * 2)).rejects.toThrow('injected');
  });
});
