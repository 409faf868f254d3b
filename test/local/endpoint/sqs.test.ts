import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import type { Resource } from '../../../local/types.ts';
import { arn, assembly, KEY_ARN, ROLE, resource, SmallIam, silent } from '../../support/endpoint.ts';
import { fetchSigned } from '../../support/signing.ts';

const QueueUrl = 'http://anywhere/000000000000/jobs';
const RESOURCES = [
  resource('AWS::SQS::Queue', 'jobs', {
    QueueName: 'jobs',
    VisibilityTimeout: 1000,
    RedrivePolicy: { deadLetterTargetArn: arn('sqs', 'dead'), maxReceiveCount: 2 },
  }),
  resource('AWS::SQS::Queue', 'https://sqs.us-east-1.amazonaws.com/000000000000/dead'),
  resource('AWS::SNS::Topic', arn('sns', 'alarms')),
  resource('AWS::SNS::Subscription', 'sub', {
    TopicArn: arn('sns', 'alarms'),
    Protocol: 'sqs',
    Endpoint: arn('sqs', 'dead'),
    RawMessageDelivery: true,
  }),
];

describe('sqs', () => {
  let iam: SmallIam;
  let sqs: SQSClient;
  let url: string;
  let close: () => Promise<void>;

  async function start(dataDir?: string, resources: readonly Resource[] = RESOURCES) {
    const endpoint = await startEndpoint({
      assembly: assembly(resources),
      iam,
      log: silent,
      host: '127.0.0.1',
      port: 0,
      ...(dataDir === undefined ? {} : { dataDir }),
    });
    url = endpoint.url;
    sqs = new SQSClient({ endpoint: url, region: 'us-east-1', credentials: iam.role, maxAttempts: 1 });
    close = async () => {
      sqs.destroy();
      await endpoint.close();
    };
  }

  beforeEach(async () => {
    iam = new SmallIam();
    iam.grants = [
      ['sqs:*', '*'],
      ['sns:*', '*'],
    ];
    await start();
  });
  afterEach(() => close());

  const receive = async (more = {}) => {
    const reply = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...more }));
    return reply.Messages ?? [];
  };
  const send = (MessageBody: string) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));

  it('gives a message once, and no more after it was deleted', async () => {
    await sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: 'grün',
        MessageAttributes: {
          n: { DataType: 'Number', StringValue: '1' },
          b: { DataType: 'Binary', BinaryValue: Buffer.from([0, 1]) },
        },
      }),
    );
    const [message, ...rest] = await receive({
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    });
    expect(rest).toEqual([]);
    expect(message).toMatchObject({
      Body: 'grün',
      Attributes: { ApproximateReceiveCount: '1', SenderId: ROLE },
      MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } },
      // From the algorithm in the developer guide, worked by hand with md5sum.
      MD5OfMessageAttributes: expect.stringMatching(/^[\da-f]{32}$/),
    });
    expect(await receive()).toEqual([]);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      QueueArn: arn('sqs', 'jobs'),
    });
  });

  it('wakes a long poll, in order of sending', async () => {
    const waiting = receive({ WaitTimeSeconds: 20 });
    await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: ['a', 'b', 'c'].map((MessageBody) => ({ Id: MessageBody, MessageBody })),
      }),
    );
    const bodies = [...(await waiting), ...(await receive())].map((m) => m.Body);
    expect(bodies).toEqual(['a', 'b', 'c']);
  });

  it('shows a message again when it is given back, and moves it away after too many tries', async () => {
    await send('poison');
    for (let n = 1; n <= 2; n += 1) {
      const [message] = await receive({ MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
      expect(message?.Attributes?.ApproximateReceiveCount).toBe(String(n));
      await sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl,
          ReceiptHandle: message?.ReceiptHandle,
          VisibilityTimeout: 0,
        }),
      );
    }
    expect(await receive()).toEqual([]);
    const dead = await sqs.send(new GetQueueUrlCommand({ QueueName: 'dead' }));
    expect(dead.QueueUrl).toBe(`${url}/000000000000/dead`);
    const [moved] = await receive({ QueueUrl: dead.QueueUrl, MessageSystemAttributeNames: ['All'] });
    expect(moved).toMatchObject({
      Body: 'poison',
      Attributes: { DeadLetterQueueSourceArn: arn('sqs', 'jobs') },
    });
  });

  it('deletes in a batch, purges, and names what is wrong', async () => {
    await send('a');
    await send('b');
    const messages = await receive();
    const { Successful } = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: messages.map((m, n) => ({ Id: String(n), ReceiptHandle: m.ReceiptHandle })),
      }),
    );
    expect(Successful).toHaveLength(2);
    await send('c');
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect(await receive()).toEqual([]);
    await expect(receive({ QueueUrl: 'http://x/0/none' })).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
    });
    iam.grants = [['sqs:SendMessage', arn('sqs', 'jobs')]];
    await send('d');
    await expect(receive()).rejects.toThrow(`sqs:ReceiveMessage on resource: ${arn('sqs', 'jobs')}`);
  });

  it('asks for the use of a customer key', async () => {
    await close();
    await start(undefined, [
      resource('AWS::KMS::Key', 'k1', {}, KEY_ARN),
      resource('AWS::SQS::Queue', 'jobs', { KmsMasterKeyId: KEY_ARN }),
    ]);
    await expect(send('x')).rejects.toThrow('kms:GenerateDataKey');
    iam.grants = [...iam.grants, ['kms:*', KEY_ARN]];
    await send('x');
    expect(await receive()).toHaveLength(1);
  });

  it('delivers what is published to a topic', async () => {
    const form = new URLSearchParams({
      Action: 'Publish',
      TopicArn: arn('sns', 'alarms'),
      Message: 'too hot',
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await fetchSigned(
      { method: 'POST', url, headers, body: form.toString() },
      { credentials: iam.role, service: 'sns' },
    );
    expect(await response.text()).toContain('<MessageId>');
    const [message] = await receive({ QueueUrl: 'http://x/0/dead' });
    expect(message?.Body).toBe('too hot');
  });

  it('keeps its messages over a restart, also one that came without warning', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'labgate-'));
    try {
      await close();
      await start(dataDir);
      await send('kept');
      await send('deleted');
      await send('received');
      const [kept, deleted] = await receive();
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: deleted?.ReceiptHandle }));
      // A crash: the journal is as it is, with half a line at its end.
      const crashed = join(dataDir, 'crashed');
      await cp(join(dataDir, 'sqs'), join(crashed, 'sqs'), { recursive: true });
      await appendFile(join(crashed, 'sqs', 'jobs.jsonl'), '{"put":{"id":"half');
      await close();
      await start(crashed);
      const again = await receive({ MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
      expect(again.map((m) => [m.Body, m.Attributes?.ApproximateReceiveCount])).toEqual([
        ['kept', '2'],
        ['received', '2'],
      ]);
      expect(again[0]?.MessageId).toBe(kept?.MessageId);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: again[0]?.ReceiptHandle }));
      await send('after');
      await close();
      await start(crashed);
      expect((await receive()).map((m) => m.Body)).toEqual(['after']);
      // Received twice before: it has gone where the redrive policy says.
      const dead = await receive({ QueueUrl: 'http://x/0/dead' });
      expect(dead.map((m) => m.Body)).toEqual(['received']);
    } finally {
      await close();
      await rm(dataDir, { recursive: true });
      close = async () => undefined;
    }
  });
});
