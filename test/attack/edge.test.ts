/** What every answer carries, whoever gives it, and what pages of other origins get: nothing. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Lab, METER, openLab } from '../support/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  await lab.createType();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const ALWAYS = {
  'cache-control': expect.any(String),
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
const guarded = (response: Response): void => {
  const headers = Object.fromEntries(response.headers);
  expect(headers).toMatchObject(ALWAYS);
  expect(headers['content-security-policy']).toMatch(
    /^(sandbox|default-src 'none'; frame-ancestors 'none')$/,
  );
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  expect(headers).not.toHaveProperty('server');
  expect(headers).not.toHaveProperty('x-powered-by');
};
/** Of this computer: pages of others do not come so far. */
const ORIGIN = { origin: 'http://localhost:5999' };

describe('security headers', () => {
  test.each<[what: string, status: number, path: string, init: RequestInit & { token?: string }]>([
    ['a list', 200, '/v1/types', {}],
    ['the contract', 200, '/v1/openapi.json', {}],
    ['a refusal of a function', 404, '/v1/devices/none', {}],
    ['a fault in a body', 400, '/v1/types', { method: 'POST', body: '{' }],
    ['a token that is none', 401, '/v1/types', { token: 'x' }],
    ['a path that is none', 404, '/v1/nothing', {}],
    ['a method that is none', 404, '/v1/types', { method: 'PURGE' }],
    ['a body that is too large', 413, '/v1/types', { method: 'POST', body: ' '.repeat(11 * 1024 * 1024) }],
    ['a stream', 404, '/v1/devices/none/series?from=2026-03-01T00:00:00Z', {}],
  ])('are on %s, to a page of another origin too', async (_, status, path, init) => {
    const response = await lab.call(path, { ...init, headers: ORIGIN });
    expect(response.status).toBe(status);
    guarded(response);
    await response.arrayBuffer();
  });
});

describe('pages of other origins', () => {
  test.each(['https://evil.example', 'null', 'http://localhost.evil.example', 'file://'])(
    'of %s do not come so far',
    async (origin) => {
      const response = await lab.call('/v1/types', { headers: { origin } });
      expect(response.status).toBe(403);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  test.each(['/v1/types', '/v1/devices/none', '/v1/devices/none/series', '/'])(
    'have their preflight of %s refused, by no function',
    async (path) => {
      for (const origin of [ORIGIN.origin, 'http://127.0.0.1:8080', lab.gateway.addresses.api ?? '']) {
        const response = await fetch(`${lab.gateway.addresses.api}${path}`, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'DELETE',
            'access-control-request-headers': 'authorization',
            'access-control-request-private-network': 'true',
          },
        });
        expect(response.status).toBe(404);
        guarded(response);
      }
    },
  );
});

describe('a body', () => {
  const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  test.each([65, 1_000, 5_000])('%d levels deep is refused', async (depth) => {
    const body = JSON.stringify({ ...METER, id: 'deep' }).replace(/}$/, `,"x":${nested(depth)}}`);
    const response = await lab.call('/v1/types', { method: 'POST', body });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      400,
      'invalid-request',
    ]);
  });

  test('that lies about its length, or says two, or is chunked twice, reaches no function', async () => {
    const port = Number(new URL(lab.gateway.addresses.api ?? '').port);
    const say = (text: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1');
        let heard = '';
        socket.on('data', (part) => {
          heard += part.toString();
        });
        socket.on('close', () => resolve(heard));
        socket.on('error', () => resolve(heard));
        socket.end(text);
      });
    const head = `POST /v1/types HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${await lab.token()}\r\ncontent-type: application/json\r\n`;
    for (const smuggled of [
      'content-length: 2\r\ncontent-length: 3\r\n\r\n{}x',
      'content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n',
      'content-length: -1\r\n\r\n',
      'x: a\nb: c\r\ncontent-length : 2\r\n\r\n{}',
    ])
      expect(await say(`${head}${smuggled}`)).toMatch(/^HTTP\/1\.1 400 /);
  });
});
