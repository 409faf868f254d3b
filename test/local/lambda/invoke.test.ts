import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalFunctions } from '../../../local/lambda/index.ts';
import { JsonText, startFunctions } from '../../../local/lambda/index.ts';
import { noEndpoint, TestIam, World } from '../../support/functions.ts';

const world = new World();
const iam = new TestIam();
let functions: LocalFunctions;

const arn = {
  echo: world.function(
    'echo',
    `let count = 0;
     export const handler = async (event, context) => ({ event, count: ++count, context: { ...context, left: context.getRemainingTimeInMillis() } });`,
    { MemorySize: 256 },
  ),
  env: world.function('env', 'export const handler = async () => process.env;', {
    Environment: { Variables: { TABLE: 'measurements' } },
    TracingConfig: { Mode: 'Active' },
  }),
  throws: world.function(
    'throws',
    'export const handler = async () => { throw new TypeError("no such thing"); };',
  ),
  slow: world.function(
    'slow',
    'export const handler = async (event) => event.wait ? new Promise(() => setInterval(() => 0, 1000)) : "quick";',
    { Timeout: 1 },
  ),
  busy: world.function('busy', 'export const handler = async () => { for (;;); };', { Timeout: 1 }),
  exits: world.function(
    'exits',
    'let n = 0; export const handler = async ({ code }) => { n += 1; if (code !== undefined) process.exit(code); return n; };',
  ),
  uncaught: world.function(
    'uncaught',
    'export const handler = () => { setTimeout(() => { throw new RangeError("late"); }, 1); return new Promise(() => 0); };',
  ),
  rejects: world.function(
    'rejects',
    'export const handler = () => { Promise.reject(new Error("forgotten")); return new Promise(() => 0); };',
  ),
  nothing: world.function('nothing', 'export const handler = async () => {};'),
  big: world.function('big', 'export const handler = async ({ size }) => "x".repeat(size);'),
  broken: world.function('broken', 'export const handler = async () => {'),
  missing: world.function('missing', 'export const other = 1;'),
  callback: world.function('callback', 'export const handler = (event, context, done) => done(null, 1);'),
  hungry: world.function(
    'hungry',
    'export const handler = async () => { const all = []; for (;;) all.push({ n: all.length }); };',
    { MemorySize: 128, Timeout: 60 },
  ),
};

beforeAll(async () => {
  functions = await startFunctions({ assembly: world.assembly, iam, endpoint: noEndpoint, log: world.log });
});
afterAll(async () => {
  await functions.close();
  world.dispose();
});

