import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CognitoPart, startCognito } from '../../../local/cognito/index.ts';
import { assemblyOf, newLog, POOL_ID, poolResources, resource } from '../../support/hand-made-assembly.ts';

let credentialsDir: string;
let cognito: CognitoPart;
let secret: string;
const url = (path: string): string => `${cognito.address?.url}${path}`;

const token = (form: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(url('/oauth2/token'), { method: 'POST', body: new URLSearchParams(form), headers });
const basic = (id: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`,
});

beforeAll(async () => {
  credentialsDir = await mkdtemp(join(tmpdir(), 'labgate-cognito-'));
  const { log } = newLog();
  cognito = await startCognito({
    assembly: assemblyOf(poolResources()),
    log,
    host: '127.0.0.1',
    port: 0,
    credentialsDir,
  });
  const clients = JSON.parse(await readFile(join(credentialsDir, 'clients.json'), 'utf8'));
  secret = clients.find((client: { clientId: string }) => client.clientId === 'machine').clientSecret;
});
afterAll(async () => {
  await cognito.close();
  await rm(credentialsDir, { recursive: true });
});

describe('client credentials', () => {
  it('gives an access token with the claims of Cognito, signed by the published key', async () => {
    const response = await token(
      { grant_type: 'client_credentials', scope: 'labgate/api' },
      basic('machine', secret),
    );
    expect(response.status).toBe(200);
    const body = JSON.parse(await response.text());
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    expect(body).not.toHaveProperty('refresh_token');
    const issuer = cognito.issuer(POOL_ID);
    const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(body.access_token, keys, { issuer, algorithms: ['RS256'] });
    expect(payload).toMatchObject({
      sub: 'machine',
      client_id: 'machine',
      token_use: 'access',
      scope: 'labgate/api',
      version: 2,
      iss: issuer,
    });
    expect(payload).not.toHaveProperty('aud');
    expect(payload).not.toHaveProperty('cognito:groups');
    expect(payload.exp).toBe((payload.iat ?? 0) + 3600);
    expect(payload['auth_time']).toBe(payload.iat);
    expect(decodeProtectedHeader(body.access_token)).toMatchObject({ alg: 'RS256', kid: expect.any(String) });
  });

  it('gives every scope of the client when none is asked for, and takes the secret in the body', async () => {
    const response = await token({
      grant_type: 'client_credentials',
      client_id: 'machine',
      client_secret: secret,
    });
    const { access_token } = JSON.parse(await response.text());
    const claims = JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url').toString());
    expect(claims.scope).toBe('labgate/api labgate/operator');
  });

  it.each([
    [
      'a wrong secret',
      401,
      'invalid_client',
      { grant_type: 'client_credentials' },
      () => basic('machine', 'guess'),
    ],
    [
      'an unknown client',
      401,
      'invalid_client',
      { grant_type: 'client_credentials' },
      () => basic('nobody', secret),
    ],
    [
      'no secret',
      401,
      'invalid_client',
      { grant_type: 'client_credentials', client_id: 'machine' },
      () => ({}),
    ],
    [
      'a scope that the client does not have',
      400,
      'invalid_scope',
      { grant_type: 'client_credentials', scope: 'labgate/admin' },
      () => basic('machine', secret),
    ],
    [
      'another flow',
      400,
      'unsupported_grant_type',
      { grant_type: 'password' },
      () => basic('machine', secret),
    ],
    [
      'the flow of another client',
      400,
      'invalid_request',
      { grant_type: 'client_credentials', client_id: 'browser' },
      () => ({}),
    ],
  ])('refuses %s', async (_what, status, error, form, headers) => {
    const response = await token(form, headers());
    expect(response.status).toBe(status);
    expect(JSON.parse(await response.text())).toMatchObject({ error });
  });
});

describe('what is published', () => {
  it('shows the public half of the key alone', async () => {
    const response = await fetch(`${cognito.issuer(POOL_ID)}/.well-known/jwks.json`);
    const { keys } = JSON.parse(await response.text());
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0]).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  it('describes itself below the issuer', async () => {
    const issuer = cognito.issuer(POOL_ID);
    const response = await fetch(`${issuer}/.well-known/openid-configuration`);
    expect(JSON.parse(await response.text())).toMatchObject({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
    });
  });

  it('knows no other pool and no other page', async () => {
    expect(() => cognito.issuer('us-east-1_other')).toThrow('us-east-1_other');
    expect((await fetch(url('/nothing'))).status).toBe(404);
  });
});

describe('the credentials folder', () => {
  it('is for its owner alone', async () => {
    for (const name of ['users.json', 'clients.json']) {
      expect((await stat(join(credentialsDir, name))).mode & 0o777).toBe(0o600);
    }
  });

  it('has one user a group and tells where a client gets its token', async () => {
    const users = JSON.parse(await readFile(join(credentialsDir, 'users.json'), 'utf8'));
    expect(users).toEqual([
      expect.objectContaining({ username: 'admin', groups: ['Admin'] }),
      expect.objectContaining({ username: 'viewer', groups: ['Viewer'] }),
    ]);
    const clients = JSON.parse(await readFile(join(credentialsDir, 'clients.json'), 'utf8'));
    expect(clients).toContainEqual(
      expect.objectContaining({
        clientId: 'machine',
        name: 'gateway',
        tokenEndpoint: url('/oauth2/token'),
        scopes: ['labgate/api', 'labgate/operator'],
      }),
    );
  });
});

describe('users.json', () => {
  const startIn = (dir: string, port = 0) =>
    startCognito({
      assembly: assemblyOf(poolResources()),
      log: newLog().log,
      host: '127.0.0.1',
      port,
      credentialsDir: dir,
    });

  it('keeps a user that somebody has added', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'labgate-users-'));
    const path = join(dir, 'users.json');
    await writeFile(
      path,
      JSON.stringify([{ username: 'ada', password: 'her-own-password', groups: ['Operator@x'] }]),
    );
    const part = await startIn(dir);
    await part.close();
    const users = JSON.parse(await readFile(path, 'utf8'));
    await rm(dir, { recursive: true });
    expect(users).toHaveLength(3);
    expect(users[0]).toMatchObject({
      username: 'ada',
      password: 'her-own-password',
      groups: ['Operator@x'],
      email: 'ada@example.org',
      userPoolId: POOL_ID,
      sub: expect.any(String),
    });
  });

  it('stops the start when it is broken, naming the file and what is wrong', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'labgate-users-'));
    await writeFile(join(dir, 'users.json'), JSON.stringify([{ username: 'ada' }]));
    await expect(startIn(dir)).rejects.toThrow(/users\.json.*password/s);
    await rm(dir, { recursive: true });
  });

  it('leaves nothing that listens when it is broken, and is named as the other files are', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'labgate-users-'));
    const part = await startIn(dir);
    const port = part.address?.port ?? 0;
    await part.close();
    for (const name of ['users.json', 'clients.json']) {
      await writeFile(join(dir, name), '[{"username":');
      await expect(startIn(dir, port)).rejects.toThrow(`${name} is not readable JSON: `);
      await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow('fetch failed');
      await rm(join(dir, name));
    }
    await rm(dir, { recursive: true });
  });
});

describe('a restart', () => {
  it('keeps passwords, secrets and keys', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'labgate-cognito-data-'));
    const { log } = newLog();
    const start = () =>
      startCognito({
        assembly: assemblyOf(poolResources()),
        log,
        host: '127.0.0.1',
        port: 0,
        credentialsDir: dataDir,
        dataDir,
      });
    const look = async (part: CognitoPart) => ({
      keys: await (await fetch(`${part.issuer(POOL_ID)}/.well-known/jwks.json`)).text(),
      users: JSON.parse(await readFile(join(dataDir, 'users.json'), 'utf8')),
      secret: JSON.parse(await readFile(join(dataDir, 'clients.json'), 'utf8'))[1].clientSecret,
    });
    const first = await start();
    const before = await look(first);
    await first.close();
    const second = await start();
    try {
      expect(await look(second)).toEqual(before);
    } finally {
      await second.close();
      await rm(dataDir, { recursive: true });
    }
  });
});

describe('what it cannot do is refused by name', () => {
  it.each([
    [
      'LambdaConfig',
      resource('AWS::Cognito::UserPool', 'other', { LambdaConfig: { PreTokenGeneration: 'arn' } }),
    ],
    [
      'AllowedOAuthFlows',
      resource('AWS::Cognito::UserPoolClient', 'other', {
        UserPoolId: POOL_ID,
        AllowedOAuthFlowsUserPoolClient: true,
        AllowedOAuthFlows: ['implicit'],
      }),
    ],
    [
      'client_credentials needs a secret',
      resource('AWS::Cognito::UserPoolClient', 'other', {
        UserPoolId: POOL_ID,
        AllowedOAuthFlowsUserPoolClient: true,
        AllowedOAuthFlows: ['client_credentials'],
      }),
    ],
    [
      'SomethingNew',
      resource('AWS::Cognito::UserPoolClient', 'other', { UserPoolId: POOL_ID, SomethingNew: true }),
    ],
  ])('%s', async (name, other) => {
    const { log } = newLog();
    const assembly = assemblyOf([...poolResources(), other]);
    await expect(startCognito({ assembly, log, host: '127.0.0.1', port: 0, credentialsDir })).rejects.toThrow(
      new RegExp(`other.*${name}`, 's'),
    );
  });
});
