import { setImmediate as turn } from 'node:timers/promises';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../../../contracts/limits.ts';
import { PROBLEMS, problem } from '../../../contracts/problems.ts';
import type { AuditRecord } from '../../../contracts/resources/audit.ts';
import { CallRefused, NoAnswer } from '../../../lambdas/runtime/calls.ts';
import { createApi, type Handlers, jsonResponse } from '../../../lambdas/runtime/http/api.ts';
import type { Audit } from '../../../lambdas/runtime/http/audit.ts';
import { bufferedHandler, requestOf, streamedHandler } from '../../../lambdas/runtime/http/lambda.ts';
import { pageResponse } from '../../../lambdas/runtime/http/page.ts';
import { principalFromClaims } from '../../../lambdas/runtime/http/principal.ts';
import { ProblemError } from '../../../lambdas/runtime/http/problem.ts';
import { streamResponse } from '../../../lambdas/runtime/http/stream.ts';
import { createLogger } from '../../../lambdas/runtime/logger.ts';
import { ObjectRefused } from '../../../lambdas/store/objects/objects.ts';
import { awslambda, ResponseStream } from '../../../local/lambda/worker/response-stream.ts';
import {
  ADMIN,
  lambdaContext,
  person,
  program,
  proxyEvent,
  type Sent,
  tokenOf,
} from '../../support/http-events.ts';

type ControlHandlers = Handlers<'control-api'>;
const unaudited = async (): Promise<void> => undefined;
const never = (): never => {
  throw new Error('not to be called');
};
const NEVER: ControlHandlers = {
  registerDevice: never,
  listDevices: never,
  readDevice: never,
  updateDevice: never,
  moveDevice: never,
  retireDevice: never,
  listCertificates: never,
  issueCertificate: never,
  revokeCertificate: never,
  listSites: never,
  readSite: never,
  describeSite: never,
  removeSite: never,
  createType: never,
  listTypes: never,
  readType: never,
  replaceType: never,
  live: never,
};
beforeAll(() => {
  process.env['LOG_LEVEL'] = 'SILENT';
});
afterAll(() => {
  vi.restoreAllMocks();
});

const call = async (handlers: Partial<ControlHandlers>, sent: Sent) => {
  const handler = bufferedHandler(
    createApi('control-api', unaudited, { ...NEVER, ...handlers }),
    createLogger(),
    '[]',
  );
  const {
    statusCode,
    headers = {},
    body,
  }: APIGatewayProxyResult = await handler(proxyEvent(sent), lambdaContext);
  return { status: statusCode, headers, body: JSON.parse(body) };
};
const TYPE = { id: 'a', name: 'A', channels: { x: { unit: '1' } } };
const post = (body: unknown, headers: Record<string, string> = {}): Sent => ({
  method: 'POST',
  path: '/v1/types',
  body,
  headers,
});