test('gives the event and a context, and keeps the state of the module warm', async () => {
  const first = await functions.invoke(arn.echo, { hello: 'wörld' });
  const second = await functions.invoke(arn.echo, new JsonText('{"raw":true}'));
  expect(first).toMatchObject({
    ok: true,
    payload: {
      count: 1,
      event: { hello: 'wörld' },
      context: {
        functionName: 'echo',
        invokedFunctionArn: arn.echo,
        memoryLimitInMB: '256',
        functionVersion: '$LATEST',
        logGroupName: '/aws/lambda/echo',
        awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    },
  });
  expect(second).toMatchObject({ payload: { count: 2, event: { raw: true } } });
});

test('the environment is the template’s and the runtime’s, nothing of the host', async () => {
  process.env['LABGATE_HOST_SECRET'] = 'host';
  const result = await functions.invoke(arn.env, {});
  delete process.env['LABGATE_HOST_SECRET'];
  if (!result.ok) throw new Error(result.errorMessage);
  expect(result.payload).toMatchObject({
    TABLE: 'measurements',
    AWS_REGION: 'us-east-1',
    AWS_LAMBDA_FUNCTION_NAME: 'env',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/env',
    AWS_ACCESS_KEY_ID: 'KEYenv',
    AWS_SESSION_TOKEN: 'token',
    AWS_ENDPOINT_URL: noEndpoint.url,
    _X_AMZN_TRACE_ID: expect.stringMatching(
      /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1$/,
    ),
  });
  expect(result.payload).not.toHaveProperty('LABGATE_HOST_SECRET');
  expect(result.payload).not.toHaveProperty('NODE_COMPILE_CACHE');
});

test('a handler that throws fails with the name and message of its error', async () => {
  expect(await functions.invoke(arn.throws, {})).toEqual({
    ok: false,
    errorType: 'TypeError',
    errorMessage: 'no such thing',
  });
});

test('undefined arrives as null', async () => {
  expect(await functions.invoke(arn.nothing, undefined)).toEqual({ ok: true, payload: null });
});

test.each([arn.slow, arn.busy])('time is up after the timeout of the template', async (slow) => {
  expect(await functions.invoke(slow, { wait: true })).toEqual({
    ok: false,
    errorType: 'Sandbox.Timedout',
    errorMessage: expect.stringMatching(
      /^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/,
    ),
  });
});

test('after a timeout a fresh environment serves', async () => {
  await functions.invoke(arn.slow, { wait: true });
  expect(await functions.invoke(arn.slow, {})).toEqual({ ok: true, payload: 'quick' });
});

test('a function that exits fails, and the next event finds a fresh environment', async () => {
  expect(await functions.invoke(arn.exits, {})).toEqual({ ok: true, payload: 1 });
  expect(await functions.invoke(arn.exits, { code: 7 })).toMatchObject({
    errorType: 'Runtime.ExitError',
    errorMessage: expect.stringContaining('Runtime exited with error: exit status 7'),
  });
  expect(await functions.invoke(arn.exits, { code: 0 })).toMatchObject({
    errorType: 'Runtime.ExitError',
    errorMessage: expect.stringContaining('Runtime exited without providing a reason'),
  });
  expect(await functions.invoke(arn.exits, {})).toEqual({ ok: true, payload: 1 });
});

test('an error nobody catches fails the invocation', async () => {
  expect(await functions.invoke(arn.uncaught, {})).toMatchObject({
    errorType: 'RangeError',
    errorMessage: 'late',
  });
  expect(await functions.invoke(arn.rejects, {})).toMatchObject({
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: 'forgotten',
  });
});

test('events and replies are limited to 6 MB', async () => {
  expect(await functions.invoke(arn.big, { size: 10, fill: 'x'.repeat(6 * 1024 * 1024) })).toMatchObject({
    errorType: 'RequestEntityTooLargeException',
  });
  expect(await functions.invoke(arn.big, { size: 6 * 1024 * 1024 + 200 })).toMatchObject({
    errorType: 'Function.ResponseSizeTooLarge',
  });
  expect(await functions.invoke(arn.big, { size: 6 * 1024 * 1024 })).toMatchObject({ ok: true });
});

test('what cannot be loaded says why', async () => {
  expect(await functions.invoke(arn.broken, {})).toMatchObject({ errorType: 'Runtime.UserCodeSyntaxError' });
  expect(await functions.invoke(arn.missing, {})).toMatchObject({
    errorType: 'Runtime.HandlerNotFound',
    errorMessage: 'index.handler is undefined or not exported',
  });
  expect(await functions.invoke(arn.callback, {})).toMatchObject({
    errorType: 'Runtime.CallbackHandlerDeprecated',
  });
});

test('more memory than the template gives kills the function, not the gateway', async () => {
  expect(await functions.invoke(arn.hungry, {})).toMatchObject({
    errorType: 'Runtime.ExitError',
    errorMessage: expect.stringContaining('signal: killed'),
  });
});

test('an unknown function is refused by name', async () => {
  await expect(functions.invoke('arn:aws:lambda:us-east-1:000000000000:function:no', {})).rejects.toThrow(
    'Function not found: arn:aws:lambda:us-east-1:000000000000:function:no',
  );
});
