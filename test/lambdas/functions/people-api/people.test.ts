/** `people-api` as API Gateway calls it, on the gateway's own stand-in for Cognito. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Problem } from '../../../../contracts/problems.ts';
import type { Person } from '../../../../contracts/resources/people.ts';
import { readAccessChange } from '../../../../lambdas/store/registry/access-changes.ts';
import { type CognitoPart, startCognito } from '../../../../local/cognito/index.ts';
import { startEndpoint } from '../../../../local/endpoint/index.ts';
import type { AwsService, Endpoint } from '../../../../local/types.ts';
import { SmallIam, silent } from '../../../support/endpoint.ts';
import { assemblyOf, POOL_ID, poolResources, resource } from '../../../support/hand-made-assembly.ts';
import { lambdaContext, person, program, proxyEvent, type Sent } from '../../../support/http-events.ts';

let handler: (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
let endpoint: Endpoint;
let dataDir: string;
let credentialsDir: string;
let cognito: CognitoPart;
/** May do something first, or fail, when Cognito is asked. */
let before: (operation: string) => Promise<void> | void;

const iam = new SmallIam();
/** The audit is written into it. */
const REGISTRY = resource(
  'AWS::DynamoDB::Table',
  'registry',
  {
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  },
  'arn:aws:dynamodb:us-east-1:000000000000:table/registry',
);
const common = {
  assembly: assemblyOf([...poolResources(), REGISTRY]),
  iam,
  log: silent,
  host: '127.0.0.1',
  port: 0,
};

beforeAll(async () => {
  endpoint = await startEndpoint(common);
  // Of the keys, which take time to make: people are made anew for each test.
  dataDir = mkdtempSync(join(tmpdir(), 'labgate-people-'));
  for (const [name, value] of Object.entries({
    REGISTRY_TABLE: 'registry',
    USER_POOL_ID: POOL_ID,
    ALLOWED_ORIGINS: '[]',
    LOG_LEVEL: 'SILENT',
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: iam.operator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: iam.operator.secretAccessKey,
    AWS_SESSION_TOKEN: iam.operator.sessionToken,
  }))
    vi.stubEnv(name, value);
  ({ handler } = await import('../../../../lambdas/functions/people-api/handler.ts'));
});
beforeEach(async () => {
  before = () => undefined;
  credentialsDir = join(dataDir, crypto.randomUUID());
  const register = (name: string, service: AwsService): void =>
    endpoint.register(name, {
      access: (request) => service.access(request),
      handle: async (request) => {
        await before(String(request.headers['x-amz-target']).split('.')[1] ?? '');
        return service.handle(request);
      },
    });
  cognito = await startCognito({
    ...common,
    endpoint: { ...endpoint, register },
    dataDir,
    credentialsDir,
    users: [
      { username: 'boss', groups: ['Admin'] },
      { username: 'local-boss', groups: ['Admin@lab-1'] },
      { username: 'both', groups: ['Operator@lab-1', 'Viewer@lab-2'] },
      { username: 'here', groups: ['Viewer@lab-1'] },
      { username: 'there', groups: ['Viewer@lab-2'] },
    ],
  });
});
afterEach(() => cognito.close());
afterAll(async () => {
  await endpoint.close();
  rmSync(dataDir, { recursive: true });
  vi.unstubAllEnvs();
});

const send = async <T = Person & Problem & { items: Person[]; next: string | null }>(
  sent: Sent,
): Promise<{ status: number; body: T; headers: Record<string, unknown> }> => {
  const { statusCode, body, headers = {} } = await handler(proxyEvent(sent), lambdaContext);
  return { status: statusCode, body: JSON.parse(body), headers };
};
const everywhere = person('Admin');
const atLab1 = person('Admin@lab-1');
const reason = 'a test';
const add = (claims: Record<string, string>, more: object = {}) =>
  send({
    method: 'POST',
    path: '/v1/people',
    claims,
    body: { email: 'grace@example.org', grants: [{ role: 'Viewer', site: 'lab-1' }], reason, ...more },
  });
