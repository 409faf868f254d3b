import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CallRefused, NoAnswer, putRecord, sendMessage } from '../../../lambdas/runtime/calls.ts';
import { getFrom, listOf } from '../../../lambdas/store/objects/objects.ts';
import { mayWorkLater } from '../../../lambdas/store/retry.ts';

let server: Server;
let answer: { readonly status: number; readonly body: string };
const seen: { headers: IncomingHttpHeaders; body: string; path: string }[] = [];

beforeEach(async () => {
  seen.length = 0;
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ headers: request.headers, body, path: request.url ?? '' });
    response.writeHead(answer.status);
    response.end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

it('puts records and messages by the JSON of their services', async () => {
  answer = { status: 200, body: '{"SequenceNumber":"7"}' };
  expect(await putRecord('stream', 'berlin/a', Buffer.from('hello'))).toBe('7');
  await sendMessage('https://queue.test/1/exports', 'text');
  expect(seen.map(({ headers, body }) => [headers['x-amz-target'], JSON.parse(body)])).toEqual([
    [
      'Kinesis_20131202.PutRecord',
      { StreamName: 'stream', PartitionKey: 'berlin/a', Data: Buffer.from('hello').toString('base64') },
    ],
    ['AmazonSQS.SendMessage', { QueueUrl: 'https://queue.test/1/exports', MessageBody: 'text' }],
  ]);
  expect(seen[0]?.headers.authorization).toContain('/kinesis/aws4_request');
});

it('says why a call was refused, and whether to try again', async () => {
  answer = { status: 400, body: '{"__type":"com.amazonaws#ThrottlingException"}' };
  const throttled = await sendMessage('q', 't').catch((error: unknown) => error);
  expect(throttled).toBeInstanceOf(CallRefused);
  expect(throttled).toHaveProperty('name', 'ThrottlingException');
  expect(mayWorkLater(throttled)).toBe(true);
  answer = { status: 400, body: '{"__type":"AccessDeniedException"}' };
  expect(mayWorkLater(await sendMessage('q', 't').catch((error: unknown) => error))).toBe(false);
  answer = { status: 200, body: '' };
  await expect(putRecord('s', 'k', new Uint8Array())).rejects.toThrow('without a sequence number');
  server.on('request', (request) => request.socket.destroy());
  await expect(sendMessage('q', 't')).rejects.toThrow(NoAnswer);
});

it('gets objects, tells those that are not there from those that are refused, and reads lists', async () => {
  answer = { status: 200, body: 'bytes' };
  expect((await getFrom('archive')('a/b'))?.toString()).toBe('bytes');
  answer = { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' };
  expect(await getFrom('archive')('a/b')).toBeUndefined();
  answer = { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' };
  await expect(getFrom('archive')('a/b')).rejects.toHaveProperty('name', 'AccessDenied');
  answer = {
    status: 200,
    body: '<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a%2Bb/c+d</Key><Size>12</Size></Contents></ListBucketResult>',
  };
  expect(await listOf('archive')({ prefix: 'a+b/', after: 'a', limit: 1 })).toEqual({
    objects: [{ key: 'a+b/c d', bytes: 12 }],
    more: true,
  });
  const query = new URL(`http://x${seen.at(-1)?.path}`).searchParams;
  expect(Object.fromEntries(query)).toMatchObject({ prefix: 'a+b/', 'start-after': 'a', 'max-keys': '1' });
});
