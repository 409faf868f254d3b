import { setTimeout as delay } from 'node:timers/promises';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, expect, test } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import { AsyncQueue } from '../../../local/lambda/async-queue.ts';
import { type FunctionsOptions, startFunctions } from '../../../local/lambda/index.ts';
import type { JsonObject } from '../../../local/types.ts';
import { noEndpoint, TestIam, World } from '../../support/functions.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:failed';
/** Fails as often as the event says, and answers how often it was called. */
const FAILS = `let calls = 0;
export const handler = async ({ failures }) => {
  calls += 1;
  if (calls <= failures) throw new RangeError('call ' + calls);
  return calls;
};`;

/** @param config of `AWS::Lambda::EventInvokeConfig`; none when `undefined` */
const start = async (
  code: string,
  config: JsonObject | undefined,
  { world = new World(), properties, ...options }: StartOptions = {},
) => {
  closers.push(() => world.dispose());
  const arn = world.function('f', code, properties);
  if (config !== undefined)
    world.resource('AWS::Lambda::EventInvokeConfig', 'config', 'config', {
      FunctionName: 'f',
      Qualifier: '$LATEST',
      ...config,
    });
  const functions = await startFunctions({
    assembly: world.assembly,
    iam: new TestIam(),
    endpoint: noEndpoint,
    log: world.log,
    ...options,
    limits: { asyncDelays: { retryMs: [1, 1], throttleMs: 5 }, ...options.limits },
  });
  closers.push(() => functions.close());
  return { world, functions, arn };
};

interface StartOptions extends Partial<FunctionsOptions> {
  readonly world?: World;
  /** Of the function. */
  readonly properties?: JsonObject;
}

/** A world with a queue, behind an endpoint. */
const withQueue = async (iam = new TestIam()) => {
  const world = new World();
  world.resource('AWS::SQS::Queue', 'https://sqs.us-east-1.amazonaws.com/000000000000/failed', QUEUE, {});
  const endpoint = await startEndpoint({
    assembly: world.assembly,
    iam,
    log: world.log,
    host: '127.0.0.1',
    port: 0,
  });
  closers.push(() => endpoint.close());
  const client = new SQSClient({ region: 'us-east-1', endpoint: endpoint.url, credentials: iam.operator });
  closers.push(() => client.destroy());
  const receive = async (): Promise<unknown> => {
    const { Messages: [message] = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: `${endpoint.url}/000000000000/failed` }),
    );
    return message?.Body === undefined ? undefined : JSON.parse(message.Body);
  };
  return { world, iam, endpoint, receive };
};

test('Lambda tries an event twice again unless it is told otherwise', async () => {
  const usual = await start(FAILS, undefined);
  expect(await usual.functions.invokeAsync(usual.arn, { failures: 2 })).toEqual({ ok: true, payload: 3 });
  const again = await start(FAILS, undefined);
  expect(await again.functions.invokeAsync(again.arn, { failures: 3 })).toMatchObject({
    errorMessage: 'call 3',
  });
  const once = await start(FAILS, { MaximumRetryAttempts: 0 });
  expect(await once.functions.invokeAsync(once.arn, { failures: 1 })).toMatchObject({
    errorMessage: 'call 1',
  });
});

test('a minute and two minutes are waited for, in AWS', async () => {
  const { functions, arn } = await start(FAILS, undefined, {
    limits: { asyncDelays: { retryMs: [60_000, 120_000], throttleMs: 1000 } },
  });
  let ended = false;
  void functions.invokeAsync(arn, { failures: 1 }).then(() => {
    ended = true;
  });
  await delay(500);
  expect(ended).toBe(false);
  expect(await functions.invoke(arn, { failures: 1 })).toEqual({ ok: true, payload: 2 });
});