const put = (claims: Record<string, string>, id: string, ...grants: object[]) =>
  send({ method: 'PUT', path: `/v1/people/${id}/grants`, claims, body: { grants, reason } });
const act = (claims: Record<string, string>, id: string, action: string) =>
  send({ method: 'POST', path: `/v1/people/${id}/${action}`, claims, body: { reason } });
const read = (id: string, claims = everywhere) => send({ path: `/v1/people/${id}`, claims });
/** Claims of somebody of the pool. */
const being = async (id: string, ...groups: string[]): Promise<Record<string, string>> => ({
  ...person(...groups),
  sub: (await read(id)).body.subject,
  username: id,
});

describe('who calls', () => {
  it('is told what they may do at which sites', async () => {
    const claims = person('Engineer@lab-1', 'Viewer');
    expect((await send({ path: '/v1/me', claims })).body).toMatchObject({
      subject: 'user-1',
      name: 'ada',
      kind: 'user',
      grants: [{ role: 'Engineer', site: 'lab-1' }, { role: 'Viewer' }],
      permissions: { 'devices:read': 'all', 'devices:register': ['lab-1'] },
    });
    const { body } = await send<{ permissions: object }>({ path: '/v1/me', claims: program('Viewer') });
    expect(body).toMatchObject({ kind: 'program', permissions: { 'series:read': 'all' } });
    expect(body.permissions).not.toHaveProperty('devices:register');
  });
});

describe('an invitation', () => {
  it('makes the person and their groups, and is there to be read', async () => {
    const grants = [{ role: 'Viewer', site: 'lab-9' }, { role: 'Operator' }];
    const { status, headers } = await add(everywhere, { grants });
    expect([status, headers['location']]).toEqual([201, '/v1/people/grace']);
    const { body } = await read('grace');
    expect(body).toMatchObject({ id: 'grace', email: 'grace@example.org', state: 'invited' });
    expect(body.grants).toEqual(expect.arrayContaining(grants));
    expect((await read('grace@example.org')).body.id).toBe('grace');
    expect(readdirSync(join(credentialsDir, 'outbox'))).toHaveLength(1);
  });

  it.each([
    ['a user name that is taken', { username: 'boss' }, 'choose another'],
    ['an address that is taken', { username: 'other', email: 'boss@example.org' }, 'e-mail address'],
  ])('is refused for %s, and nobody gets mail', async (_, more, said) => {
    const { status, body } = await add(everywhere, more);
    expect([status, body.code]).toEqual([409, 'conflict']);
    expect(body.detail).toContain(said);
    expect(readdirSync(credentialsDir)).not.toContain('outbox');
  });

  it.each([
    ['no address', { email: 'grace' }, '/email'],
    ['a user name that is an address', { username: 'grace@example.org' }, '/username'],
    ['no grant', { grants: [] }, '/grants'],
    ['the same grant twice', { grants: [{ role: 'Viewer' }, { role: 'Viewer' }] }, '/grants'],
    ['an unknown role', { grants: [{ role: 'Root' }] }, '/grants/0/role'],
    ['a site that is none', { grants: [{ role: 'Viewer', site: '*' }] }, '/grants/0/site'],
    ['an address of which no user name can be made', { email: '+@example.org' }, '/username'],
    ['what is not part of it', { password: 'x' }, '/password'],
  ])('is refused with %s', async (_, more, pointer) => {
    const { status, body } = await add(everywhere, more);
    expect(status).toBe(400);
    expect(body.errors?.map((each) => each.pointer)).toContain(pointer);
  });
});

