/** The AWS endpoint of the gateway: it lets in only whom it gave credentials, and only to what their role may. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BatchGetItemCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateCertificateFromCsrCommand, IoTClient } from '@aws-sdk/client-iot';
import { IoTDataPlaneClient, PublishCommand } from '@aws-sdk/client-iot-data-plane';
import { GetShardIteratorCommand, KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createIdentity } from '../../device/identity.ts';
import type { Credentials } from '../../local/types.ts';
import { type Lab, openLab } from '../support/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(inject('assembly'));
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

/** Names of what the templates declare. */
const named = (type: string, logicalId = '') => {
  const found = lab.gateway.assembly
    .byType(type)
    .find((resource) => resource.logicalId.startsWith(logicalId));
  if (found === undefined) throw new Error(`no ${type} ${logicalId}`);
  return found;
};
/** The queue that the presence function is fed from. */
const lifecycle = (): string => {
  const { properties } = named('AWS::Lambda::EventSourceMapping', 'Presence');
  return lab.gateway.assembly.find(String(properties['EventSourceArn']))?.physicalId ?? '';
};
const config = (credentials: Credentials) => ({
  endpoint: lab.gateway.addresses.aws,
  region: lab.gateway.assembly.region,
  credentials,
  maxAttempts: 1,
});
/** @param name stack and logical id without the hash, e.g. `api-ControlApiRole` */
const roleArn = (name: string): string => {
  const found = lab.gateway.assembly
    .byType('AWS::IAM::Role')
    .find(({ stack, logicalId }) => `${stack}-${logicalId.slice(0, -8)}`.endsWith(`-${name}`));
  if (found?.arn === undefined) throw new Error(`no role ${name}`);
  return found.arn;
};
const roleOf = (name: string): Credentials => lab.gateway.iam.credentialsFor(roleArn(name));

