import { afterEach, expect, test } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import type { EventSources } from '../../../local/events/index.ts';
import { startEventSources } from '../../../local/events/index.ts';
import type { LocalFunctions } from '../../../local/lambda/index.ts';
import { startFunctions } from '../../../local/lambda/index.ts';
import type { JsonObject } from '../../../local/types.ts';
import { TestIam, World } from '../lambda/world.ts';

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
  const endpoint = await startEndpoint({ assembly, iam, log, host: '127.0.0.1', port: 0 });
  const functions: LocalFunctions = await startFunctions({ assembly, iam, log, endpoint });
  const events: EventSources = await startEventSources({ assembly, iam, log, endpoint, functions });
  closers.push(
    () => world.dispose(),
    () => endpoint.close(),
    () => functions.close(),
    () => events.close(),
  );
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
