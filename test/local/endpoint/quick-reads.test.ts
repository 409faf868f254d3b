import { Readable } from 'node:stream';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManyLatest } from '../../../lambdas/store/measurements/latest.ts';
import { readItemsByHour } from '../../../lambdas/store/measurements/read-hours.ts';
import { readStored } from '../../../lambdas/store/measurements/rollup-read.ts';
import { readRegistry } from '../../../lambdas/store/registry/lookup.ts';
import { DynamoEngine } from '../../../local/endpoint/dynamodb/engine.ts';
import { QuickReads } from '../../../local/endpoint/dynamodb/quick-reads.ts';
import { provisionTable, tablesOf } from '../../../local/endpoint/dynamodb/tables.ts';
import { assembly, silent, TABLE } from '../../support/endpoint.ts';

const TABLE_NAME = 'registry';
const DEFINITION = {
  KeySchema: [{ AttributeName: 'pk' }, { AttributeName: 'sk' }],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
};

type Attributes = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
interface Reply {
  readonly Items?: readonly Attributes[];
  readonly Responses?: Readonly<Record<string, readonly Attributes[]>>;
  readonly ConsumedCapacity?: unknown;
}

const nameOf = ({ pk, sk }: Attributes): string => JSON.stringify([pk, sk]);

describe('quick reads', () => {
  let engine: DynamoEngine;
  beforeAll(async () => {
    const tables = tablesOf(assembly([TABLE]));
    engine = await DynamoEngine.open(undefined, new Map(), 'us-east-1', '123456789012', silent);
    for (const table of tables.values()) await provisionTable(engine, table);
  });
  afterAll(() => engine.close());

  const call = async (operation: string, input: object): Promise<Reply> => {
    const { status, body } = await engine.call(operation, JSON.stringify(input));
    expect(status, body.toString()).toBe(200);
    return JSON.parse(body.toString());
  };
  /** As dynalite answers: who asks for the capacity is not answered quickly. */
  const slow = async (operation: string, input: object): Promise<Reply> => {
    const { ConsumedCapacity: _, ...reply } = await call(operation, {
      ...input,
      ReturnConsumedCapacity: 'TOTAL',
    });
    return reply;
  };
  /** Twice: the first answer of a form comes from dynalite. */
  const quick = async (operation: string, input: object): Promise<Reply> => {
    await call(operation, input);
    return await call(operation, input);
  };
  const write = async (items: readonly Attributes[]): Promise<void> => {
    for (let start = 0; start < items.length; start += 25) {
      const puts = items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
      await call('BatchWriteItem', { RequestItems: { [TABLE_NAME]: puts } });
    }
  };

  const key = fc.constantFrom(
    'a',
    'a#1',
    'a#1~',
    'ä',
    'b',
    '2026-03-01',
    '2026-03-01T00#x',
    '~',
    'µ/"\\',
    '😀',
  );
  const pk = fc.constantFrom('one', 'two', 'zwölf');
  const item = fc.record({
    pk: pk.map((S) => ({ S })),
    sk: key.map((S) => ({ S })),
    v: fc.oneof(
      fc.string().map((S) => ({ S })),
      fc.integer().map((n) => ({ N: String(n) })),
      fc.uint8Array().map((bytes) => ({ B: Buffer.from(bytes).toString('base64') })),
    ),
    w: fc.boolean().map((BOOL) => ({ BOOL })),
    'a "name"\\': fc.array(fc.string().map((S) => ({ S }))).map((L) => ({ M: { '{"': { L } } })),
  });
  const items = fc.uniqueArray(item, { selector: nameOf, minLength: 1, maxLength: 30 });
  const projection = fc.constantFrom(
    {},
    { ProjectionExpression: 'sk,v' },
    { ProjectionExpression: 'pk,gone' },
  );

  it('give the items that dynalite gives', async () => {
    const asked = fc.record({
      items,
      pk,
      low: key,
      high: key,
      projection,
      consistent: fc.boolean(),
      missing: fc.uniqueArray(key, { maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(asked, async ({ items, pk, low, high, projection, consistent, missing }) => {
        await write(items);
        const [from, to] = [low, high].sort();
        const question = { TableName: TABLE_NAME, ConsistentRead: consistent, ...projection };
        const values = { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: to } };
        for (const condition of [
          { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': { S: pk } } },
          {
            KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
            ExpressionAttributeValues: values,
          },
          {
            KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
            ExpressionAttributeValues: { ':pk': { S: pk }, ':prefix': { S: low } },
          },
        ]) {
          const query = { ...question, ...condition };
          expect(await quick('Query', query)).toEqual(await slow('Query', query));
        }
        const keys = new Map(
          [...items, ...missing.map((sk) => ({ pk: { S: 'nobody' }, sk: { S: sk } }))].map((one) => [
            nameOf(one),
            { pk: one.pk, sk: one.sk },
          ]),
        );
        const request = { Keys: [...keys.values()], ConsistentRead: consistent, ...projection };
        const batch = { RequestItems: { [TABLE_NAME]: request } };
        const sorted = ({ Responses, ...rest }: Reply) => ({
          ...rest,
          found: (Responses?.[TABLE_NAME] ?? [])
            .map((one) => JSON.stringify(Object.entries(one).sort()))
            .sort(),
        });
        expect(sorted(await quick('BatchGetItem', batch))).toEqual(sorted(await slow('BatchGetItem', batch)));
      }),
      { numRuns: 40 },
    );
  });

  it('see what was written, changed and deleted just before', async () => {
    const Key = { pk: { S: 'fresh' }, sk: { S: 'x' } };
    const batch = { RequestItems: { [TABLE_NAME]: { Keys: [Key], ConsistentRead: true } } };
    const read = async () => (await quick('BatchGetItem', batch)).Responses?.[TABLE_NAME];
    expect(await read()).toEqual([]);
    for (const n of ['1', '2']) {
      await call('PutItem', { TableName: TABLE_NAME, Item: { ...Key, n: { N: n } } });
      expect(await read()).toEqual([{ ...Key, n: { N: n } }]);
    }
    await call('DeleteItem', { TableName: TABLE_NAME, Key });
    expect(await read()).toEqual([]);
  });

  it('go on in pages as dynalite does where there is more than one', async () => {
    const many = Array.from({ length: 30 }, (_, at) => ({
      pk: { S: 'large' },
      sk: { S: String(at).padStart(2, '0') },
      v: { S: 'x'.repeat(50_000) },
    }));
    await write(many);
    const query = {
      TableName: TABLE_NAME,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: 'large' } },
    };
    const page = await quick('Query', query);
    expect(page).toEqual(await slow('Query', query));
    expect(page).toHaveProperty('LastEvaluatedKey');
  });

  it('give a batch whole up to 16 MB, as DynamoDB does, where dynalite leaves keys unread after one', async () => {
    const many = Array.from({ length: 30 }, (_, at) => ({
      pk: { S: 'batch' },
      sk: { S: String(at) },
      v: { S: 'x'.repeat(50_000) },
    }));
    await write(many);
    const get = async (Keys: readonly object[]) =>
      (await quick('BatchGetItem', { RequestItems: { [TABLE_NAME]: { Keys } } })).Responses?.[TABLE_NAME];
    const keys = many.map(({ pk, sk }) => ({ pk, sk }));
    await get(keys.slice(0, 1));
    expect(new Set((await get(keys))?.map(nameOf))).toEqual(new Set(many.map(nameOf)));
  });

  it('take what the stores of functions ask for to answer a query, as they send it', async () => {
    const sent: (readonly [operation: string, body: string])[] = [];
    const handle = async (request: { readonly headers: Record<string, string>; readonly body: string }) => {
      sent.push([request.headers['x-amz-target']?.split('.')[1] ?? '', String(request.body)]);
      return { response: { statusCode: 200, headers: {}, body: Readable.from([Buffer.from('{}')]) } };
    };
    const client = new DynamoDBClient({
      region: 'us-east-1',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      requestHandler: { handle } as never,
    });
    const stored = { client, table: TABLE_NAME };
    await readRegistry(stored, { devices: ['d'], types: ['t'] });
    await readManyLatest(stored, ['d', 'e']);
    await readItemsByHour(stored, 'd', 0, 3600e6).next();
    await readStored(stored, 'd#r1m', '2026-03-01', '2026-03-02', ['pk', 'sk', 'm']).next();
    expect(sent.map(([operation]) => operation)).toEqual(['BatchGetItem', 'BatchGetItem', 'Query', 'Query']);
    const nothing = () => expect.unreachable();
    const reads = new QuickReads({ getSync: nothing, values: nothing }, () => DEFINITION);
    for (const [operation, body] of sent) expect(reads.read(operation, body), body).toBeDefined();
  });

  it('are of what functions ask for, and of nothing that dynalite would refuse', () => {
    const nothing = () => expect.unreachable();
    const reads = new QuickReads({ getSync: nothing, values: nothing }, (name) =>
      name === TABLE_NAME ? DEFINITION : undefined,
    );
    const isRead = (operation: string, input: unknown): boolean =>
      reads.read(operation, JSON.stringify(input)) !== undefined;
    const key = (n: number) => ({ pk: { S: 'p' }, sk: { S: `s${n}` } });
    const batch = (request: object, more = {}) => ({ RequestItems: { [TABLE_NAME]: request }, ...more });
    expect(isRead('BatchGetItem', batch({ Keys: [key(1)], ConsistentRead: true }))).toBe(true);
    expect(isRead('BatchGetItem', batch({ Keys: [key(1)], ProjectionExpression: 'pk,zs' }))).toBe(true);
    for (const request of [
      { Keys: [] },
      { Keys: [key(1), key(1)] },
      { Keys: Array.from({ length: 101 }, (_, n) => key(n)) },
      { Keys: [{ pk: { S: 'p' } }] },
      { Keys: [{ ...key(1), more: { S: 'x' } }] },
      { Keys: [{ pk: { S: 'p' }, sk: { N: '1' } }] },
      { Keys: [{ pk: { S: 'p' }, sk: { S: '' } }] },
      { Keys: [{ pk: { S: 'p', N: '1' }, sk: { S: 'x' } }] },
      { Keys: [key(1)], ConsistentRead: 'perhaps' },
      { Keys: [key(1)], ProjectionExpression: 'a[0].b' },
      { Keys: [key(1)], AttributesToGet: ['pk'] },
      { Keys: [key(1)], ProjectionExpression: '#a', ExpressionAttributeNames: { '#a': 'a' } },
    ])
      expect(isRead('BatchGetItem', batch(request)), JSON.stringify(request)).toBe(false);
    expect(isRead('BatchGetItem', { RequestItems: { other: { Keys: [key(1)] } } })).toBe(false);
    expect(isRead('BatchGetItem', batch({ Keys: [key(1)] }, { ReturnConsumedCapacity: 'TOTAL' }))).toBe(
      false,
    );
    const range = {
      TableName: TABLE_NAME,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: { ':pk': { S: 'p' }, ':from': { S: 'a' }, ':to': { S: 'b' } },
    };
    const { ExpressionAttributeValues: values } = range;
    expect(isRead('Query', range)).toBe(true);
    for (const other of [
      { KeyConditionExpression: 'sk = :pk' },
      { KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :gone' },
      { KeyConditionExpression: 'pk = :pk AND sk > :from' },
      { ExpressionAttributeValues: { ...values, ':more': { S: 'x' } } },
      { ExpressionAttributeValues: { ...values, ':from': { S: 'c' } } },
      { ExpressionAttributeValues: { ...values, ':from': { N: '1' } } },
      { ExclusiveStartKey: key(1) },
      { Limit: 1 },
      { IndexName: 'bySite' },
      { ScanIndexForward: false },
      { FilterExpression: 'v = :from' },
    ])
      expect(isRead('Query', { ...range, ...other }), JSON.stringify(other)).toBe(false);
    expect(reads.read('Query', '{')).toBeUndefined();
    expect(isRead('GetItem', { TableName: TABLE_NAME, Key: key(1) })).toBe(false);
  });
});
