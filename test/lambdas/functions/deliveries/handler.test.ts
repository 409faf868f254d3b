/** `deliveries` on the local gateway's own S3, with the objects that the rules engine and Lambda write. */
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Faults, startEndpoint } from '../../../../local/endpoint/index.ts';
import { assembly, resource, SmallIam, silent } from '../../../support/endpoint.ts';

const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/telemetry';
const NOW = Date.parse('2026-03-01T10:00:00.250Z');
const MESSAGE = JSON.stringify({ v: 1, session: 's', seq: 3, data: [{ n: 'temp', t: NOW, v: 20 }] });
const Bucket = 'archive';

let s3: S3Client;
let iam: SmallIam;
let faults: Faults;
let handler: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;
let close: () => Promise<void>;

beforeAll(async () => {
  iam = new SmallIam();
  const declared = assembly([resource('AWS::S3::Bucket', Bucket, {}, `arn:aws:s3:::${Bucket}`)]);
  const endpoint = await startEndpoint({ assembly: declared, iam, log: silent, host: '127.0.0.1', port: 0 });
  ({ faults } = endpoint);
  // What the role of the function holds, and no more.
  iam.grants = [
    ['s3:GetObject', `arn:aws:s3:::${Bucket}/rule-errors/data/*`],
    ['s3:GetObject', `arn:aws:s3:::${Bucket}/aws/lambda/*`],
    ['s3:PutObject', `arn:aws:s3:::${Bucket}/quarantine/*`],
  ];
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: iam.role.accessKeyId,
    AWS_SECRET_ACCESS_KEY: iam.role.secretAccessKey,
    AWS_SESSION_TOKEN: iam.role.sessionToken,
    ARCHIVE_BUCKET: Bucket,
    POWERTOOLS_SERVICE_NAME: 'test',
    POWERTOOLS_METRICS_NAMESPACE: 'labgate',
    LOG_LEVEL: 'SILENT',
  });
  s3 = new S3Client({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: iam.operator,
    forcePathStyle: true,
  });
  ({ handler } = await import('../../../../lambdas/functions/deliveries/handler.ts'));
  close = async () => {
    s3.destroy();
    await endpoint.close();
  };
}, 30_000);
afterAll(() => close());
afterEach(() => faults.clear());

const keep = (Key: string, document: unknown) =>
  s3.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body: typeof document === 'string' ? document : JSON.stringify(document),
    }),
  );

/** The batch of a queue in which S3 tells of objects, a message each. */
const told = (...keys: readonly string[]): SQSEvent =>
  ({
    Records: keys.map((key) => ({
      messageId: key,
      body: JSON.stringify({
        Records: [
          {
            eventName: 'ObjectCreated:Put',
            eventTime: '2026-03-01T10:00:09.000Z',
            s3: { object: { key: encodeURIComponent(key).replaceAll('%2F', '/') } },
          },
        ],
      }),
    })),
  }) as unknown as SQSEvent;

interface Entry {
  readonly notes: { readonly code: string; readonly detail: string }[];
  readonly bytes: string;
  readonly [member: string]: unknown;
}

/** Entries of a place by what is left of their keys. */
const entriesOf = async (place: string): Promise<Map<string, Entry>> => {
  const Prefix = `quarantine/${place}/`;
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  const read = Contents.map(async ({ Key = '' }) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return [Key.slice(Prefix.length), JSON.parse((await Body?.transformToString()) ?? '')] as const;
  });
  return new Map(await Promise.all(read));
};
const contentOf = ({ bytes }: Entry): string => Buffer.from(bytes, 'base64').toString();

let made = 0;
const refusedKey = (at = NOW): string =>
  `rule-errors/data/${at}-00000000-0000-4000-8000-${String(++made).padStart(12, '0')}.json`;
const refused = (topic: string, payload: string) => ({
  ruleName: 'labgate_dev_data',
  topic,
  cloudwatchTraceId: '7e146a2c-95b5-6caf-98b9-50e3969734c7',
  clientId: 'a',
  base64OriginalPayload: Buffer.from(payload).toString('base64'),
  failures: [
    { failedAction: 'KinesisAction', failedResource: 'telemetry', errorMessage: 'Rate exceeded for shard' },
  ],
});