describe('the audit', () => {
  const send = async (handlers: Partial<ControlHandlers>, sent: Sent, audit: Audit) => {
    const api = createApi('control-api', audit, { ...NEVER, ...handlers });
    const { statusCode, headers, body }: APIGatewayProxyResult = await bufferedHandler(
      api,
      createLogger(),
      '[]',
    )(proxyEvent(sent), lambdaContext);
    return { status: statusCode, headers, code: JSON.parse(body).code };
  };
  const cannot: Audit = () => Promise.reject(new Error('no table'));
  const createType = () => jsonResponse({ id: 'a' }, 201, { etag: '"1"', location: '/v1/types/a' });

  it('has a change before its answer goes out', async () => {
    const records: AuditRecord[] = [];
    let isWritten = false;
    const audit: Audit = async (record) => {
      await turn();
      records.push(record);
      isWritten = true;
    };
    const { status } = await send({ createType }, post(TYPE, { 'User-Agent': 'curl' }), audit);
    expect([status, isWritten]).toEqual([201, true]);
    expect(records).toEqual([
      {
        site: null,
        actor: { kind: 'user', subject: 'user-1', name: 'ada', grants: ['Admin'] },
        action: 'createType',
        outcome: 'done',
        created: '/v1/types/a',
        request: expect.stringMatching(/^[\w-]{43}$/),
        after: '"1"',
        requestId: expect.stringMatching(/^request-/),
        address: '192.0.2.1',
        userAgent: 'curl',
      },
    ]);
  });

  it('that does not take a change makes its answer a fault, which says that the change was made', async () => {
    expect(await send({ createType }, post(TYPE), cannot)).toMatchObject({
      status: 503,
      code: 'not-audited',
      headers: { 'retry-after': '1' },
    });
  });

  it('that does not take a denial leaves it one, and has nothing to do with reading', async () => {
    const sent = { ...post(TYPE), claims: person('Viewer') };
    expect(await send({}, sent, cannot)).toMatchObject({ status: 403, code: 'forbidden' });
    const listTypes = () => jsonResponse({ items: [], next: null });
    expect(await send({ listTypes }, { path: '/v1/types' }, cannot)).toMatchObject({ status: 200 });
  });

  it('tells a fault of the platform from a refusal, and gets the reason that was given', async () => {
    const outcomes: object[] = [];
    const audit: Audit = async ({ outcome, code }) => void outcomes.push({ outcome, code });
    const failing = (): never => {
      throw new Error('broken');
    };
    await send({ createType: failing }, post(TYPE), audit);
    await send({}, post({ nonsense: true }), audit);
    await send({}, { ...post(TYPE), claims: undefined }, audit);
    expect(outcomes).toEqual([
      { outcome: 'failed', code: 'internal-error' },
      { outcome: 'refused', code: 'invalid-request' },
    ]);
  });
});

