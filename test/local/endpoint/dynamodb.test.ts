import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import type { Resource } from '../../../local/types.ts';
import { arn, assembly, KEY_ARN, ROLE, resource, SmallIam, silent, TABLE } from '../../support/endpoint.ts';

const TableName = 'registry';
const TABLE_ARN = arn('dynamodb', 'table/registry');

describe('dynamodb', () => {
  let iam: SmallIam;
  let db: DynamoDBClient;
  let close: () => Promise<void>;

  async function start(dataDir?: string, table: Resource = TABLE) {
    const endpoint = await startEndpoint({
      assembly: assembly([resource('AWS::KMS::Key', 'k1', {}, KEY_ARN), table]),
      iam,
      log: silent,
      host: '127.0.0.1',
      port: 0,
      ...(dataDir === undefined ? {} : { dataDir }),
    });
    db = new DynamoDBClient({
      endpoint: endpoint.url,
      region: 'us-east-1',
      credentials: iam.role,
      maxAttempts: 1,
    });
    close = async () => {
      db.destroy();
      await endpoint.close();
    };
    return endpoint;
  }

  beforeEach(() => {
    iam = new SmallIam();
    iam.grants = [['dynamodb:*', '*']];
  });
  afterEach(() => close());

  const item = (n: number, more = {}) => ({ pk: { S: 'device' }, sk: { S: `h#${n}` }, ...more });
  const put = (Item: ReturnType<typeof item>, more = {}) =>
    db.send(new PutItemCommand({ TableName, Item, ...more }));

  it('serves the usual calls of a real client', async () => {
    await start();
    await put(item(1, { data: { B: Buffer.from([1, 2, 3]) }, site: { S: 'berlin' } }));
    await expect(put(item(1), { ConditionExpression: 'attribute_not_exists(pk)' })).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
    });
    await db.send(
      new UpdateItemCommand({
        TableName,
        Key: item(1),
        UpdateExpression: 'SET #n = if_not_exists(#n, :zero) + :one',
        ExpressionAttributeNames: { '#n': 'count' },
        ExpressionAttributeValues: { ':zero': { N: '0' }, ':one': { N: '1' } },
      }),
    );
    const { Item } = await db.send(new GetItemCommand({ TableName, Key: item(1), ConsistentRead: true }));
    expect(Item).toMatchObject({ count: { N: '1' }, data: { B: Uint8Array.of(1, 2, 3) } });
    const bySite = await db.send(
      new QueryCommand({
        TableName,
        IndexName: 'bySite',
        KeyConditionExpression: 'site = :s',
        ExpressionAttributeValues: { ':s': { S: 'berlin' } },
      }),
    );
    expect(bySite.Items).toEqual([{ ...item(1), site: { S: 'berlin' } }]);
    const ttl = await db.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(ttl.TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' });
    await expect(
      db.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: item(2) } }] })),
    ).rejects.toThrow('TransactWriteItems');
  });

  it('counts capacity as the service does', async () => {
    await start();
    const ReturnConsumedCapacity = 'INDEXES' as const;
    // 1 500 bytes in the table are 2 units; the keys in the index are 1.
    const made = await put(item(1, { site: { S: 'berlin' }, data: { B: Buffer.alloc(1500) } }), {
      ReturnConsumedCapacity,
    });
    expect(made.ConsumedCapacity).toMatchObject({
      CapacityUnits: 3,
      Table: { CapacityUnits: 2 },
      GlobalSecondaryIndexes: { bySite: { CapacityUnits: 1 } },
    });
    // The index keeps keys only: nothing to write there.
    const changed = await put(item(1, { site: { S: 'berlin' }, data: { B: Buffer.alloc(10) } }), {
      ReturnConsumedCapacity,
    });
    expect(changed.ConsumedCapacity).toMatchObject({ CapacityUnits: 2, Table: { CapacityUnits: 2 } });
    expect(changed.ConsumedCapacity?.GlobalSecondaryIndexes).toBeUndefined();
    // Another key in the index: one delete and one put there.
    const moved = await put(item(1, { site: { S: 'rome' } }), { ReturnConsumedCapacity: 'TOTAL' });
    expect(moved.ConsumedCapacity?.CapacityUnits).toBe(3);
    const batch = await db.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: [2, 3, 4].map((n) => ({
            PutRequest: { Item: item(n, { data: { B: Buffer.alloc(3000) } }) },
          })),
        },
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    expect(batch.ConsumedCapacity?.[0]?.CapacityUnits).toBe(9);
    const query = (pk: string, ConsistentRead: boolean) =>
      db.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :p',
          ExpressionAttributeValues: { ':p': { S: pk } },
          ConsistentRead,
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
    // A little over 9 000 bytes together are 3 units of 4 KiB, half of that when eventually consistent.
    expect((await query('device', true)).ConsumedCapacity?.CapacityUnits).toBe(3);
    expect((await query('device', false)).ConsumedCapacity?.CapacityUnits).toBe(1.5);
    expect((await query('nobody', false)).ConsumedCapacity?.CapacityUnits).toBe(0.5);
    const read = await db.send(
      new BatchGetItemCommand({
        RequestItems: { [TableName]: { Keys: [2, 3, 9].map((n) => item(n)) } },
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    expect(read.ConsumedCapacity?.[0]?.CapacityUnits).toBe(1.5);
  });

  it('asks for every table and index that a call touches', async () => {
    await start();
    iam.grants = [['dynamodb:Query', TABLE_ARN]];
    const query = (IndexName?: string) =>
      db.send(
        new QueryCommand({
          TableName,
          IndexName,
          KeyConditionExpression: IndexName === undefined ? 'pk = :p' : 'site = :p',
          ExpressionAttributeValues: { ':p': { S: 'x' } },
        }),
      );
    await query();
    await expect(query('bySite')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: ${ROLE} is not authorized to perform: dynamodb:Query on resource: ${TABLE_ARN}/index/bySite because no identity-based policy allows the dynamodb:Query action`,
    });
    iam.grants = [['dynamodb:BatchGetItem', TABLE_ARN]];
    await expect(
      db.send(
        new BatchGetItemCommand({
          RequestItems: { [TableName]: { Keys: [item(1)] }, other: { Keys: [item(1)] } },
        }),
      ),
    ).rejects.toThrow('table/other');
  });

  it('asks for the use of a customer key', async () => {
    await start(undefined, {
      ...TABLE,
      properties: {
        ...TABLE.properties,
        Replicas: [{ Region: 'us-east-1', SSESpecification: { KMSMasterKeyId: KEY_ARN } }],
      },
    });
    await expect(put(item(1))).rejects.toThrow('kms:Decrypt');
    iam.grants = [...iam.grants, ['kms:Decrypt', KEY_ARN]];
    await put(item(1));
  });

  it('throttles and fails as told, the same way for the same seed', async () => {
    const endpoint = await start();
    const outcomes = async () => {
      const names: string[] = [];
      for (let n = 0; n < 30; n += 1) {
        names.push(
          await put(item(n)).then(
            () => 'ok',
            (error: Error) => error.name,
          ),
        );
      }
      return names;
    };
    const fault = { service: 'dynamodb', operation: 'PutItem', resource: TableName, rate: 0.3 } as const;
    const remove = endpoint.faults.set({ ...fault, kind: 'throttle', seed: 7 });
    const first = await outcomes();
    expect(new Set(first)).toEqual(new Set(['ok', 'ProvisionedThroughputExceededException']));
    expect(endpoint.faults.injected).toBe(first.filter((name) => name !== 'ok').length);
    remove();
    endpoint.faults.set({ ...fault, kind: 'throttle', seed: 7 });
    expect(await outcomes()).toEqual(first);
    endpoint.faults.clear();
    // The reply is lost, the write is not.
    endpoint.faults.set({ ...fault, rate: 1, kind: 'lost-reply', seed: 1 });
    await expect(put(item(99))).rejects.toMatchObject({ name: 'InternalServerError' });
    expect((await db.send(new GetItemCommand({ TableName, Key: item(99) }))).Item).toEqual(item(99));
  });

  it('leaves parts of batches undone as told, and says which', async () => {
    const endpoint = await start();
    endpoint.faults.set({ service: 'dynamodb', rate: 1, kind: 'partial', seed: 3 });
    const requests = Array.from({ length: 20 }, (_, n) => ({ PutRequest: { Item: item(n) } }));
    const written = await db.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
    const left = written.UnprocessedItems?.[TableName] ?? [];
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(20);
    const Keys = requests.map((request) => request.PutRequest.Item);
    const read = await db.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys } } }));
    expect(read.UnprocessedKeys?.[TableName]?.Keys?.length).toBeGreaterThan(0);
    endpoint.faults.clear();
    const all = await db.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys } } }));
    const undone = new Set(left.map((request) => request.PutRequest?.Item?.['sk']?.S));
    expect(new Set(all.Responses?.[TableName]?.map((found) => found['sk']?.S))).toEqual(
      new Set(Keys.map((key) => key.sk.S).filter((sk) => !undone.has(sk))),
    );
    // What is no batch is throttled.
    endpoint.faults.set({ service: 'dynamodb', rate: 1, kind: 'partial', seed: 3 });
    await expect(put(item(1))).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
  });

  it('keeps items over a restart and refuses a folder of other tables', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'labgate-'));
    try {
      await start(dataDir);
      await put(item(1, { v: { S: 'kept' } }));
      await close();
      await start(dataDir);
      const { Item } = await db.send(new GetItemCommand({ TableName, Key: item(1) }));
      expect(Item).toEqual(item(1, { v: { S: 'kept' } }));
      await close();
      close = async () => undefined;
      const other = { ...TABLE, properties: { ...TABLE.properties, GlobalSecondaryIndexes: [] } };
      const { AttributeDefinitions } = TABLE.properties;
      await expect(
        start(dataDir, {
          ...other,
          properties: {
            ...other.properties,
            AttributeDefinitions: Array.isArray(AttributeDefinitions) ? AttributeDefinitions.slice(0, 2) : [],
          },
        }),
      ).rejects.toThrow('start with another folder');
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });
});
