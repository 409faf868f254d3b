import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterEach, expect, test } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import type { EventSources } from '../../../local/events/index.ts';
import { startEventSources } from '../../../local/events/index.ts';
import type { LocalFunctions } from '../../../local/lambda/index.ts';
import { startFunctions } from '../../../local/lambda/index.ts';
import type { JsonObject } from '../../../local/types.ts';
import { TestIam, World } from '../../support/functions.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/measurements';
/** Gives back, through its log, what it got. */
const RECORDER = `
export const handler = async (event) => {
  console.log(JSON.stringify(event.Records.map((r) => Buffer.from(r.kinesis.data, 'base64').toString())));
};`;

interface Setup {
  readonly code?: string;
  readonly shards?: number;
  readonly mapping?: JsonObject;
  readonly iam?: TestIam;
  readonly timeout?: number;
}

const start = async (setup: Setup = {}) => {
  const world = new World();
  const iam = setup.iam ?? new TestIam();
  const functionArn = world.function('ingest', setup.code ?? RECORDER, { Timeout: setup.timeout ?? 10 });
  world.resource('AWS::Kinesis::Stream', 'measurements', STREAM, {
    Name: 'measurements',
    ShardCount: setup.shards ?? 1,
  });
  world.resource('AWS::S3::Bucket', 'archive', 'arn:aws:s3:::archive', { BucketName: 'archive' });
  world.resource('AWS::Lambda::EventSourceMapping', 'mapping', 'arn:aws:lambda:::mapping', {
    FunctionName: 'ingest',
    EventSourceArn: STREAM,
    StartingPosition: 'TRIM_HORIZON',
    BatchSize: 100,
    ...setup.mapping,
  });
  const { assembly, log } = world;
  closers.push(() => world.dispose());
  const endpoint = await startEndpoint({ assembly, iam, log, host: '127.0.0.1', port: 0 });
  closers.push(() => endpoint.close());
  const functions: LocalFunctions = await startFunctions({ assembly, iam, log, endpoint });
  closers.push(() => functions.close());
  const events: EventSources = await startEventSources({ assembly, iam, log, endpoint, functions });
  closers.push(() => events.close());
  const put = (...values: readonly (readonly [key: string, value: string])[]) =>
    endpoint.kinesis.put(
      'writer',
      STREAM,
      values.map(([partitionKey, value]) => ({ partitionKey, data: Buffer.from(value) })),
    );
  /** Batches as the function saw them. */
  const batches = (): string[][] =>
    functions
      .logs('ingest')
      .map(({ message }) => JSON.parse(message))
      .filter((line) => line.type === undefined && line.level === 'INFO')
      .map((line) => JSON.parse(line.message));
  return { world, iam, functionArn, endpoint, functions, events, put, batches };
};

const numbered = (key: string, count: number, from = 0): [string, string][] =>
  Array.from({ length: count }, (_, index) => [key, String(from + index)]);

test('records come once, in order, in batches of the size the mapping names', async () => {
  const { put, events, batches } = await start({ mapping: { BatchSize: 10 } });
  await put(...numbered('a', 25));
  await events.drain();
  expect(batches().flat()).toEqual(numbered('a', 25).map(([, value]) => value));
  expect(Math.max(...batches().map(({ length }) => length))).toBe(10);
  expect(events.stats().shards).toMatchObject([{ records: 25, retries: 0, givenUp: 0 }]);
});

test('a record looks as Lambda’s', async () => {
  const { put, events, functions } = await start({
    code: 'export const handler = async (event) => { console.log(JSON.stringify(event.Records)); };',
  });
  await put(['site-1/ü "x"', 'hello']);
  await events.drain();
  const [line] = functions.logs('ingest').map(({ message }) => JSON.parse(message));
  expect(JSON.parse(line.message)).toEqual([
    {
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: 'site-1/ü "x"',
        sequenceNumber: expect.stringMatching(/^\d{56}$/),
        data: Buffer.from('hello').toString('base64'),
        approximateArrivalTimestamp: expect.closeTo(Date.now() / 1000, -2),
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: expect.stringMatching(/^shardId-000000000000:\d{56}$/),
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: 'arn:aws:iam::000000000000:role/ingest',
      awsRegion: 'us-east-1',
      eventSourceARN: STREAM,
    },
  ]);
});

test('what is reported as failed comes again, with everything after it, and nothing before', async () => {
  const { put, events, batches } = await start({
    mapping: { FunctionResponseTypes: ['ReportBatchItemFailures'] },
    code: `let tries = 0;
    export const handler = async (event) => {
      const values = event.Records.map((r) => Buffer.from(r.kinesis.data, 'base64').toString());
      console.log(JSON.stringify(values));
      tries += 1;
      const at = values.indexOf('7');
      const later = values.indexOf('8');
      if (tries > 2 || at < 0) return { batchItemFailures: [] };
      return { batchItemFailures: [later, at].map((i) => ({ itemIdentifier: event.Records[i].kinesis.sequenceNumber })) };
    };`,
  });
  await put(...numbered('a', 10));
  await events.drain();
  expect(batches()).toEqual([
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    ['7', '8', '9'],
    ['7', '8', '9'],
  ]);
});

