import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ApiPart, startApi } from '../../../local/api/index.ts';
import { type CognitoPart, startCognito } from '../../../local/cognito/index.ts';
import type { Functions, InvokeResult, Resource, StreamingResult } from '../../../local/types.ts';
import {
  ACCOUNT,
  apiResources,
  assemblyOf,
  FUNCTION_ARN,
  iam,
  method,
  newLog,
  POOL_ARN,
  path,
  poolResources,
  proxy,
  REGION,
  resource,
} from './template.ts';

const encoder = new TextEncoder();

/** What the function of a test answers. */
interface Answers {
  buffered?: (event: Event) => Promise<InvokeResult> | InvokeResult;
  streamed?: (event: Event) => Promise<StreamingResult>;
}
/** The parts of the event that tests look at. */
interface Event {
  readonly [key: string]: unknown;
  readonly path: string;
  readonly httpMethod: string;
  readonly headers: Record<string, string>;
  readonly multiValueHeaders: Record<string, string[]>;
  readonly body: string | null;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly [key: string]: unknown;
    readonly authorizer?: { claims: Record<string, string> };
  };
}

const ok = (payload: unknown): InvokeResult => ({ ok: true, payload });
const text = (body: string): StreamingResult => ({
  statusCode: 200,
  headers: { 'content-type': 'text/plain' },
  multiValueHeaders: {},
  body: (async function* () {
    yield encoder.encode(body);
  })(),
});

let cognito: CognitoPart;
let credentialsDir: string;
let machineSecret: string;
const parts: ApiPart[] = [];

beforeAll(async () => {
  credentialsDir = await mkdtemp(join(tmpdir(), 'labgate-api-'));
  const { log } = newLog();
  cognito = await startCognito({
    assembly: assemblyOf(poolResources()),
    log,
    host: '127.0.0.1',
    port: 0,
    credentialsDir,
  });
  const clients = JSON.parse(await readFile(join(credentialsDir, 'clients.json'), 'utf8'));
  machineSecret = clients.find((client: { clientId: string }) => client.clientId === 'machine').clientSecret;
});
afterEach(async () => {
  for (const part of parts.splice(0)) await part.close();
});
afterAll(async () => {
  await cognito.close();
  await rm(credentialsDir, { recursive: true });
});

async function start(resources: readonly Resource[], answers: Answers = {}) {
  const events: Event[] = [];
  const functions: Functions = {
    invoke: async (arn, event) => {
      expect(arn).toBe(FUNCTION_ARN);
      const crossed: Event = JSON.parse(JSON.stringify(event));
      events.push(crossed);
      return answers.buffered ? answers.buffered(crossed) : ok({ statusCode: 200, body: 'hello' });
    },
    invokeStreaming: async (arn, event) => {
      expect(arn).toBe(FUNCTION_ARN);
      const crossed: Event = JSON.parse(JSON.stringify(event));
      events.push(crossed);
      return answers.streamed ? answers.streamed(crossed) : text('hello');
    },
    close: () => Promise.resolve(),
  };
  const { log, lines } = newLog();
  const assembly = assemblyOf([...resources, ...poolResources()]);
  const part = await startApi({ assembly, iam, log, functions, cognito, host: '127.0.0.1', port: 0 });
  parts.push(part);
  const url = part.address?.url ?? '';
  return { events, lines, url, get: (to: string, init?: RequestInit) => fetch(`${url}${to}`, init) };
}

const tree = [
  path('v1', 'root', 'v1'),
  path('devices', 'v1', 'devices'),
  path('device', 'devices', '{id}'),
  path('series', 'device', 'series'),
  path('rest', 'v1', '{proxy+}'),
];