const record = (partitionKey: string, sequenceNumber: string, payload: string) => ({
  kinesis: {
    kinesisSchemaVersion: '1.0',
    partitionKey,
    sequenceNumber,
    data: Buffer.from(payload).toString('base64'),
    approximateArrivalTimestamp: NOW / 1000,
  },
  eventSource: 'aws:kinesis',
  eventID: `shardId-000000000006:${sequenceNumber}`,
  eventSourceARN: STREAM,
});
const givenUpKey = (): string =>
  `aws/lambda/8a2b/shardId-000000000006/2026/03/01/2026-03-01T10.00.00-${++made}`;
const givenUp = (records: readonly object[], asText = false) => ({
  requestContext: { requestId: 'c9b8fa9f', functionArn: 'arn:f', condition: 'RecordAgeExceeded' },
  responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
  version: '1.0',
  timestamp: '2026-03-01T10:00:00.000Z',
  KinesisBatchInfo: { shardId: 'shardId-000000000006', batchSize: records.length, streamArn: STREAM },
  payload: asText ? JSON.stringify({ Records: records }) : { Records: records },
});

const take = (event: SQSEvent, millis = 60_000) =>
  handler(event, { getRemainingTimeInMillis: () => millis } as Context);
const fine = { batchItemFailures: [] };

describe('a message that the stream refused', () => {
  it('becomes an entry of its device, as of its arrival', async () => {
    const key = refusedKey();
    await keep(key, refused('lab/berlin/a/data', MESSAGE));
    expect(await take(told(key))).toEqual(fine);
    const [[place, entry] = []] = await entriesOf('berlin/a');
    expect(place).toMatch(/^2026-03-01\/1772359200250\d{39}\.json$/);
    expect(entry).toMatchObject({
      format: 1,
      partitionKey: 'berlin/a',
      stream: 'telemetry',
      arrived: '2026-03-01T10:00:00.250Z',
      session: 's',
      seq: 3,
      notes: [
        {
          code: 'stream-refused',
          points: 0,
          detail: 'The stream did not take the record. Rate exceeded for shard',
        },
      ],
    });
    expect(contentOf(entry as Entry)).toBe(MESSAGE);
  });

  it('is one entry, however often it is told of, and each object one', async () => {
    const keys = [refusedKey(), refusedKey()];
    for (const key of keys) await keep(key, refused('lab/berlin/twice/data', MESSAGE));
    await take(told(...keys, ...keys));
    const first = await entriesOf('berlin/twice');
    await take(told(...keys));
    expect(first.size).toBe(2);
    expect(await entriesOf('berlin/twice')).toEqual(first);
  });

  it('may have come through Basic Ingest, may be of no format, and may belong to nobody', async () => {
    const keys = [refusedKey(), refusedKey(), refusedKey()];
    await keep(keys[0] ?? '', refused('$aws/rules/labgate_dev_data/lab/berlin/basic/data', MESSAGE));
    await keep(keys[1] ?? '', refused('lab/berlin/basic/data', ''));
    await keep(keys[2] ?? '', refused('lab/Berlin/A/data', 'x'));
    expect(await take(told(...keys))).toEqual(fine);
    expect([...(await entriesOf('berlin/basic')).values()].map(contentOf).sort()).toEqual(['', MESSAGE]);
    const [nobody] = (await entriesOf('_/_')).values();
    expect(nobody).toMatchObject({ partitionKey: 'lab/Berlin/A/data', notes: [{ code: 'stream-refused' }] });
  });
});