test('a batch that keeps failing is halved until the record that fails stands alone, which goes to S3 whole', async () => {
  const { put, events, endpoint, iam, functionArn, batches } = await start({
    mapping: {
      MaximumRetryAttempts: 1,
      BisectBatchOnFunctionError: true,
      DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::archive' } },
    },
    code: `export const handler = async (event) => {
      const values = event.Records.map((r) => Buffer.from(r.kinesis.data, 'base64').toString());
      if (values.includes('2')) throw new Error('poison');
      console.log(JSON.stringify(values));
    };`,
  });
  await put(...numbered('a', 4));
  await events.drain();
  expect(batches()).toEqual([['0', '1'], ['3']]);
  const s3 = new S3Client({
    region: 'us-east-1',
    endpoint: endpoint.url,
    credentials: iam.credentialsFor('reader'),
    forcePathStyle: true,
  });
  const { Contents: objects = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'archive' }));
  expect(objects).toHaveLength(1);
  const key = objects[0]?.Key ?? '';
  expect(key).toMatch(
    /^aws\/lambda\/[0-9a-f-]{36}\/shardId-000000000000\/\d{4}\/\d\d\/\d\d\/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f-]{36}$/,
  );
  const object = await s3.send(new GetObjectCommand({ Bucket: 'archive', Key: key }));
  s3.destroy();
  const record = JSON.parse((await object.Body?.transformToString()) ?? '');
  expect(record).toMatchObject({
    requestContext: { functionArn, condition: 'RetryAttemptsExhausted', approximateInvokeCount: 4 },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    KinesisBatchInfo: { shardId: 'shardId-000000000000', batchSize: 1, streamArn: STREAM },
    payload: { Records: [{ kinesis: { data: Buffer.from('2').toString('base64') } }] },
  });
  expect(events.stats().shards).toMatchObject([{ givenUp: 1 }]);
});

test('a function killed in the middle of a batch gets the batch again', async () => {
  const { put, events, functions, functionArn, batches } = await start({
    code: `import { existsSync, writeFileSync } from 'node:fs';
    export const handler = async (event) => {
      const flag = process.env.LAMBDA_TASK_ROOT + '/hung';
      const again = existsSync(flag);
      writeFileSync(flag, '');
      console.log(JSON.stringify(event.Records.map((r) => Buffer.from(r.kinesis.data, 'base64').toString())));
      if (!again) await new Promise(() => setInterval(() => 0, 1000));
    };`,
  });
  await put(['a', 'hang'], ['a', 'after']);
  await expect.poll(() => batches().length, { timeout: 20_000 }).toBe(1);
  await functions.kill(functionArn);
  await events.drain();
  expect(batches()).toEqual([
    ['hang', 'after'],
    ['hang', 'after'],
  ]);
});

test('several shards and several processors of one shard run side by side, each key in order', async () => {
  const { put, events, batches } = await start({
    shards: 3,
    mapping: { ParallelizationFactor: 2, BatchSize: 7 },
  });
  const keys = Array.from({ length: 12 }, (_, index) => `device-${index}`);
  for (let round = 0; round < 10; round += 1) {
    await put(...keys.map((key): [string, string] => [key, `${key}:${round}`]));
  }
  await events.drain();
  const seen = batches().flat();
  expect(seen).toHaveLength(120);
  for (const key of keys) {
    const own = seen.filter((value) => value.startsWith(`${key}:`));
    expect(own).toEqual(Array.from({ length: 10 }, (_, round) => `${key}:${round}`));
  }
  expect(events.stats().shards).toHaveLength(3);
});

test('no event is larger than 6 MB, however many records the batch may have', async () => {
  const { put, events, functions } = await start({
    mapping: { BatchSize: 10_000 },
    code: 'export const handler = async (event) => { console.log(JSON.stringify(event).length); };',
  });
  const record = 'x'.repeat(900_000);
  for (let count = 0; count < 12; count += 1) await put(['a', record]);
  await events.drain();
  const sizes = functions
    .logs('ingest')
    .map(({ message }) => JSON.parse(message))
    .filter(({ level }) => level === 'INFO')
    .map(({ message }) => Number(message));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(6 * 1024 * 1024);
  expect(Math.max(...sizes)).toBeGreaterThan(4_000_000);
  expect(events.stats().shards).toMatchObject([{ records: 12, givenUp: 0 }]);
});

test('records older than the mapping allows are given up without calling the function', async () => {
  const { put, events, batches, world } = await start({
    mapping: { MaximumRecordAgeInSeconds: 0 },
  });
  await put(['a', 'old']);
  await events.drain();
  expect(batches()).toEqual([]);
  expect(world.lines).toContainEqual(
    expect.objectContaining({ fields: expect.objectContaining({ condition: 'RecordAgeExceeded' }) }),
  );
});

test('LATEST begins with what comes after the start', async () => {
  const { put, events, batches } = await start({ mapping: { StartingPosition: 'LATEST' } });
  await put(['a', 'first']);
  await events.drain();
  expect(batches()).toEqual([['first']]);
});

test('a missing grant is recorded, said, and tried again', async () => {
  const iam = new TestIam('kinesis:GetRecords');
  const { put, world, events } = await start({ iam });
  await put(['a', 'x']);
  await expect
    .poll(() =>
      world.lines.filter(({ level, message }) => level === 'error' && message.includes('GetRecords')),
    )
    .not.toHaveLength(0);
  expect(iam.denials).toContainEqual({
    principal: 'arn:aws:iam::000000000000:role/ingest',
    action: 'kinesis:GetRecords',
    resource: STREAM,
  });
  iam.allow('kinesis:GetRecords');
  await events.drain();
  expect(events.stats().shards).toMatchObject([{ records: 1 }]);
});
