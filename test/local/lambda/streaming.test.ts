import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalFunctions } from '../../../local/lambda/index.ts';
import { startFunctions } from '../../../local/lambda/index.ts';
import { STREAM_WINDOW } from '../../../local/lambda/messages.ts';
import { noEndpoint, TestIam, World } from '../../support/functions.ts';

/** Bytes that a streamed response may have here; 200 MB in AWS. */
const LIMIT = 48 * 1024 * 1024;

const world = new World();
let functions: LocalFunctions;

const stream = (name: string, body: string, properties = {}) =>
  world.function(
    name,
    `import { pipeline } from 'node:stream/promises';
     import { once } from 'node:events';
     let written = 0;
     let failures = [];
     export const handler = awslambda.streamifyResponse(async (event, responseStream, context) => { ${body} });`,
    properties,
  );

const PRELUDE = `responseStream = awslambda.HttpResponseStream.from(responseStream, {
  statusCode: 201, headers: { 'content-type': 'text/csv', 'x-number': 5 }, cookies: ['a=1', 'b=2'] });`;

const arn = {
  hello: stream(
    'hello',
    `${PRELUDE} responseStream.write('hel'); responseStream.write('lo'); responseStream.end();`,
  ),
  empty: stream('empty', `${PRELUDE} responseStream.write(''); responseStream.end();`),
  unwritten: stream('unwritten', `${PRELUDE} responseStream.end();`),
  ended: stream('ended', `${PRELUDE} responseStream.end('all at once');`),
  wide: stream(
    'wide',
    `responseStream = awslambda.HttpResponseStream.from(responseStream, {
       statusCode: 200, headers: { padding: 'x'.repeat(event.padding) } });
     responseStream.write(''); responseStream.end();`,
  ),
  late: stream(
    'late',
    `responseStream.write(''); responseStream.setContentType('text/csv'); responseStream.end();`,
  ),
  object: stream('object', `${PRELUDE} responseStream.write({ a: 1 }); responseStream.end();`),
  large: stream(
    'large',
    `if (event.report) { responseStream.write(JSON.stringify({ written, failures })); responseStream.end(); return; }
     ${PRELUDE}
     written = 0;
     async function* rows() { for (let i = 0; i < (event.pieces ?? 640); i += 1) { written += 65536; yield Buffer.alloc(65536, i); } }
     try { await pipeline(rows(), responseStream); } catch (error) { failures.push(error.message); throw error; }`,
    { Timeout: 30 },
  ),
  raw: stream('raw', `responseStream.write('no prelude'); responseStream.end();`),
  breaks: stream(
    'breaks',
    `${PRELUDE} responseStream.write('begun'); await new Promise(r => setTimeout(r, 20)); throw new Error('half-way');`,
  ),
  early: stream('early', `throw new Error('before the prelude');`),
  rows: stream(
    'rows',
    `${PRELUDE} for (let i = 0; i < 20000; i += 1) { if (!responseStream.write(i + '\\n')) await once(responseStream, 'drain'); } responseStream.end();`,
  ),
  plain: world.function('plain', 'export const handler = async () => ({ statusCode: 200 });'),
};

beforeAll(async () => {
  functions = await startFunctions({
    assembly: world.assembly,
    iam: new TestIam(),
    endpoint: noEndpoint,
    log: world.log,
    limits: { concurrency: 1, streamBytes: LIMIT },
  });
});
afterAll(async () => {
  await functions.close();
  world.dispose();
});

const read = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
};

test('status, headers and cookies come first, then the body', async () => {
  const result = await functions.invokeStreaming(arn.hello, {});
  expect(result.statusCode).toBe(201);
  expect(result.headers).toEqual({ 'content-type': 'text/csv', 'x-number': '5' });
  expect(result.multiValueHeaders).toEqual({ 'set-cookie': ['a=1', 'b=2'] });
  expect((await read(result.body)).toString()).toBe('hello');
});

