import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NoAnswer } from '../../../../lambdas/runtime/calls.ts';
import { mayWorkLater } from '../../../../lambdas/runtime/retry.ts';
import { ObjectRefused, putInto, replaceIn, tagsIn } from '../../../../lambdas/store/objects/objects.ts';

let server: Server;
let answer: { readonly status: number; readonly body: string };
const seen: { readonly path: string; readonly type: string; readonly body: string }[] = [];

beforeEach(async () => {
  seen.length = 0;
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ path: request.url ?? '', type: request.headers['content-type'] ?? '', body });
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

it('puts a document under its key, encoded', async () => {
  answer = { status: 200, body: '' };
  await putInto('archive')("quarantine/a b/(1)'.json", { value: 1 });
  expect(seen).toStrictEqual([
    { path: '/archive/quarantine/a%20b/%281%29%27.json', type: 'application/json', body: '{"value":1}' },
  ]);
});

it('says why S3 refused, and whether to try again', async () => {
  answer = { status: 403, body: '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>' };
  const denied = await putInto('archive')('k', {}).catch((error: unknown) => error);
  expect(denied).toBeInstanceOf(ObjectRefused);
  expect(denied).toHaveProperty('name', 'AccessDenied');
  expect(mayWorkLater(denied)).toBe(false);
  answer = { status: 503, body: '<Error><Code>SlowDown</Code></Error>' };
  expect(mayWorkLater(await putInto('archive')('k', {}).catch((error: unknown) => error))).toBe(true);
});

it('tells a lost connection from a refusal', async () => {
  server.on('request', (request) => request.socket.destroy());
  const lost = await putInto('archive')('k', {}).catch((error: unknown) => error);
  expect(lost).toBeInstanceOf(NoAnswer);
  expect(mayWorkLater(lost)).toBe(true);
});

it('replaces bytes only while they are as they were', async () => {
  const conditions: unknown[] = [];
  server.on('request', ({ headers }) => conditions.push([headers['if-match'], headers['if-none-match']]));
  const replace = (before?: string) => replaceIn('archive')('k', new Uint8Array(3), 'text/plain', before);
  answer = { status: 200, body: '' };
  expect([await replace(), await replace('"a"')]).toEqual([true, true]);
  expect(conditions).toEqual([
    [undefined, '*'],
    ['"a"', undefined],
  ]);
  const refusals = [
    [412, 'PreconditionFailed'],
    [409, 'ConditionalRequestConflict'],
    [404, 'NoSuchKey'],
  ] as const;
  for (const [status, code] of refusals) {
    answer = { status, body: `<Error><Code>${code}</Code></Error>` };
    expect(await replace('"a"')).toBe(false);
  }
  for (const [status, code] of [[404, 'NoSuchBucket'] as const, [403, 'AccessDenied'] as const]) {
    answer = { status, body: `<Error><Code>${code}</Code></Error>` };
    await expect(replace('"a"')).rejects.toThrow(code);
  }
});

it('tells what stands under a key, or that nothing does', async () => {
  answer = { status: 404, body: '' };
  expect(await tagsIn('archive')('k')).toBeUndefined();
  // Who may not list the bucket is not told: that must not be taken for nothing.
  answer = { status: 403, body: '' };
  await expect(tagsIn('archive')('k')).rejects.toThrow('403');
  server.removeAllListeners('request');
  server.on('request', (_, response) => response.writeHead(200, { etag: '"b"' }).end());
  expect(await tagsIn('archive')('k')).toBe('"b"');
});
