import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type CognitoPart, startCognito } from '../../../local/cognito/index.ts';
import {
  apiResources,
  assemblyOf,
  method,
  newLog,
  POOL_ARN,
  POOL_ID,
  poolResources,
  proxy,
  resource,
} from '../../support/hand-made-assembly.ts';
import { newHarness, tree } from './harness.ts';

const { start, close } = newHarness();
afterEach(() => {
  vi.useRealTimers();
  return close();
});

const guarded = { AuthorizationType: 'COGNITO_USER_POOLS', AuthorizerId: 'auth' };
const routes = apiResources([
  ...tree,
  resource('AWS::ApiGateway::Authorizer', 'auth', {
    RestApiId: 'api',
    Name: 'cognito',
    Type: 'COGNITO_USER_POOLS',
    IdentitySource: 'method.request.header.Authorization',
    ProviderARNs: [POOL_ARN],
  }),
  method('devices', 'GET', proxy(), { ...guarded, AuthorizationScopes: ['labgate/api', 'labgate/other'] }),
  method('device', 'GET', proxy(), { ...guarded, AuthorizationScopes: ['labgate/operator'] }),
  method('series', 'GET', proxy(), guarded),
]);

describe('with tokens of the local issuer', () => {
  let cognito: CognitoPart;
  let credentialsDir: string;
  let authorization: string;

  beforeAll(async () => {
    credentialsDir = await mkdtemp(join(tmpdir(), 'labgate-api-'));
    const { log } = newLog();
    const assembly = assemblyOf(poolResources());
    cognito = await startCognito({ assembly, log, host: '127.0.0.1', port: 0, credentialsDir });
    const clients = JSON.parse(await readFile(join(credentialsDir, 'clients.json'), 'utf8'));
    const { clientId, clientSecret, tokenEndpoint } = clients.find(
      ({ name }: { name: string }) => name === 'gateway',
    );
    authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
    const response = await fetch(tokenEndpoint, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'labgate/api' }),
      headers: { authorization },
    });
    authorization = `Bearer ${JSON.parse(await response.text()).access_token}`;
  });
  afterAll(async () => {
    await cognito.close();
    await rm(credentialsDir, { recursive: true });
  });

  it('lets one with one of the scopes through, and hands its claims on as text', async () => {
    const { get, events } = await start(routes, {}, cognito);
    for (const header of [authorization, authorization.slice('Bearer '.length)]) {
      expect((await get('/v1/devices', { headers: { authorization: header } })).status).toBe(200);
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

  it.each(['/v1/devices/d1', '/v1/devices/d1/series'])('refuses one without the scope for %s', async (to) => {
    const { get, events } = await start(routes, {}, cognito);
    const response = await get(to, { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ message: 'Unauthorized' });
    expect(events).toEqual([]);
  });
});

describe('with tokens of an issuer that says anything', () => {
  /** Stands for a token without expiry. */
  const NEVER = -1;
  const now = Math.floor(Date.now() / 1000);
  const claims = (issuer: string): JWTPayload => ({
    sub: 'someone',
    iss: issuer,
    token_use: 'access',
    scope: 'openid labgate/api',
    'cognito:groups': ['Admin', 'Viewer'],
    iat: now,
    exp: now + 600,
  });
  let server: Server;
  let issuer: string;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let foreign: typeof keys;
  const cognito = { issuer: () => issuer };

  beforeAll(async () => {
    keys = await generateKeyPair('RS256', { extractable: true });
    foreign = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
    server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${POOL_ID}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const sign = (more: JWTPayload = {}, key = keys.privateKey, kid = 'one'): Promise<string> => {
    const { exp, ...rest } = { ...claims(issuer), ...more };
    const payload: JWTPayload = exp === undefined || exp === NEVER ? rest : { ...rest, exp };
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
  };
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const tamper = (token: string, change: (payload: JWTPayload) => JWTPayload): string => {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const changed = change(JSON.parse(Buffer.from(payload, 'base64url').toString()));
    return [header, encode(changed), signature].join('.');
  };

  it('joins groups by commas', async () => {
    const { get, events } = await start(routes, {}, cognito);
    const response = await get('/v1/devices', { headers: { authorization: await sign() } });
    expect(response.status).toBe(200);
    expect(events[0]?.requestContext.authorizer?.claims['cognito:groups']).toBe('Admin,Viewer');
  });

  it('takes an ID token, and nothing else, where no scope is asked for', async () => {
    const { get } = await start(routes, {}, cognito);
    const ask = async (token_use: string) =>
      (await get('/v1/devices/d1/series', { headers: { authorization: await sign({ token_use }) } })).status;
    expect([await ask('id'), await ask('access')]).toEqual([200, 401]);
  });

  it.each<[string, () => Promise<string> | string]>([
    ['no token', () => ''],
    ['nonsense', () => 'Bearer nonsense'],
    ['an ID token where a scope is asked for', () => sign({ token_use: 'id' })],
    ['no scope', () => sign({ scope: '' })],
    ['a scope that only begins like the right one', () => sign({ scope: 'labgate/api2' })],
    ['an expired token', () => sign({ exp: now - 1 })],
    ['a token that never expires', () => sign({ exp: NEVER })],
    ['another issuer', () => sign({ iss: 'http://127.0.0.1:1/us-east-1_pool' })],
    ['another pool of the same issuer', () => sign({ iss: `${issuer}2` })],
    ['a key of somebody else', () => sign({}, foreign.privateKey)],
    ['a key that is not published', () => sign({}, keys.privateKey, 'two')],
    ['a changed payload', async () => tamper(await sign(), (payload) => ({ ...payload, sub: 'admin' }))],
    ['a cut signature', async () => (await sign()).slice(0, -20)],
    ['no algorithm', () => `${encode({ alg: 'none', kid: 'one' })}.${encode(claims(issuer))}.`],
    [
      'the public key taken for a shared secret',
      async () => {
        const text = `${encode({ alg: 'HS256', kid: 'one' })}.${encode(claims(issuer))}`;
        const signature = createHmac('sha256', await exportSPKI(keys.publicKey))
          .update(text)
          .digest('base64url');
        return `${text}.${signature}`;
      },
    ],
  ])('refuses %s', async (_what, token) => {
    const { get, events } = await start(routes, {}, cognito);
    const response = await get('/v1/devices', { headers: { authorization: await token() } });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ message: expect.stringMatching(/^Unauthorized$|has expired$/) });
    expect(response.headers.get('x-amzn-errortype')).toBe('UnauthorizedException');
    expect(events).toEqual([]);
  });

  it('takes a token that it has proved before until it expires, and none that only looks like it', async () => {
    const { get } = await start(routes, {}, cognito);
    const token = await sign();
    const ask = async (authorization: string) =>
      (await get('/v1/devices', { headers: { authorization } })).status;
    expect([await ask(token), await ask(`Bearer ${token}`)]).toEqual([200, 200]);
    expect(await ask(tamper(token, (payload) => ({ ...payload, sub: 'admin' })))).toBe(401);
    vi.useFakeTimers({ toFake: ['Date'], now: (now + 601) * 1000 });
    expect(await ask(token)).toBe(401);
    vi.useRealTimers();
    expect(await ask(token)).toBe(200);
  });

  it('does not blame the caller when the issuer does not answer', async () => {
    const { get, lines } = await start(routes, {}, { issuer: () => 'http://127.0.0.1:1/us-east-1_pool' });
    const response = await get('/v1/devices', { headers: { authorization: await sign() } });
    expect(response.status).toBe(500);
    expect(lines.some(({ level }) => level === 'error')).toBe(true);
  });
});