describe('an Admin of one site', () => {
  it('sees who holds a role there, and of them only these', async () => {
    const { body } = await send({ path: '/v1/people', claims: atLab1 });
    expect(body.items.map(({ id, grants }) => [id, grants])).toEqual([
      ['local-boss', [{ role: 'Admin', site: 'lab-1' }]],
      ['both', [{ role: 'Operator', site: 'lab-1' }]],
      ['here', [{ role: 'Viewer', site: 'lab-1' }]],
    ]);
    for (const id of ['boss', 'there', 'nobody'])
      expect((await read(id, atLab1)).body.code).toBe('not-found');
  });

  it('invites to that site, and to no other', async () => {
    expect((await add(atLab1)).status).toBe(201);
    for (const grants of [[{ role: 'Viewer' }], [{ role: 'Viewer', site: 'lab-2' }], [{ role: 'Admin' }]])
      expect(await add(atLab1, { username: 'next', grants })).toMatchObject({
        status: 403,
        body: { code: 'forbidden', detail: expect.stringContaining('you may not give') },
      });
    expect((await read('next')).status).toBe(404);
  });

  it('changes the roles there, and leaves those elsewhere', async () => {
    expect(await put(atLab1, 'both', { role: 'Engineer', site: 'lab-1' })).toMatchObject({
      status: 200,
      body: { grants: [{ role: 'Engineer', site: 'lab-1' }] },
    });
    expect((await read('both')).body.grants).toEqual([
      { role: 'Viewer', site: 'lab-2' },
      { role: 'Engineer', site: 'lab-1' },
    ]);
    expect((await put(atLab1, 'both', { role: 'Engineer' })).status).toBe(403);
    expect((await put(atLab1, 'there', { role: 'Viewer', site: 'lab-1' })).status).toBe(404);
  });

  it.each(['disable', 'enable', 'sign-out'])('may %s whoever holds roles there alone', async (action) => {
    expect((await act(atLab1, 'here', action)).status).toBe(200);
    expect((await act(atLab1, 'both', action)).body).toMatchObject({
      code: 'forbidden',
      detail: expect.stringContaining('elsewhere'),
    });
    expect((await act(atLab1, 'there', action)).status).toBe(404);
  });
});

describe('tokens of before open no live connection any more', () => {
  /** When rights of somebody were taken away. */
  const changedAt = async (id: string): Promise<number | undefined> => {
    const client = new DynamoDBClient({ endpoint: endpoint.url });
    try {
      return await readAccessChange({ client, table: 'registry' }, (await read(id)).body.subject);
    } finally {
      client.destroy();
    }
  };

  it.each(['disable', 'sign-out'])('after %s', async (action) => {
    expect(await changedAt('here')).toBeUndefined();
    const before = Math.floor(Date.now() / 1000);
    expect((await act(everywhere, 'here', action)).status).toBe(200);
    expect(await changedAt('here')).toBeGreaterThanOrEqual(before);
  });

  it('when a role is taken away, and when that is asked for again', async () => {
    const both = [
      { role: 'Operator', site: 'lab-1' },
      { role: 'Viewer', site: 'lab-2' },
    ];
    await put(everywhere, 'both', ...both, { role: 'Engineer' });
    expect(await changedAt('both')).toBeUndefined();
    await put(everywhere, 'both', ...both);
    expect(await changedAt('both')).toBeDefined();
    await put(everywhere, 'here', { role: 'Viewer', site: 'lab-1' });
    expect(await changedAt('here')).toBeDefined();
  });

  it('but not when somebody is invited or enabled', async () => {
    await act(everywhere, 'there', 'enable');
    expect(await changedAt('there')).toBeUndefined();
  });
});

