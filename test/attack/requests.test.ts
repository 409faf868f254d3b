/** Requests that no honest client sends: each is refused as what it is, and changes nothing. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { LIMITS } from '../../contracts/limits.ts';
import { createIdentity } from '../../device/identity.ts';
import { type Lab, METER, openLab } from '../support/lab.ts';
import { refusal } from './problem.ts';

type Body = NonNullable<RequestInit['body']>;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  await lab.createType();
  await lab.register('mine');
  await lab.register('other');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const post = (path: string, body: Body, headers: Record<string, string> = {}): Promise<Response> =>
  lab.call(path, { method: 'POST', body, headers });

describe('identifiers', () => {
  test.each([
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e%2f',
    'mine%00',
    'mine%2Fseries',
    'mine%0d%0aset-cookie:%20a=b',
    "mine'%20OR%20'1'='1",
    '%7B%22S%22%3A%22mine%22%7D',
    'DEVICE%23mine',
    'mine%23v1',
    '__proto__',
    'constructor',
    'MINE',
    'm%C3%ADne',
    '%F0%9F%98%80',
    '%E0%A4%A',
    '%24%7Bjndi%3Aldap%3A%2F%2Fx%7D',
    '<script>alert(1)</script>',
    '*',
    'x'.repeat(6000),
  ])('%s', async (id) => {
    const { status } = await lab.call(`/v1/devices/${id}`);
    expect([400, 404]).toContain(status);
    await refusal(await lab.call(`/v1/devices/${id}`), status);
    await refusal(await lab.call(`/v1/types/${id}`), status);
    const series = await lab.call(`/v1/devices/${id}/series?from=2026-01-01T00:00:00Z`);
    await refusal(series, series.status);
    expect([400, 404]).toContain(series.status);
  });
});

describe('queries', () => {
  const range = 'from=2026-01-01T00:00:00Z';
  test.each([
    ['/v1/devices?limit=0', 'invalid-request'],
    ['/v1/devices?limit=-1', 'invalid-request'],
    ['/v1/devices?limit=1e9', 'invalid-request'],
    ['/v1/devices?limit=1&limit=2', 'invalid-request'],
    ['/v1/devices?limit=', 'invalid-request'],
    ['/v1/devices?site=lab-1%23x', 'invalid-request'],
    ['/v1/devices?site[$ne]=lab-1', 'invalid-request'],
    ['/v1/devices?state=secret', 'invalid-request'],
    ['/v1/devices?unknown=1', 'invalid-request'],
    ['/v1/devices?__proto__=1', 'invalid-request'],
    ['/v1/devices/mine/series', 'invalid-request'],
    ['/v1/devices/mine/series?from=now', 'invalid-request'],
    [`/v1/devices/mine/series?${range}&to=1999-01-01T00:00:00Z`, 'invalid-request'],
    [`/v1/devices/mine/series?${range}&every=PT0S`, 'invalid-request'],
    [`/v1/devices/mine/series?${range}&every=PT-1S`, 'invalid-request'],
    [`/v1/devices/mine/series?${range}&every=PT1H&agg=constructor`, 'invalid-request'],
    [`/v1/devices/mine/series?${range}&agg=mean`, 'invalid-request'],
    [`/v1/devices/mine/series?${range}&limit=99999999`, 'invalid-request'],
    ['/v1/devices?cursor=%00', 'invalid-cursor'],
    ['/v1/devices?cursor=garbage', 'invalid-cursor'],
    [
      `/v1/devices?cursor=${Buffer.from('{"PK":{"S":"DEVICE#other"}}').toString('base64url')}`,
      'invalid-cursor',
    ],
    [`/v1/devices?cursor=${Buffer.from('{"__proto__":{"a":1}}').toString('base64url')}`, 'invalid-cursor'],
    [`/v1/devices/mine/series?${range}&cursor=${Buffer.from('[1]').toString('base64url')}`, 'invalid-cursor'],
  ])('%s', async (path, code) => {
    expect(await refusal(await lab.call(path), 400)).toMatchObject({ code });
  });

  test('a cursor of one list opens no other, and none that somebody has changed', async () => {
    const { next } = await lab.json<{ next: string }>('/v1/devices?limit=1');
    const cursor = encodeURIComponent(next);
    for (const path of [
      `/v1/devices?limit=1&site=lab-1&cursor=${cursor}`,
      `/v1/types?limit=1&cursor=${cursor}`,
      `/v1/devices/mine/series?${range}&cursor=${cursor}`,
      `/v1/devices?limit=1&cursor=${encodeURIComponent(`x${next}`)}`,
      `/v1/devices?limit=1&cursor=${encodeURIComponent(next.slice(0, -3))}`,
    ])
      expect(await refusal(await lab.call(path), 400)).toMatchObject({ code: 'invalid-cursor' });
    expect((await lab.call(`/v1/devices?limit=1&cursor=${cursor}`)).status).toBe(200);
  });

  test('channels nobody has are no error, and no key of an object', async () => {
    for (const channels of ['nothing', 'constructor'])
      expect(await lab.json(`/v1/devices/mine/series?${range}&channels=${channels}`)).toMatchObject({
        items: [],
      });
  });
});

describe('bodies', () => {
  const type = (more: object = {}): string => JSON.stringify({ ...METER, id: 'new', ...more });

  test.each<[what: string, body: Body, headers: Record<string, string>, status: number, code: string]>([
    ['one byte too large', Buffer.alloc(LIMITS.bodyBytes + 1, ' '), {}, 413, 'body-too-large'],
    ['larger than the gateway takes', Buffer.alloc(11 * 1024 * 1024, ' '), {}, 413, 'body-too-large'],
    ['text', type(), { 'content-type': 'text/plain' }, 415, 'unsupported-media-type'],
    [
      'a form',
      'id=new',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported-media-type',
    ],
    [
      'XML',
      '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
      { 'content-type': 'application/xml' },
      415,
      'unsupported-media-type',
    ],
    [
      'several types',
      type(),
      { 'content-type': 'application/json, text/plain' },
      415,
      'unsupported-media-type',
    ],
    ['no JSON', '{"id":', {}, 400, 'invalid-request'],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}, 400, 'invalid-request'],
    ['nothing', '', {}, 400, 'invalid-request'],
    ['null', 'null', {}, 400, 'invalid-request'],
    ['a list', `[${type()}]`, {}, 400, 'invalid-request'],
    ['nested without end', '['.repeat(100_000), {}, 400, 'invalid-request'],
    ['a prototype', type().replace('{', '{"__proto__":{"role":"Admin"},'), {}, 400, 'invalid-request'],
    ['fields nobody asked for', type({ createdBy: 'somebody', version: 99 }), {}, 400, 'invalid-request'],
    [
      'a channel called as a method',
      type({ channels: { __proto__x: { unit: '1' } } }),
      {},
      400,
      'invalid-request',
    ],
    ['no channels', type({ channels: {} }), {}, 400, 'invalid-request'],
  ])('%s', async (_, body, headers, status, code) => {
    expect(await refusal(await post('/v1/types', body, headers), status)).toMatchObject({ code });
  });

  test.each(['__proto__', '\\u005f_proto__'])('a label %s is no label', async (label) => {
    const device = await lab.call('/v1/devices/mine');
    const response = await lab.call('/v1/devices/mine', {
      method: 'PATCH',
      body: `{"name":"renamed","labels":{"ok":"1","${label}":"2"}}`,
      headers: { 'if-match': device.headers.get('etag') ?? '' },
    });
    expect(await refusal(response, 400)).toMatchObject({
      code: 'invalid-request',
      errors: [{ pointer: '/labels/__proto__', detail: 'is not part of the contract' }],
    });
    expect(await lab.json('/v1/devices/mine')).toEqual(await device.json());
  });

  test('a signing request that is none makes no device', async () => {
    const csr = '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n';
    const body = JSON.stringify({ id: 'new', site: 'lab-1', type: 'meter', csr });
    expect(await refusal(await post('/v1/devices', body), 422)).toMatchObject({ code: 'invalid-csr' });
    await refusal(await lab.call('/v1/devices/new'), 404);
  });

  test('a signing request of somebody else gives no other name than its own device', async () => {
    const { csr } = await createIdentity('other');
    const response = await post(
      '/v1/devices',
      JSON.stringify({ id: 'third', site: 'lab-1', type: 'meter', csr }),
    );
    // The name in the request counts for nothing: AWS IoT keeps it in the certificate, the thing decides.
    expect(await response.json()).toMatchObject({
      clientId: 'third',
      topics: { data: 'lab/lab-1/third/data' },
    });
  });
});

describe('methods', () => {
  test.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])(
    '%s counts for nothing',
    async (header) => {
      const headers = { [header]: 'DELETE', 'if-match': '*' };
      expect((await lab.call('/v1/devices/mine', { headers })).status).toBe(200);
      await lab.call('/v1/devices/mine?_method=DELETE', { headers });
      expect(await lab.json('/v1/devices/mine')).toMatchObject({ state: 'active' });
    },
  );

  test.each([
    ['PUT', '/v1/devices/mine'],
    ['POST', '/v1/devices/mine'],
    ['DELETE', '/v1/devices'],
    ['DELETE', '/v1/types/meter'],
    ['PATCH', '/v1/devices/mine/series'],
    ['PROPFIND', '/v1/devices'],
    ['GET', '/'],
    ['GET', '/v1'],
    ['GET', '/v2/devices'],
    ['GET', '//v1/devices'],
    ['GET', '/v1/devices/'],
    ['GET', '/.env'],
    ['GET', '/v1/devices/mine/../../../health/live'],
  ])('%s %s leads nowhere', async (method, path) => {
    const response = await lab.call(path, { method });
    expect([404, 405]).toContain(response.status);
    await refusal(response, response.status);
  });

  test('a change without a version, or of another, is none', async () => {
    const init = { method: 'PATCH', body: '{"name":"x"}' };
    expect(await refusal(await lab.call('/v1/devices/mine', init), 428)).toMatchObject({
      code: 'precondition-required',
    });
    const headers = { 'if-match': '"99"' };
    expect(await refusal(await lab.call('/v1/devices/mine', { ...init, headers }), 412)).toMatchObject({
      code: 'precondition-failed',
    });
  });
});

describe('what fails inside', () => {
  test.each([
    [
      'a table that fails',
      () => lab.gateway.faults.set({ service: 'dynamodb', kind: 'error', rate: 1, seed: 1 }),
    ],
    [
      'a right that is missing',
      () => {
        const grants = lab.gateway.iam
          .grants()
          .filter(({ action }) => /^dynamodb:(GetItem|Query)$/.test(action));
        const taken = grants.map((grant) => lab.gateway.iam.without(grant));
        return () => {
          for (const each of taken) each[Symbol.dispose]();
        };
      },
    ],
  ])('%s is told as nothing but that', async (_, breakIt) => {
    const mend = breakIt();
    try {
      for (const path of ['/v1/devices/mine', '/v1/devices/mine/latest']) {
        const response = await lab.call(path);
        expect([500, 503]).toContain(response.status);
        const { detail, errors } = await refusal(response, response.status);
        expect(errors).toBeUndefined();
        expect(detail ?? '').not.toMatch(/table|role|grant/i);
      }
    } finally {
      mend();
    }
    expect((await lab.call('/v1/devices/mine')).status).toBe(200);
  });
});

test('every answer forbids to sniff, to frame and to keep', async () => {
  for (const path of ['/v1/devices', '/v1/devices/nobody']) {
    const { headers } = await lab.call(path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toMatch(/no-store/);
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('server')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  }
});