describe('a batch that Lambda gave up', () => {
  it.each([false, true])('becomes an entry for each record, its event as text: %s', async (asText) => {
    const site = `site-${asText}`;
    const key = givenUpKey();
    const records = [
      record(`${site}/a`, '11', MESSAGE),
      record(`${site}/b`, '12', 'nonsense'),
      record(`${site}/a`, '13', MESSAGE),
    ];
    await keep(key, givenUp(records, asText));
    expect(await take(told(key))).toEqual(fine);
    const entries = await entriesOf(site);
    expect([...entries.keys()]).toEqual([
      'a/2026-03-01/11.json',
      'a/2026-03-01/13.json',
      'b/2026-03-01/12.json',
    ]);
    expect(entries.get('a/2026-03-01/11.json')).toMatchObject({
      partitionKey: `${site}/a`,
      stream: STREAM,
      shard: 'shardId-000000000006',
      sequence: '11',
      arrived: '2026-03-01T10:00:00.250Z',
      seq: 3,
      notes: [{ code: 'delivery-gave-up', detail: expect.stringContaining('RecordAgeExceeded') }],
    });
    expect(contentOf(entries.get('b/2026-03-01/12.json') as Entry)).toBe('nonsense');
  });

  it('leaves the entry of a record that was quarantined by itself before', async () => {
    await keep('quarantine/berlin/known/2026-03-01/21.json', { notes: 'better ones' });
    const key = givenUpKey();
    await keep(
      key,
      givenUp([record('berlin/known', '21', 'nonsense'), record('berlin/known', '22', MESSAGE)]),
    );
    expect(await take(told(key))).toEqual(fine);
    const entries = [...(await entriesOf('berlin/known')).values()];
    expect(entries.map(({ notes }) => notes)).toEqual([
      'better ones',
      [expect.objectContaining({ code: 'delivery-gave-up' })],
    ]);
  });
});

describe('what cannot be read', () => {
  it('is listed as it is, of nobody, and does not hold up the others', async () => {
    const before = (await entriesOf('_/_')).size;
    const keys = [refusedKey(), givenUpKey(), givenUpKey(), refusedKey()];
    await keep(keys[0] ?? '', '{"ruleName":"labgate_dev_data","topic":"lab/ber');
    await keep(keys[1] ?? '', { requestContext: { condition: 'x' }, payload: '{"Records":[' });
    await keep(keys[2] ?? '', givenUp([{ ...record('berlin/x', '1', ''), kinesis: {} }]));
    await keep(keys[3] ?? '', refused('lab/berlin/neighbour/data', MESSAGE));
    expect(await take(told(...keys))).toEqual(fine);
    const nobody = [...(await entriesOf('_/_')).values()];
    expect(nobody).toHaveLength(before + 3);
    expect(nobody.map(contentOf)).toContain('{"ruleName":"labgate_dev_data","topic":"lab/ber');
    expect(nobody.map(({ notes }) => notes[0]?.detail)).toContainEqual(
      expect.stringContaining(keys[1] ?? '-'),
    );
    expect((await entriesOf('berlin/neighbour')).size).toBe(1);
  });
});

it('passes over the word of S3 that the queue is its destination', async () => {
  const body = JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket });
  expect(await take({ Records: [{ messageId: 'test', body }] } as unknown as SQSEvent)).toEqual(fine);
});

it('gives back what it may not read, what S3 never says, and what could not be written', async () => {
  const [one, other] = [refusedKey(), refusedKey()];
  await keep(one, refused('lab/berlin/full/data', MESSAGE));
  const event = told(one, other, 'rule-errors/presence/1.json');
  event.Records.push({ messageId: 'nonsense', body: 'nonsense' } as SQSEvent['Records'][number]);
  faults.set({ service: 's3', operation: 'PutObject', rate: 1, kind: 'throttle', seed: 1 });
  const answer = await take(event, 400);
  expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([
    one,
    other,
    'rule-errors/presence/1.json',
    'nonsense',
  ]);
  faults.clear();
  expect(await take(told(one))).toEqual(fine);
  expect((await entriesOf('berlin/full')).size).toBe(1);
});

it('counts each message once', async () => {
  const log = vi.spyOn(console, 'log').mockReturnValue(undefined);
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const keys = [refusedKey(), givenUpKey()];
  await keep(keys[0] ?? '', refused('lab/berlin/counted/data', MESSAGE));
  await keep(
    keys[1] ?? '',
    givenUp([record('berlin/counted', '31', 'a'), record('berlin/counted', '32', 'b')]),
  );
  let lines: string[];
  try {
    await take(told(...keys));
    await take(told(...keys));
    lines = [...log.mock.calls, ...write.mock.calls].map(([line]) => String(line));
  } finally {
    log.mockRestore();
    write.mockRestore();
  }
  const metrics = lines.filter((line) => line.includes('_aws')).map((line) => JSON.parse(line));
  expect(metrics).toMatchObject([{ MessagesRefused: 1, MessagesGivenUp: 2 }]);
});