test('a response may have no body, when that is written', async () => {
  const result = await functions.invokeStreaming(arn.empty, {});
  expect(result.statusCode).toBe(201);
  expect(await read(result.body)).toHaveLength(0);
});

test.each([arn.unwritten, arn.ended])(
  'status and headers go with the first write alone',
  async (function_) => {
    await expect(functions.invokeStreaming(function_, {})).rejects.toMatchObject({
      errorType: 'Runtime.MalformedStreamingResponse',
    });
  },
);

test('status and headers end within the first 16 KB', async () => {
  const short = await functions.invokeStreaming(arn.wide, { padding: 16_000 });
  expect(await read(short.body)).toHaveLength(0);
  await expect(functions.invokeStreaming(arn.wide, { padding: 16_384 })).rejects.toMatchObject({
    message: 'The function answered with no prelude in its first 16 KB.',
  });
});

test('a content type comes before the first write, and what is no text or bytes is written as JSON', async () => {
  await expect(functions.invokeStreaming(arn.late, {})).rejects.toThrow('Cannot set content-type, too late.');
  const { body } = await functions.invokeStreaming(arn.object, {});
  expect((await read(body)).toString()).toBe('{"a":1}');
});

test('a response that is too long is cut, and the environment serves the next', async () => {
  const { body } = await functions.invokeStreaming(arn.large, { pieces: LIMIT / 65_536 });
  await expect(read(body)).rejects.toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
  expect(await functions.invoke(arn.large, { report: true })).toMatchObject({ ok: true });
});

test('many small writes arrive whole and in order', async () => {
  const result = await functions.invokeStreaming(arn.rows, {});
  const text = (await read(result.body)).toString();
  expect(text).toBe(Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join(''));
});

test('a large body arrives whole, and the writer waits for a slow reader', async () => {
  const result = await functions.invokeStreaming(arn.large, {});
  const reader = result.body[Symbol.asyncIterator]();
  const first = await reader.next();
  // While nobody reads, the writer comes to rest: what the pipe holds is bounded.
  await delay(200);
  let size = first.value?.byteLength ?? 0;
  for (let next = await reader.next(); next.done !== true; next = await reader.next()) {
    size += next.value.byteLength;
  }
  expect(size).toBe(640 * 65_536);
});

test('when the reader leaves, the writer fails and the environment serves the next', async () => {
  const result = await functions.invokeStreaming(arn.large, {});
  const reader = result.body[Symbol.asyncIterator]();
  await reader.next();
  await delay(100);
  await reader.return?.();
  const report = await functions.invoke(arn.large, { report: true });
  expect(report).toMatchObject({
    ok: true,
    payload: { failures: expect.arrayContaining(['The client closed the connection.']) },
  });
  if (!report.ok) throw new Error(report.errorMessage);
  // The window, 64 KiB of buffer in the writer, and what one write adds.
  expect(JSON.parse(JSON.stringify(report.payload)).written).toBeLessThan(STREAM_WINDOW + 256 * 1024);
});

test('a failure before the prelude rejects, one after it breaks the body', async () => {
  await expect(functions.invokeStreaming(arn.early, {})).rejects.toMatchObject({
    name: 'InvocationError',
    errorType: 'Error',
    message: 'before the prelude',
  });
  const result = await functions.invokeStreaming(arn.breaks, {});
  await expect(read(result.body)).rejects.toMatchObject({ message: 'half-way' });
});

test.each([arn.raw, arn.plain])('a response without prelude is refused', async (function_) => {
  await expect(functions.invokeStreaming(function_, {})).rejects.toMatchObject({
    errorType: 'Runtime.MalformedStreamingResponse',
  });
});

test('a streaming function invoked without streaming gives its bytes as they are', async () => {
  expect(await functions.invoke(arn.raw, {})).toEqual({ ok: true, payload: 'no prelude' });
});