/** One call of each service, all of them things that some role of the templates may do. */
const attempts: Readonly<Record<string, (credentials: Credentials) => Promise<unknown>>> = {
  'read the registry': (credentials) =>
    new DynamoDBClient(config(credentials)).send(
      new GetItemCommand({
        TableName: named('AWS::DynamoDB::Table', 'Registry').physicalId,
        Key: { pk: { S: 'x' }, sk: { S: 'x' } },
      }),
    ),
  'read much of the registry at once': (credentials) => {
    const table = named('AWS::DynamoDB::Table', 'Registry').physicalId;
    return new DynamoDBClient(config(credentials)).send(
      new BatchGetItemCommand({ RequestItems: { [table]: { Keys: [{ pk: { S: 'x' }, sk: { S: 'x' } }] } } }),
    );
  },
  'write to the stream': (credentials) =>
    new KinesisClient(config(credentials)).send(
      new PutRecordCommand({
        StreamName: named('AWS::Kinesis::Stream').physicalId,
        PartitionKey: 'lab-1/forged',
        Data: Buffer.from('{}'),
      }),
    ),
  'read the stream': (credentials) =>
    new KinesisClient(config(credentials)).send(
      new GetShardIteratorCommand({
        StreamName: named('AWS::Kinesis::Stream').physicalId,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    ),
  'read what is in the archive': (credentials) =>
    new S3Client({ ...config(credentials), forcePathStyle: true }).send(
      new GetObjectCommand({ Bucket: named('AWS::S3::Bucket').physicalId, Key: 'elsewhere/x' }),
    ),
  'write what is in the archive': (credentials) =>
    new S3Client({ ...config(credentials), forcePathStyle: true }).send(
      new PutObjectCommand({ Bucket: named('AWS::S3::Bucket').physicalId, Key: 'elsewhere/x', Body: 'x' }),
    ),
  'send lifecycle events': (credentials) =>
    new SQSClient(config(credentials)).send(
      new SendMessageCommand({ QueueUrl: lifecycle(), MessageBody: '{}' }),
    ),
  'receive lifecycle events': (credentials) =>
    new SQSClient(config(credentials)).send(new ReceiveMessageCommand({ QueueUrl: lifecycle() })),
  'make a certificate': async (credentials) =>
    new IoTClient(config(credentials)).send(
      new CreateCertificateFromCsrCommand({
        certificateSigningRequest: (await createIdentity('forged')).csr,
        setAsActive: true,
      }),
    ),
  'publish to a device': (credentials) =>
    new IoTDataPlaneClient(config(credentials)).send(
      new PublishCommand({ topic: 'lab/lab-1/mine/ack', payload: Buffer.from('{}') }),
    ),
};

/** What each role may of it; anything else is refused. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  'devices-DataRole': ['write to the stream'],
  'devices-DataErrorRole': [],
  'devices-LifecycleEventsRole': ['send lifecycle events'],
  'devices-LifecycleEventsErrorRole': [],
  'processing-IngestRole': ['read much of the registry at once', 'read the stream', 'publish to a device'],
  // Live presence names the site of the device.
  'processing-PresenceRole': ['read the registry', 'receive lifecycle events'],
  'api-ControlApiRole': ['read the registry', 'read much of the registry at once', 'make a certificate'],
  'api-QueryApiRole': ['read much of the registry at once'],
  // What was quarantined may be sent again.
  'api-RecordsApiRole': ['read the registry', 'read much of the registry at once', 'write to the stream'],
  'api-RecordsApiExportLinksRole': [],
};
const matrix = Object.entries(MAY).flatMap(([role, may]) =>
  Object.entries(attempts).map(
    ([what, attempt]) => [role, may.includes(what) ? 'may' : 'may not', what, attempt] as const,
  ),
);

describe('a role', () => {
  test.each(matrix)('%s %s %s', async (role, may, _what, attempt) => {
    const known = lab.gateway.iam.denials.length;
    const done = attempt(roleOf(role));
    if (may === 'may') {
      await done;
      expect(lab.gateway.iam.denials.slice(known)).toEqual([]);
    } else {
      await expect(done).rejects.toMatchObject({ $fault: 'client' });
      expect(lab.gateway.iam.denials.slice(known)).toEqual([
        expect.objectContaining({ principal: roleArn(role) }),
      ]);
    }
  });
});

/** Credentials that nobody was given. */
const GUESSED: Readonly<Record<string, () => Credentials>> = {
  'made up': () => ({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x', sessionToken: 'x' }),
  'of a role, with a token that was guessed': () => ({
    ...roleOf('api-ControlApiRole'),
    sessionToken: 'x'.repeat(roleOf('api-ControlApiRole').sessionToken.length),
  }),
  'of a role, with a secret that was guessed': () => ({
    ...roleOf('api-ControlApiRole'),
    secretAccessKey: roleOf('api-QueryApiRole').secretAccessKey,
  }),
  'of the operator, with the token of a role': () => ({
    ...lab.gateway.iam.operator,
    sessionToken: roleOf('api-ControlApiRole').sessionToken,
  }),
  'of the operator, without a token': () => ({ ...lab.gateway.iam.operator, sessionToken: '' }),
};

describe.each(Object.entries(GUESSED))('credentials %s', (_, guess) => {
  test.each(Object.entries(attempts))('cannot %s', async (_what, attempt) => {
    const known = lab.gateway.iam.denials.length;
    await expect(attempt(guess())).rejects.toMatchObject({
      name: expect.stringMatching(
        /^(UnrecognizedClientException|InvalidSignatureException|SignatureDoesNotMatch|InvalidAccessKeyId|InvalidToken|InvalidClientTokenId)$/,
      ),
    });
    // Nobody in particular was refused: it is not even asked what they may.
    expect(lab.gateway.iam.denials).toHaveLength(known);
  });
});

describe('without credentials', () => {
  test.each(['GET', 'PUT', 'POST', 'DELETE'])('%s gets nowhere', async (method) => {
    for (const path of ['/', `/${named('AWS::S3::Bucket').physicalId}/quarantine/x`, '/things/mine']) {
      const response = await fetch(`${lab.gateway.addresses.aws}${path}`, { method });
      expect(response.status).toBe(403);
      expect(await response.text()).not.toMatch(/quarantine|mine|node_modules|\bat \S+ \(/);
    }
  });
});

test('the credentials of the operator can be read by their owner alone', () => {
  for (const name of ['operator.json', 'aws-credentials', 'users.json', 'clients.json']) {
    const path = join(lab.gateway.credentialsDir, name);
    expect([name, statSync(path).mode & 0o077]).toEqual([name, 0]);
  }
  const { accessKeyId } = lab.gateway.iam.operator;
  expect(readFileSync(join(lab.gateway.credentialsDir, 'operator.json'), 'utf8')).toContain(accessKeyId);
});