describe('nobody', () => {
  it('changes or disables their own access', async () => {
    const boss = await being('boss', 'Admin');
    for (const answer of [
      await put(boss, 'boss', { role: 'Viewer' }),
      await put(boss, 'boss', { role: 'Admin' }, { role: 'Viewer' }),
      await act(boss, 'boss', 'disable'),
      await act(boss, 'boss@example.org', 'disable'),
    ])
      expect([answer.status, answer.body.code]).toEqual([409, 'own-access']);
    expect((await put(boss, 'boss', { role: 'Admin' })).status).toBe(200);
    expect((await act(boss, 'boss', 'sign-out')).status).toBe(200);
  });

  it('takes the last Admin of every site away, not even a program', async () => {
    const claims = program('Admin');
    expect((await put(claims, 'boss')).status).toBe(200);
    expect(await put(claims, 'admin')).toMatchObject({ status: 409, body: { code: 'last-administrator' } });
    expect((await act(claims, 'admin', 'disable')).body.code).toBe('last-administrator');
    expect((await read('admin')).body).toMatchObject({ state: 'active', grants: [{ role: 'Admin' }] });
    // Whoever has yet to sign in for the first time may never do so.
    await add(claims, { grants: [{ role: 'Admin' }] });
    expect((await act(claims, 'admin', 'disable')).body.code).toBe('last-administrator');
  });

  it.each(['take the roles of', 'disable'])(
    'is left without an Admin when two %s each other at once',
    async (how) => {
      const [admin, boss] = [await being('admin', 'Admin'), await being('boss', 'Admin')];
      const end = (claims: Record<string, string>, id: string) =>
        how === 'disable' ? act(claims, id, 'disable') : put(claims, id);
      // Both look before either acts.
      let waiting = 2;
      const { promise, resolve } = Promise.withResolvers<void>();
      before = (operation) => {
        if (operation !== 'AdminDisableUser' && operation !== 'AdminRemoveUserFromGroup') return undefined;
        waiting -= 1;
        if (waiting <= 0) resolve();
        return promise;
      };
      const answers = await Promise.all([end(admin, 'boss'), end(boss, 'admin')]);
      expect(answers.map(({ status }) => status)).toContain(409);
      const states = [await read('admin'), await read('boss')].map(({ body }) => body);
      expect(
        states.filter(
          ({ state, grants }) => state === 'active' && grants.some(({ role }) => role === 'Admin'),
        ),
      ).not.toEqual([]);
    },
  );
});

describe('what fails on the way', () => {
  it('leaves a person with fewer roles than meant, never with more', async () => {
    before = (operation) => {
      if (operation === 'AdminAddUserToGroup') throw new Error('Cognito is down');
    };
    const answer = await put(everywhere, 'both', { role: 'Engineer', site: 'lab-1' });
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect((await read('both')).body.grants).toEqual([]);
    before = () => undefined;
    expect((await put(everywhere, 'both', { role: 'Engineer', site: 'lab-1' })).status).toBe(200);
  });
});

describe('a list', () => {
  it('goes on behind its cursor, which no other list takes', async () => {
    const first = await send({ path: '/v1/people?limit=2', claims: everywhere });
    expect(first.body.items).toHaveLength(2);
    const cursor = encodeURIComponent(first.body.next ?? '');
    const second = await send({ path: `/v1/people?limit=60&cursor=${cursor}`, claims: everywhere });
    expect(second.body).toMatchObject({ next: null });
    expect(second.body.items).toHaveLength(5);
    for (const wrong of ['x', cursor.slice(0, -8)])
      expect((await send({ path: `/v1/people?cursor=${wrong}`, claims: everywhere })).body.code).toBe(
        'invalid-cursor',
      );
    expect((await send({ path: '/v1/people?limit=61', claims: everywhere })).status).toBe(400);
  });

  it('says that a token of Cognito is not good any more', async () => {
    const { writeCursor } = await import('../../../../lambdas/runtime/http/cursor.ts');
    const cursor = encodeURIComponent(writeCursor({ people: 'all' }, 'unknown'));
    expect((await send({ path: `/v1/people?cursor=${cursor}`, claims: everywhere })).body.code).toBe(
      'invalid-cursor',
    );
  });
});

it('an invitation is sent again to whoever has not used it', async () => {
  await add(everywhere);
  expect((await act(everywhere, 'grace', 'invite')).status).toBe(200);
  expect(readdirSync(join(credentialsDir, 'outbox'))).toHaveLength(2);
  expect((await act(everywhere, 'here', 'invite')).body.code).toBe('not-invited');
});

it('a reason is asked for', async () => {
  for (const body of [{}, { reason: '' }])
    expect(
      await send({ method: 'POST', path: '/v1/people/here/disable', claims: everywhere, body }),
    ).toMatchObject({ status: 400, body: { errors: [{ pointer: '/reason' }] } });
});