describe('routes', () => {
  const routes = apiResources([
    ...tree,
    method('devices', 'GET'),
    method('device', 'GET'),
    method('series', 'GET', proxy(true)),
    method('rest', 'ANY'),
  ]);

  it.each([
    ['/v1/devices', '/v1/devices', null],
    ['/v1/devices/', '/v1/devices', null],
    ['/v1/devices/a%2Fb%20c', '/v1/devices/{id}', { id: 'a%2Fb%20c' }],
    ['/v1/devices/d1/series', '/v1/devices/{id}/series', { id: 'd1' }],
    ['/v1/devices/d1/unknown', '/v1/{proxy+}', { proxy: 'devices/d1/unknown' }],
    ['/v1/types', '/v1/{proxy+}', { proxy: 'types' }],
    ['/prod/v1/types/x', '/v1/{proxy+}', { proxy: 'types/x' }],
  ])('%s goes to %s', async (to, resourcePath, pathParameters) => {
    const { get, events } = await start(routes);
    const response = await get(to);
    expect([response.status, await response.text()]).toEqual([200, 'hello']);
    expect(events[0]).toMatchObject({ resource: resourcePath, pathParameters });
    expect(events[0]?.path).toBe(to.replace('/prod/', '/'));
  });

  it.each([
    ['GET', '/'],
    ['GET', '/v2/devices'],
    ['GET', '/v1'],
    ['DELETE', '/v1/devices'],
  ])('%s %s is no route', async (verb, to) => {
    const { get, events } = await start(routes);
    const response = await get(to, { method: verb });
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ message: 'Missing Authentication Token' });
    expect(response.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    expect(events).toEqual([]);
  });
});

describe('the event', () => {
  it('has the shape of a REST API', async () => {
    const { get, events } = await start(
      apiResources([...tree, method('device', 'PUT')], { Variables: { colour: 'green' } }),
    );
    const response = await get('/prod/v1/devices/d1?a=1&a=2&b=x%20y&c', {
      method: 'PUT',
      body: '{"a":"µ"}',
      headers: { 'content-type': 'application/json', 'X-One': '1' },
    });
    expect(response.headers.get('x-amzn-requestid')).toMatch(/^[\da-f-]{36}$/);
    expect(events).toHaveLength(1);
    expect(events[0]).toEqual({
      resource: '/v1/devices/{id}',
      path: '/v1/devices/d1',
      httpMethod: 'PUT',
      headers: expect.objectContaining({
        'X-One': '1',
        'X-Forwarded-For': '127.0.0.1',
        'X-Forwarded-Proto': 'http',
      }),
      multiValueHeaders: expect.objectContaining({ 'X-One': ['1'] }),
      queryStringParameters: { a: '2', b: 'x y', c: '' },
      multiValueQueryStringParameters: { a: ['1', '2'], b: ['x y'], c: [''] },
      pathParameters: { id: 'd1' },
      stageVariables: { colour: 'green' },
      requestContext: expect.objectContaining({
        accountId: ACCOUNT,
        apiId: 'api',
        stage: 'prod',
        path: '/prod/v1/devices/d1',
        resourcePath: '/v1/devices/{id}',
        resourceId: 'device',
        httpMethod: 'PUT',
        protocol: 'HTTP/1.1',
        requestId: response.headers.get('x-amzn-requestid'),
        requestTime: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        requestTimeEpoch: expect.any(Number),
        identity: expect.objectContaining({ sourceIp: '127.0.0.1', userAgent: 'node', user: null }),
      }),
      body: '{"a":"µ"}',
      isBase64Encoded: false,
    });
    expect(events[0]?.requestContext).not.toHaveProperty('authorizer');
  });

  it('carries binary media base64-coded, both ways', async () => {
    const bytes = Buffer.from([0, 255, 1, 254]);
    const { get, events } = await start(
      apiResources(
        [...tree, method('devices', 'POST')],
        {},
        { BinaryMediaTypes: ['application/x-protobuf'] },
      ),
      {
        buffered: ({ body }) =>
          ok({
            statusCode: 201,
            body,
            isBase64Encoded: true,
            headers: { 'Content-Type': 'application/x-protobuf' },
          }),
      },
    );
    const init = { method: 'POST', body: bytes };
    const type = { 'content-type': 'application/x-protobuf' };
    const response = await get('/v1/devices', {
      ...init,
      headers: { ...type, accept: 'application/x-protobuf' },
    });
    expect(events[0]).toMatchObject({ body: bytes.toString('base64'), isBase64Encoded: true });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
    // Who accepts no binary gets the text, as from API Gateway.
    const asText = await get('/v1/devices', { ...init, headers: { ...type, accept: 'application/json' } });
    expect(await asText.text()).toBe(bytes.toString('base64'));
  });

  it('has no body and no query when there is none', async () => {
    const { get, events } = await start(apiResources([...tree, method('devices', 'GET')]));
    await get('/v1/devices');
    expect(events[0]).toMatchObject({
      body: null,
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      stageVariables: null,
      isBase64Encoded: false,
    });
  });
});

