import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import { createIam } from '../../../local/iam/index.ts';
import type { Json, JsonObject } from '../../../local/types.ts';
import { ACCOUNT, arn, assembly, KEY_ARN, REGION, resource, silent } from '../../support/endpoint.ts';

const QUEUE_ARN = arn('sqs', 'told');

const allow = (Action: Json, statement: JsonObject = {}): JsonObject => ({
  Effect: 'Allow',
  Principal: { Service: 's3.amazonaws.com' },
  Action,
  Resource: '*',
  Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
  ...statement,
});
const SEND = allow('sqs:SendMessage');
const TLS: JsonObject = {
  Effect: 'Deny',
  Principal: '*',
  Action: 'sqs:*',
  Resource: '*',
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};
const USE_KEY = allow(['kms:GenerateDataKey', 'kms:Decrypt']);
const below = (prefix: string, more: JsonObject = {}): JsonObject => ({
  Event: 's3:ObjectCreated:*',
  Queue: QUEUE_ARN,
  Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: prefix }] } },
  ...more,
});

interface Declared {
  readonly notifications?: JsonObject;
  readonly queuePolicy?: readonly JsonObject[];
  readonly keyPolicy?: readonly JsonObject[];
}

const start = async ({
  notifications = { QueueConfigurations: [below('errors/'), below('aws/')] },
  queuePolicy = [SEND, TLS],
  keyPolicy = [USE_KEY],
}: Declared = {}) => {
  const declared = assembly([
    resource('AWS::KMS::Key', 'k1', { KeyPolicy: { Statement: keyPolicy } }, KEY_ARN),
    resource('AWS::SQS::Queue', 'told', { QueueName: 'told', KmsMasterKeyId: KEY_ARN }, QUEUE_ARN),
    resource('AWS::SQS::QueuePolicy', 'policy', {
      Queues: ['told'],
      PolicyDocument: { Statement: queuePolicy },
    }),
    resource(
      'AWS::S3::Bucket',
      'archive',
      { NotificationConfiguration: notifications },
      'arn:aws:s3:::archive',
    ),
  ]);
  const iam = createIam(declared);
  const endpoint = await startEndpoint({ assembly: declared, iam, log: silent, host: '127.0.0.1', port: 0 });
  return { endpoint, iam };
};

describe('a bucket with notifications', () => {
  let s3: S3Client;
  let sqs: SQSClient;
  let close: () => Promise<void>;
  const Bucket = 'archive';
  beforeAll(async () => {
    const { endpoint, iam } = await start();
    const config = { endpoint: endpoint.url, region: REGION, credentials: iam.operator };
    s3 = new S3Client({ ...config, forcePathStyle: true });
    sqs = new SQSClient(config);
    close = async () => {
      s3.destroy();
      sqs.destroy();
      await endpoint.close();
    };
  });
  afterAll(() => close());

  const told = async () => {
    const QueueUrl = 'http://sqs/told';
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
    );
    return Messages.flatMap(({ Body = '' }) => JSON.parse(Body).Records);
  };

  it('tells of what is created below a prefix, by a key in form encoding', async () => {
    for (const Key of ['errors/a b+c/ü.json', 'other/x', 'errors'])
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'content' }));
    expect(await told()).toEqual([
      expect.objectContaining({
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:Put',
        s3: expect.objectContaining({
          bucket: expect.objectContaining({ name: 'archive', arn: 'arn:aws:s3:::archive' }),
          object: expect.objectContaining({ key: 'errors/a+b%2Bc/%C3%BC.json', size: 7 }),
        }),
      }),
    ]);
  });

  it('tells of copies and of what comes in parts when it is whole, and of nothing that was refused', async () => {
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'aws/copy', CopySource: 'archive/other/x' }));
    const whole = { Bucket, Key: 'aws/parts' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(whole));
    const part = { ...whole, UploadId, PartNumber: 1 };
    const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'part' }));
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
    await s3.send(new CompleteMultipartUploadCommand({ ...whole, UploadId, MultipartUpload }));
    const again = new PutObjectCommand({ ...whole, Body: 'x', IfNoneMatch: '*' });
    await expect(s3.send(again)).rejects.toMatchObject({ name: 'PreconditionFailed' });
    expect((await told()).map(({ eventName }) => eventName)).toEqual([
      'ObjectCreated:Copy',
      'ObjectCreated:CompleteMultipartUpload',
    ]);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: 'http://sqs/told', AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: '0' });
  });
});

describe('the endpoint does not start', () => {
  it.each<[string, Declared, RegExp]>([
    ['without a policy of the queue', { queuePolicy: [TLS] }, /told does not let .* do sqs:SendMessage/],
    [
      'with one for another account',
      {
        queuePolicy: [
          allow('sqs:SendMessage', { Condition: { StringEquals: { 'aws:SourceAccount': '1' } } }),
        ],
      },
      /sqs:SendMessage/,
    ],
    ['without the use of the key', { keyPolicy: [allow('kms:Decrypt')] }, /do kms:GenerateDataKey/],
    [
      'with prefixes that overlap',
      { notifications: { QueueConfigurations: [below('a/'), below('a/b/')] } },
      /overlap/,
    ],
    [
      'with another kind of event',
      { notifications: { QueueConfigurations: [below('a/', { Event: 's3:ObjectRemoved:*' })] } },
      /ObjectRemoved.* not run locally/,
    ],
    [
      'with another kind of destination',
      { notifications: { LambdaConfigurations: [] } },
      /LambdaConfigurations is not run/,
    ],
    [
      'with a queue that is not there',
      { notifications: { QueueConfigurations: [below('a/', { Queue: arn('sqs', 'gone') })] } },
      /no queue of the assembly/,
    ],
  ])('%s', async (_, declared, message) => {
    await expect(start(declared)).rejects.toThrow(message);
  });
});