test('an event that is throttled waits its turn: none runs beside another, none is lost', async () => {
  const { functions, arn } = await start(
    `let busy = 0;
     export const handler = async () => {
       busy += 1; const seen = busy; await new Promise((r) => setTimeout(r, 20)); busy -= 1; return seen; };`,
    { MaximumRetryAttempts: 0 },
    { properties: { ReservedConcurrentExecutions: 1 } },
  );
  const results = await Promise.all([1, 2, 3].map((n) => functions.invokeAsync(arn, { n })));
  expect(results).toEqual([1, 2, 3].map(() => ({ ok: true, payload: 1 })));
});

test('what is given up goes to the destination, in the name of the role', async () => {
  const { world, iam, endpoint, receive } = await withQueue();
  const config = { MaximumRetryAttempts: 1, DestinationConfig: { OnFailure: { Destination: QUEUE } } };
  const { functions, arn } = await start(FAILS, config, { world, iam, endpoint });
  await functions.invokeAsync(arn, { failures: 2 });
  expect(await receive()).toEqual({
    version: '1.0',
    timestamp: expect.stringMatching(/Z$/),
    requestContext: {
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionArn: `${arn}:$LATEST`,
      condition: 'RetriesExhausted',
      approximateInvokeCount: 2,
    },
    requestPayload: { failures: 2 },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorType: 'RangeError', errorMessage: 'call 2' },
  });
  expect(iam.asked).toContainEqual(
    expect.objectContaining({ role: expect.stringMatching(/role\/f$/), action: 'sqs:SendMessage' }),
  );
});

test('a role that may not send is named when the gateway starts, and an event is given up all the same', async () => {
  const iam = new TestIam('sqs:SendMessage');
  const { world, endpoint, receive } = await withQueue(iam);
  const config = { MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination: QUEUE } } };
  const { functions, arn } = await start(FAILS, config, { world, iam, endpoint });
  expect(iam.denials).toMatchObject([{ action: 'sqs:SendMessage', resource: QUEUE }]);
  expect(await functions.invokeAsync(arn, { failures: 1 })).toMatchObject({ errorMessage: 'call 1' });
  expect(await receive()).toBeUndefined();
});

test('an event that never gets its turn is given up when it is too old', async () => {
  const { world, iam, endpoint, receive } = await withQueue();
  const queue = new AsyncQueue({
    functionArn: 'arn',
    functionName: 'f',
    roleArn: 'arn:aws:iam::000000000000:role/f',
    config: { maxRetries: 0, maxAgeMs: 50, onFailure: QUEUE },
    delays: { retryMs: [], throttleMs: 10 },
    options: { assembly: world.assembly, iam, endpoint, log: world.log },
    invoke: async () => ({
      ok: false,
      errorType: 'TooManyRequestsException',
      errorMessage: 'Rate Exceeded.',
    }),
  });
  closers.push(() => queue.close());
  await queue.take({ n: 1 });
  const record = await receive();
  expect(record).toMatchObject({
    requestContext: { condition: 'EventAgeExceeded', approximateInvokeCount: 0 },
    requestPayload: { n: 1 },
  });
  expect(record).not.toHaveProperty('responsePayload');
});

test('an event is at most 1 MB', async () => {
  const { functions, arn } = await start(FAILS, undefined);
  await expect(functions.invokeAsync(arn, 'x'.repeat(1024 * 1024))).rejects.toMatchObject({
    errorType: 'RequestEntityTooLargeException',
  });
});

test.each([
  [{ MaximumRetryAttempts: 3 }, /EventInvokeConfig config/],
  [{ MaximumEventAgeInSeconds: 59 }, /MaximumEventAgeInSeconds/],
  [{ DestinationConfig: { OnSuccess: { Destination: QUEUE } } }, /OnSuccess/],
  [{ DestinationConfig: { OnFailure: { Destination: 'arn:aws:sns:::t' } } }, /only SQS and S3/],
])('%j is refused by name', async (config, message) => {
  await expect(start(FAILS, config)).rejects.toThrow(message);
});
