/**
 * Whoever is given a link to a file of an export reads in it the access key and the session token that it was signed
 * with. They are worth nothing but the file.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { IoTDataPlaneClient, PublishCommand } from '@aws-sdk/client-iot-data-plane';
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { ExportFile, ExportJob } from '../../contracts/resources/exports.ts';
import type { Credentials } from '../../local/types.ts';
import { fetchSigned } from '../support/signing.ts';
import { openPeopleLab, type PeopleLab } from './people.ts';

let lab: PeopleLab;
let token: string;
let link: URL;
let bucket: string;

beforeAll(async () => {
  lab = await openPeopleLab(inject('assembly'));
  token = (await lab.signIn('operator-1')).access_token;
  await lab.createType();
  for (const [id, site] of [
    ['a1', 'lab-1'],
    ['b1', 'lab-2'],
  ] as const) {
    const device = await lab.register(id, site);
    const client = await lab.connect(device);
    const data = [{ n: 'temp', t: Date.now(), v: 21 }];
    await client.publishAsync(device.topics.data, JSON.stringify({ v: 1, data }), { qos: 1 });
    await client.publishAsync(device.topics.data, 'nonsense', { qos: 1 });
    await client.endAsync();
  }
  await lab.gateway.drain();
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const body = JSON.stringify({ devices: ['a1'], from });
  const { id } = await lab.json<ExportJob>('/v1/exports', { method: 'POST', body, token });
  let files: readonly (ExportFile & { readonly url: string })[] = [];
  for (let left = 600; left > 0 && files.length === 0; left -= 1) {
    await delay(50);
    files = (await lab.json<{ items: typeof files }>(`/v1/exports/${id}/files`, { token })).items;
  }
  link = new URL(files[0]?.url ?? '');
  bucket = link.pathname.split('/')[1] ?? '';
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const resourceOf = (type: string, logicalId = '') => {
  const found = lab.gateway.assembly
    .byType(type)
    .find((resource) => resource.logicalId.startsWith(logicalId));
  if (found === undefined) throw new Error(`no ${type} ${logicalId}`);
  return found.physicalId;
};
const config = (credentials: Credentials) => ({
  endpoint: lab.gateway.addresses.aws,
  region: lab.gateway.assembly.region,
  credentials,
  maxAttempts: 1,
});
const s3 = (credentials: Credentials) => new S3Client({ ...config(credentials), forcePathStyle: true });
const registry = () => resourceOf('AWS::DynamoDB::Table', 'Registry');
const exported = (): string => decodeURIComponent(link.pathname.split('/').slice(2).join('/'));

/** Ends without a fault only where it is allowed. */
const attempts: Readonly<Record<string, (credentials: Credentials) => Promise<unknown>>> = {
  'list the archive': (credentials) =>
    s3(credentials).send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'quarantine/lab-2/' })),
  'read the quarantine of another site': (credentials) =>
    s3(credentials).send(new GetObjectCommand({ Bucket: bucket, Key: 'quarantine/lab-2/x' })),
  'write over its own file': (credentials) =>
    s3(credentials).send(new PutObjectCommand({ Bucket: bucket, Key: exported(), Body: 'x' })),
  'delete its own file': (credentials) =>
    s3(credentials).send(new DeleteObjectCommand({ Bucket: bucket, Key: exported() })),
  'read the registry': (credentials) =>
    new DynamoDBClient(config(credentials)).send(
      new GetItemCommand({ TableName: registry(), Key: { pk: { S: 'DEVICE#b1' }, sk: { S: 'META' } } }),
    ),
  'move a device to its own site': (credentials) =>
    new DynamoDBClient(config(credentials)).send(
      new PutItemCommand({
        TableName: registry(),
        Item: { pk: { S: 'DEVICE#b1' }, sk: { S: 'META' }, site: { S: 'lab-1' } },
      }),
    ),
  'forge a measurement of another site': (credentials) =>
    new KinesisClient(config(credentials)).send(
      new PutRecordCommand({
        StreamName: resourceOf('AWS::Kinesis::Stream'),
        PartitionKey: 'lab-2/b1',
        Data: Buffer.from('{}'),
      }),
    ),
  'order work': (credentials) =>
    new SQSClient(config(credentials)).send(
      new SendMessageCommand({ QueueUrl: resourceOf('AWS::SQS::Queue', 'Exports'), MessageBody: '{}' }),
    ),
  'speak to a device': (credentials) =>
    new IoTDataPlaneClient(config(credentials)).send(
      new PublishCommand({ topic: 'lab/lab-2/b1/ack', payload: Buffer.from('{}') }),
    ),
  'take the role for longer': async (credentials) => {
    const [role] = lab.gateway.assembly
      .byType('AWS::IAM::Role')
      .filter(({ logicalId }) => logicalId.startsWith('RecordsApiExportLinks'));
    const form = { Action: 'AssumeRole', RoleArn: role?.arn ?? '', RoleSessionName: 'mine' };
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await fetchSigned(
      {
        method: 'POST',
        url: lab.gateway.addresses.aws,
        headers,
        body: new URLSearchParams(form).toString(),
      },
      { credentials, service: 'sts' },
    );
    const text = await response.text();
    if (!response.ok) throw Object.assign(new Error(text), { name: /<Code>(\w+)/.exec(text)?.[1] });
  },
};

/** What somebody who holds the link reads in it, and the secret if he had it. */
const keyOfLink = (secretAccessKey?: string): Credentials => {
  const [accessKeyId = ''] = (link.searchParams.get('X-Amz-Credential') ?? '').split('/');
  const sessionToken = link.searchParams.get('X-Amz-Security-Token') ?? '';
  const secret = secretAccessKey ?? lab.gateway.iam.accessKey(accessKeyId)?.secretAccessKey ?? '';
  return { accessKeyId, secretAccessKey: secret, sessionToken };
};

test('the link itself gives the file, and no other', async () => {
  expect(await (await fetch(link)).text()).toContain('temp');
  const other = new URL(link);
  other.pathname = other.pathname.replace(/[^/]+$/, 'manifest.json');
  expect(await (await fetch(other)).text()).toContain('SignatureDoesNotMatch');
});

describe('who has read key and token in a link', () => {
  test.each(Object.entries(attempts))('cannot %s', async (_, attempt) => {
    const known = lab.gateway.iam.denials.length;
    await expect(attempt(keyOfLink('not known'))).rejects.toMatchObject({
      name: expect.stringMatching(/^(SignatureDoesNotMatch|InvalidSignatureException)$/),
    });
    // He is nobody: it is not even asked what he may.
    expect(lab.gateway.iam.denials).toHaveLength(known);
  });
});

describe('who had the secret that links are signed with', () => {
  test('could read files of exports', async () => {
    const found = await s3(keyOfLink()).send(new GetObjectCommand({ Bucket: bucket, Key: exported() }));
    expect(await found.Body?.transformToString()).toContain('temp');
  });

  test.each(Object.entries(attempts))('could not %s', async (_, attempt) => {
    await expect(attempt(keyOfLink())).rejects.toMatchObject({
      name: expect.stringMatching(/^(AccessDenied|AccessDeniedException)$/),
    });
  });
});

test('and the other site stays unseen', async () => {
  const from = '2026-01-01T00:00:00Z';
  expect((await lab.call(`/v1/devices/b1/series?from=${from}`, { token })).status).toBe(404);
  const { items } = await lab.json<{ items: { readonly v: number }[] }>(
    `/v1/devices/b1/series?from=${new Date(Date.now() - 3_600_000).toISOString()}`,
  );
  expect(items.map(({ v }) => v)).toEqual([21]);
});