it.each([
  [LIMITS.bodyDepth, 'is not part of the contract'],
  [LIMITS.bodyDepth + 1, 'is nested deeper than 64'],
  [100_000, 'is nested deeper than 64'],
])('takes a body of %d levels no deeper than it can be worked on', async (depth, detail) => {
  const body = `{"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
  const answer = await call({}, post(body));
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
  expect(JSON.stringify(answer.body)).toContain(detail);
});

it.each(['{"a":"\\ud83d"}', '{"\\uDE00":1}'])('refuses %s, which is no Unicode', async (body) => {
  expect(await call({}, post(body))).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
});

describe('every answer', () => {
  it('carries its request id and the security headers', async () => {
    const { headers } = await call(
      { listTypes: () => jsonResponse({ items: [], next: null }) },
      { path: '/v1/types' },
    );
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^request-/),
    });
  });

  it('is a problem of RFC 9457 when something is wrong', async () => {
    const { status, headers, body } = await call({}, { path: '/v1/types?limit=0' });
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(problem.parse(body)).toMatchObject({
      type: '/v1/problems/invalid-request',
      title: PROBLEMS['invalid-request'][1],
      instance: '/v1/types',
      code: 'invalid-request',
      requestId: headers['x-request-id'],
    });
  });

  it('tells nothing of a fault of ours', async () => {
    const listTypes = (): never => {
      throw new Error('the password is 1234');
    };
    const { status, body } = await call({ listTypes }, { path: '/v1/types' });
    expect(status).toBe(500);
    expect(body).not.toHaveProperty('detail');
    expect(JSON.stringify(body)).not.toContain('1234');
  });

  it.each(['ThrottlingException', 'ProvisionedThroughputExceededException', 'TimeoutError'])(
    'asks to wait when %s passes',
    async (name) => {
      const listTypes = (): never => {
        throw Object.assign(new Error('slow down'), { name });
      };
      const answer = await call({ listTypes }, { path: '/v1/types' });
      expect(answer).toMatchObject({
        status: 503,
        headers: { 'retry-after': '1' },
        body: { code: 'unavailable' },
      });
      expect(answer.body).not.toHaveProperty('detail');
    },
  );

  it.each<[string, Error]>([
    ['a fault of DynamoDB', new CallRefused('InternalServerError', 500, 'DynamoDB_20120810.Query')],
    ['S3 that asks to slow down', new ObjectRefused('SlowDown', 503, 'a/key')],
    ['no answer of S3', new NoAnswer('S3 gave no answer')],
    ['a connection that breaks', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
  ])('asks to wait after %s', async (_what, fault) => {
    const listTypes = () => Promise.reject(fault);
    expect(await call({ listTypes }, { path: '/v1/types' })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { code: 'unavailable' },
    });
  });

  it('does not ask to wait after what would be refused again', async () => {
    const listTypes = () =>
      Promise.reject(new CallRefused('ValidationException', 400, 'DynamoDB_20120810.Query'));
    expect(await call({ listTypes }, { path: '/v1/types' })).toMatchObject({ status: 500 });
  });
});

describe('routes', () => {
  it('are found or not found', async () => {
    expect(await call({}, { path: '/v1/nothing' })).toMatchObject({ status: 404 });
    expect(await call({}, { path: '/v1/types/' })).toMatchObject({ status: 404 });
    expect(await call({}, { path: '/v1/types', method: 'PUT' })).toMatchObject({
      status: 405,
      headers: { allow: 'POST, GET' },
    });
    // The series belong to the other function.
    expect(await call({}, { path: '/v1/devices/a/series' })).toMatchObject({ status: 404 });
  });

  it.each([
    '/v1/types/A',
    '/v1/types/-a',
    `/v1/types/${'a'.repeat(64)}`,
    '/v1/types/a%2Fb',
    '/v1/types/..%2f..',
  ])('refuse %s as an identifier', async (path) => {
    expect(await call({}, { path })).toMatchObject({ status: 400, body: { errors: [{ pointer: '{id}' }] } });
  });
});

describe('bodies', () => {
  const created: Partial<ControlHandlers> = { createType: ({ body }) => jsonResponse(body, 201) };

  it('are read as JSON in UTF-8, also in base64', async () => {
    const named = { ...TYPE, name: 'Wärmeschränke 恒温' };
    expect(await call(created, post(named))).toMatchObject({ status: 201, body: { name: named.name } });
    const event = proxyEvent(post(named, { 'Content-Type': 'application/json; charset=UTF-8' }));
    const base64 = {
      ...event,
      body: Buffer.from(event.body ?? '').toString('base64'),
      isBase64Encoded: true,
    };
    expect(await requestOf(base64).json()).toEqual(named);
  });

  it.each([
    ['text', post('{}', { 'Content-Type': 'text/plain' }), 415],
    ['another charset', post('{}', { 'Content-Type': 'application/json; charset=latin1' }), 415],
    ['packed', post(TYPE, { 'Content-Encoding': 'gzip' }), 415],
    ['packed twice', post(TYPE, { 'Content-Encoding': 'identity, br' }), 415],
    ['no JSON', post('{"id":'), 400],
    ['nothing', { method: 'POST', path: '/v1/types', headers: { 'Content-Type': 'application/json' } }, 400],
    ['too much', post(`{"id":"${'a'.repeat(LIMITS.bodyBytes)}"}`), 413],
    ['a list', post([]), 400],
    ['a prototype', post('{"__proto__":{"id":"a"},"id":"a","name":"A","channels":{"x":{"unit":"1"}}}'), 400],
  ])('are refused when they are %s', async (_, sent, status) => {
    expect((await call(created, sent)).status).toBe(status);
  });

  it('may say that they are not packed', async () => {
    expect((await call(created, post(TYPE, { 'Content-Encoding': 'identity' }))).status).toBe(201);
  });

  it.each(['{"a~b":[0,{"__proto__":1}]}', '{"a~b":[0,{"\\u005F_proto_\\u005f":1}]}'])(
    'have no member that would be a prototype: %s',
    async (sent) => {
      const { status, body } = await call(created, post(sent));
      expect([status, body.errors]).toEqual([
        400,
        [{ pointer: '/a~0b/1/__proto__', detail: 'is not part of the contract' }],
      ]);
    },
  );

  it('may be as deep as they are long', async () => {
    const deep = `${'['.repeat(100_000)}{"__proto__":1}${']'.repeat(100_000)}`;
    expect((await call(created, post(deep))).status).toBe(400);
  });

  it('have each fault pointed at', async () => {
    const { body } = await call(
      created,
      post({
        ...TYPE,
        id: 'A',
        channels: { 'Not/a~name': { unit: '1' }, ok: { unit: '', range: { min: 2, max: 1 } } },
        extra: 1,
      }),
    );
    const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer).sort();
    expect([...new Set(pointers)]).toEqual([
      '/channels/Not~1a~0name',
      '/channels/ok/range',
      '/channels/ok/unit',
      '/extra',
      '/id',
    ]);
  });

  it('tell no more than fifty faults', async () => {
    const extra = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x${index}`, 1]));
    expect((await call(created, post({ ...TYPE, ...extra }))).body.errors).toHaveLength(50);
  });
});

