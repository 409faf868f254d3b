import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, expect, test } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import { startEventSources } from '../../../local/events/index.ts';
import { startFunctions } from '../../../local/lambda/index.ts';
import type { JsonObject } from '../../../local/types.ts';
import { TestIam, World } from '../../support/functions.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const arn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

const start = async (code: string, mapping: JsonObject = {}, iam = new TestIam(), visibility = 1) => {
  const world = new World();
  closers.push(() => world.dispose());
  world.function('presence', code, { Timeout: 1 });
  world.resource('AWS::SQS::Queue', 'dead', arn('dead'), { QueueName: 'dead' });
  world.resource('AWS::SQS::Queue', 'lifecycle', arn('lifecycle'), {
    QueueName: 'lifecycle',
    VisibilityTimeout: visibility,
    RedrivePolicy: { deadLetterTargetArn: arn('dead'), maxReceiveCount: 2 },
  });
  world.resource('AWS::Lambda::EventSourceMapping', 'mapping', 'arn:mapping', {
    FunctionName: 'presence',
    EventSourceArn: arn('lifecycle'),
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ...mapping,
  });
  const { assembly, log } = world;
  const endpoint = await startEndpoint({ assembly, iam, log, host: '127.0.0.1', port: 0 });
  closers.push(() => endpoint.close());
  const functions = await startFunctions({ assembly, iam, log, endpoint });
  closers.push(() => functions.close());
  const sqs = new SQSClient({ region: 'us-east-1', endpoint: endpoint.url, credentials: iam.operator });
  closers.push(() => sqs.destroy());
  const events = await startEventSources({ assembly, iam, log, endpoint, functions });
  closers.push(() => events.close());
  const url = (name: string) => `${endpoint.url}/000000000000/${name}`;
  const send = async (...bodies: readonly string[]) => {
    const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: url('lifecycle'), Entries }));
  };
  const calls = (): string[][] =>
    functions
      .logs('presence')
      .map(({ message }) => JSON.parse(message))
      .filter((line) => line.type === undefined && line.level === 'INFO')
      .map((line) => JSON.parse(line.message));
  return { world, endpoint, functions, events, sqs, url, send, calls };
};

const BODIES = 'const bodies = event.Records.map((r) => r.body); console.log(JSON.stringify(bodies));';

test('messages come as Lambda gives them and are deleted when done', async () => {
  const { send, events, functions, sqs, url } = await start(
    'export const handler = async (event) => { console.log(JSON.stringify(event.Records)); };',
  );
  await send('{"a":1}');
  await events.drain();
  const [line] = functions.logs('presence').map(({ message }) => JSON.parse(message));
  expect(JSON.parse(line.message)).toMatchObject([
    {
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      receiptHandle: expect.any(String),
      body: '{"a":1}',
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.stringMatching(/^\d{13}$/) },
      messageAttributes: {},
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventSource: 'aws:sqs',
      eventSourceARN: arn('lifecycle'),
      awsRegion: 'us-east-1',
    },
  ]);
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url('lifecycle'), AttributeNames: ['All'] }),
  );
  expect(Attributes).toMatchObject({
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesNotVisible: '0',
  });
});

test('a window gathers more than one receive gives', async () => {
  const { send, events, calls } = await start(
    `export const handler = async (event) => { ${BODIES} };`,
    { BatchSize: 100, MaximumBatchingWindowInSeconds: 1 },
    new TestIam(),
    60,
  );
  const all = Array.from({ length: 25 }, (_, index) => `m${index}`);
  for (let from = 0; from < all.length; from += 10) await send(...all.slice(from, from + 10));
  await expect.poll(() => calls().length, { timeout: 10_000 }).toBeGreaterThan(0);
  await events.drain();
  expect(calls().flat().toSorted()).toEqual(all.toSorted());
  expect(calls()[0]?.length).toBeGreaterThan(10);
}, 15_000);

test('only what failed comes again, and at last goes to the dead-letter queue', async () => {
  const { send, events, calls, sqs, url } = await start(
    `export const handler = async (event) => { ${BODIES}
      return { batchItemFailures: event.Records.filter((r) => r.body === 'bad').map((r) => ({ itemIdentifier: r.messageId })) }; };`,
  );
  await send('good', 'bad', 'fine');
  await events.drain();
  const seen = calls().flat();
  expect(seen.filter((body) => body === 'bad')).toHaveLength(2);
  expect(seen.filter((body) => body !== 'bad').toSorted()).toEqual(['fine', 'good']);
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url('dead') }));
  expect(Messages).toMatchObject([{ Body: 'bad' }]);
  expect(events.stats().queues).toMatchObject([{ records: 4, failed: 2 }]);
}, 15_000);

test('a missing grant is recorded, said, and tried again', async () => {
  const iam = new TestIam('sqs:ReceiveMessage');
  const { send, events, calls, world } = await start(
    `export const handler = async (event) => { ${BODIES} };`,
    {},
    iam,
    // Longer than a function takes to start on a computer that does other things too.
    30,
  );
  await send('x');
  await expect
    .poll(
      () =>
        world.lines.some(({ level, message }) => level === 'error' && message.includes('sqs:ReceiveMessage')),
      { timeout: 20_000 },
    )
    .toBe(true);
  expect(iam.denials).toContainEqual({
    principal: 'arn:aws:iam::000000000000:role/presence',
    action: 'sqs:ReceiveMessage',
    resource: arn('lifecycle'),
  });
  iam.allow('sqs:ReceiveMessage');
  await events.drain();
  expect(calls()).toEqual([['x']]);
});