describe('the reply', () => {
  const routes = apiResources([...tree, method('devices', 'GET', proxy(false, { TimeoutInMillis: 50 }))]);

  it('keeps status, headers and many-valued headers, and remaps what the platform owns', async () => {
    const { get } = await start(routes, {
      buffered: () =>
        ok({
          statusCode: 418,
          headers: { 'Content-Type': 'application/problem+json', 'WWW-Authenticate': 'Bearer', 'X-N': 7 },
          multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'] },
          body: '{}',
        }),
    });
    const response = await get('/v1/devices');
    expect(response.status).toBe(418);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('x-amzn-remapped-www-authenticate')).toBe('Bearer');
    expect(response.headers.get('www-authenticate')).toBeNull();
    expect(response.headers.get('x-n')).toBe('7');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it.each<[string, InvokeResult]>([
    ['a function that failed', { ok: false, errorType: 'Error', errorMessage: 'no' }],
    ['a reply without status', ok({ body: 'x' })],
    ['a reply with a body that is no text', ok({ statusCode: 200, body: { a: 1 } })],
    ['no reply', ok(null)],
    ['a reply with a key that API Gateway does not know', ok({ statusCode: 200, boddy: 'x' })],
  ])('is 502 for %s', async (_what, result) => {
    const { get, lines } = await start(routes, { buffered: () => result });
    const response = await get('/v1/devices');
    expect(response.status).toBe(502);
    expect(await response.json()).toEqual({ message: 'Internal server error' });
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('is 504 when the function takes longer than the integration allows', async () => {
    const { promise, resolve } = Promise.withResolvers<InvokeResult>();
    const { get } = await start(routes, { buffered: () => promise });
    const response = await get('/v1/devices');
    expect(response.status).toBe(504);
    expect(await response.json()).toEqual({ message: 'Endpoint request timed out' });
    resolve(ok({ statusCode: 200 }));
  });
});

describe('limits', () => {
  it('refuses a request of more than 10 MB', async () => {
    const { get, events } = await start(apiResources([...tree, method('devices', 'POST')]));
    const response = await get('/v1/devices', { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024 + 1) });
    expect(response.status).toBe(413);
    expect(events).toEqual([]);
  });

  it('refuses a chunked request of more than 10 MB, whose length nobody tells', async () => {
    const { url } = await start(apiResources([...tree, method('devices', 'POST')]));
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${url}/v1/devices`, { method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.once('error', (error: NodeJS.ErrnoException) => {
        // The server hangs up on what it does not read.
        if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
      });
      for (let i = 0; i < 11; i++) request.write(Buffer.alloc(1024 * 1024));
      request.end();
    });
    expect(status).toBe(413);
  });

  it('refuses an event that a function could not take', async () => {
    const { get } = await start(apiResources([...tree, method('devices', 'POST')]));
    const response = await get('/v1/devices', { method: 'POST', body: '"'.repeat(4 * 1024 * 1024) });
    expect(response.status).toBe(413);
  });

  it('throttles each method by its own setting', async () => {
    const { get } = await start(
      apiResources([...tree, method('devices', 'GET'), method('device', 'GET')], {
        MethodSettings: [
          { HttpMethod: '*', ResourcePath: '/*', ThrottlingBurstLimit: 100, ThrottlingRateLimit: 100 },
          {
            HttpMethod: 'GET',
            ResourcePath: '/~1v1~1devices',
            ThrottlingBurstLimit: 2,
            ThrottlingRateLimit: 0.001,
          },
        ],
      }),
    );
    const statuses = async (to: string, n: number): Promise<number[]> => {
      const all: number[] = [];
      for (let i = 0; i < n; i++) all.push((await get(to)).status);
      return all;
    };
    expect(await statuses('/v1/devices', 4)).toEqual([200, 200, 429, 429]);
    expect(await statuses('/v1/devices/d1', 4)).toEqual([200, 200, 200, 200]);
  });
});

describe('the authorizer', () => {
  const authorizer = resource('AWS::ApiGateway::Authorizer', 'auth', {
    RestApiId: 'api',
    Name: 'cognito',
    Type: 'COGNITO_USER_POOLS',
    IdentitySource: 'method.request.header.Authorization',
    ProviderARNs: [POOL_ARN],
  });
  const guarded = { AuthorizationType: 'COGNITO_USER_POOLS', AuthorizerId: 'auth' };
  const routes = apiResources([
    ...tree,
    authorizer,
    method('devices', 'GET', proxy(), { ...guarded, AuthorizationScopes: ['labgate/api', 'labgate/other'] }),
    method('device', 'GET', proxy(), { ...guarded, AuthorizationScopes: ['labgate/operator'] }),
    method('series', 'GET', proxy(), guarded),
  ]);
  const machineToken = async (scope: string): Promise<string> => {
    const response = await fetch(`${cognito.address?.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
      headers: { authorization: `Basic ${Buffer.from(`machine:${machineSecret}`).toString('base64')}` },
    });
    return JSON.parse(await response.text()).access_token;
  };

  it('lets an access token with one of the scopes through, and hands its claims on as text', async () => {
    const { get, events } = await start(routes);
    const token = await machineToken('labgate/api');
    for (const authorization of [`Bearer ${token}`, token]) {
      const response = await get('/v1/devices', { headers: { authorization } });
      expect(response.status).toBe(200);
    }
    const claims = events[0]?.requestContext.authorizer?.claims ?? {};
    expect(claims).toMatchObject({
      client_id: 'machine',
      scope: 'labgate/api',
      token_use: 'access',
      version: '2',
    });
    expect(claims['exp']).toMatch(/^[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4}$/);
    expect(claims['auth_time']).toMatch(/^\d+$/);
  });

  it.each(['/v1/devices/d1', '/v1/devices/d1/series'])(
    'refuses a token without the scope for %s',
    async (to) => {
      const { get, events } = await start(routes);
      const response = await get(to, {
        headers: { authorization: `Bearer ${await machineToken('labgate/api')}` },
      });
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({ message: 'Unauthorized' });
      expect(events).toEqual([]);
    },
  );

  it('refuses a request without a token', async () => {
    const { get } = await start(routes);
    expect((await get('/v1/devices')).status).toBe(401);
  });
});

describe('the permission to invoke', () => {
  const routes = (permission: Record<string, string>): Resource[] => [
    ...apiResources([...tree, method('device', 'GET')]).filter(
      ({ type }) => type !== 'AWS::Lambda::Permission',
    ),
    resource('AWS::Lambda::Permission', 'permission', {
      Action: 'lambda:InvokeFunction',
      FunctionName: FUNCTION_ARN,
      Principal: 'apigateway.amazonaws.com',
      SourceArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:api/prod/GET/v1/devices/*`,
      ...permission,
    }),
  ];

  it('lets through what it names', async () => {
    const { get } = await start(routes({}));
    expect((await get('/v1/devices/d1')).status).toBe(200);
  });

  it.each([
    { Principal: 'events.amazonaws.com' },
    { SourceArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:api/prod/POST/v1/devices/*` },
    { SourceArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:other/prod/GET/v1/devices/*` },
    { FunctionName: `${FUNCTION_ARN}-other` },
    { Action: 'lambda:GetFunction' },
  ])('is missed with %j', async (permission) => {
    const { get, lines } = await start(routes(permission));
    const response = await get('/v1/devices/d1');
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: 'Internal server error' });
    expect(JSON.stringify(lines)).toMatch(
      /no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke .*query/,
    );
  });
});