describe('principal', () => {
  const listed = (...groups: readonly unknown[]): string =>
    `e30.${Buffer.from(JSON.stringify({ 'cognito:groups': groups })).toString('base64url')}.`;

  it.each([['Admin,Viewer@lab'], ['[Admin Viewer@lab]'], ['[Admin, Viewer@lab]']])(
    'reads groups written as %s',
    (groups) => {
      const claims = { ...person(), 'cognito:groups': groups };
      expect(principalFromClaims(claims, listed('Admin', 'Viewer@lab'))?.grants).toEqual([
        { role: 'Admin' },
        { role: 'Viewer', site: 'lab' },
      ]);
    },
  );

  it.each([
    [['x,Admin']],
    [['[Admin]']],
    [['Admin,']],
    [['[Admin', 'Viewer]']],
    [['Operator@a,Admin']],
    [['Admin Viewer']],
    [['labgate', 'x,Admin,y']],
  ])('finds no role in the names of %j', (groups) => {
    for (const written of [groups.join(','), `[${groups.join(' ')}]`])
      expect(
        principalFromClaims({ ...person(), 'cognito:groups': written }, listed(...groups))?.grants,
      ).toEqual([]);
  });

  it.each([
    ['other groups than were verified', listed('Admin')],
    ['no groups', 'e30.e30.'],
    ['no token', undefined],
    ['a token that is none', 'Basic YTpi'],
    ['a list of something else', listed('Viewer', 7)],
  ])('is nobody with %s', (_, token) => {
    expect(principalFromClaims(person('Viewer'), token)).toBeUndefined();
  });

  it('is nobody when two tokens were sent', async () => {
    const handler = bufferedHandler(createApi('control-api', unaudited, NEVER), createLogger(), '[]');
    const event = proxyEvent({ path: '/v1/types' });
    event.multiValueHeaders['authorization'] = [`Bearer ${listed('Admin')}`];
    expect((await handler(event, lambdaContext)).statusCode).toBe(401);
  });

  it('splits scopes at spaces alone', () => {
    expect(principalFromClaims({ ...program(), scope: 'x,labgate/admin' }, undefined)?.grants).toEqual([]);
  });

  it('says who it is', () => {
    expect(principalFromClaims(person('Operator'), listed('Operator'))).toEqual({
      subject: 'user-1',
      name: 'ada',
      kind: 'user',
      grants: [{ role: 'Operator' }],
    });
    expect(principalFromClaims(program('Maintenance'), undefined)).toEqual({
      subject: 'client-1',
      name: 'client-1',
      kind: 'program',
      grants: [{ role: 'Maintenance' }],
    });
  });
});

describe('addresses in headers', () => {
  const handlers = {
    ...NEVER,
    createType: () => jsonResponse({}, 201, { location: '/v1/types/a' }),
    listTypes: ({ url }: { url: URL }) => pageResponse(url, {}, { items: [], position: ['a'] }),
  };

  it.each([
    ['/prod', 'prod'],
    ['', undefined],
  ])('begin with the path that the stage has: %o', async (base, stage) => {
    const handler = bufferedHandler(createApi('control-api', unaudited, handlers), createLogger(), '[]');
    const at = stage === undefined ? {} : { stage };
    const created = await handler(proxyEvent({ ...post(TYPE), path: '/v1/types', ...at }), lambdaContext);
    expect(created.headers?.['location']).toBe(`${base}/v1/types/a`);
    const listed = await handler(proxyEvent({ path: '/v1/types?limit=1', ...at }), lambdaContext);
    expect(listed.headers?.['link']).toMatch(
      new RegExp(`^<${base}/v1/types\\?limit=1&cursor=[^>]+>; rel="next"$`),
    );
  });
});

describe('the log', () => {
  it('has one line a request, without what is secret', async () => {
    const logger = createLogger();
    logger.setLogLevel('INFO');
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const fault = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const handlers = {
      ...NEVER,
      createType: () => jsonResponse({}, 201),
      readType: () => {
        throw new ProblemError('not-found');
      },
    };
    const handler = bufferedHandler(createApi('control-api', unaudited, handlers), logger, '[]');
    const sent = post(TYPE, { 'Idempotency-Key': 'secret-key' });
    await handler(proxyEvent({ ...sent, path: '/v1/types' }), lambdaContext);
    await handler(proxyEvent({ path: '/v1/types/a?x=secret-query' }), lambdaContext);
    await handler(proxyEvent({ path: '/v1/devices' }), lambdaContext);
    const lines = [...write.mock.calls, ...fault.mock.calls].map(([line]) => String(line));
    write.mockRestore();
    fault.mockRestore();
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        message: 'request',
        method: 'POST',
        path: '/v1/types',
        route: 'createType',
        status: 201,
        subject: ADMIN['sub'],
      },
      { message: 'request', route: 'readType', status: 404, code: 'not-found' },
      { message: 'request', route: 'listDevices', status: 500, code: 'internal-error' },
    ]);
    expect(lines.join()).not.toContain('secret');
    expect(lines.join()).not.toContain(tokenOf(ADMIN));
  });
});

describe('streamed answers', () => {
  it('make nothing that nobody reads, and end when the reader goes', async () => {
    let made = 0;
    let ended = false;
    async function* pieces(): AsyncGenerator<string> {
      try {
        for (;;) yield `piece ${made++}`;
      } finally {
        ended = true;
      }
    }
    const response = await streamResponse(pieces(), {});
    for (let count = 0; count < 10; count++) await turn();
    expect(made).toBeLessThanOrEqual(2);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect(ended).toBe(true);
  });

  it('end when nobody reads them', async () => {
    Object.assign(globalThis, { awslambda });
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(4096);
    }
    const readSeries = () => streamResponse(pieces(), {});
    const notAsked = {
      ...{ readManySeries: never, readSnapshot: never, readLatest: never, explainProblem: never },
      ...{ health: never, ready: never, services: never, previewAlertRule: never },
    };
    const api = createApi('query-api', unaudited, { ...notAsked, readSeries });
    const unread = new ResponseStream({ window: 1024, highWaterMark: 1024, send: () => undefined });
    const event = proxyEvent({ path: '/v1/devices/a/series?from=0' });
    await expect(
      streamedHandler(api, createLogger(), '[]', 20)(event, unread, lambdaContext),
    ).rejects.toThrow();
    expect(unread.writableEnded).toBe(false);
  });

  it('are problems while nothing has gone out', async () => {
    async function* pieces(): AsyncGenerator<string> {
      yield await Promise.reject(new ProblemError('not-found'));
    }
    await expect(streamResponse(pieces(), {})).rejects.toThrow(ProblemError);
  });
});

describe('pages of other origins', () => {
  const ask = async (origins: readonly string[], origin?: string) => {
    const api = createApi('control-api', unaudited, NEVER);
    const handler = bufferedHandler(api, createLogger(), JSON.stringify(origins));
    const headers: Record<string, string> = origin === undefined ? {} : { origin };
    const answer: APIGatewayProxyResult = await handler(
      proxyEvent({ method: 'GET', path: '/v1/nothing', headers }),
      lambdaContext,
    );
    const given = new Headers(answer.headers as Record<string, string>);
    return [given.get('access-control-allow-origin'), given.get('vary')];
  };

  it('are named when the settings do, faults included, and no others', async () => {
    const [one, two] = ['https://one.example', 'https://two.example'];
    expect(await ask([one, two], two)).toEqual([two, 'Origin']);
    for (const other of ['https://one.example.evil', 'null', 'https://ONE.example', undefined])
      expect(await ask([one, two], other)).toEqual([null, 'Origin']);
    expect(await ask([], one)).toEqual([null, null]);
  });
});
