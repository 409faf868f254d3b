/** What a user pool is asked for with AWS credentials. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCognito } from '../../../local/cognito/index.ts';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import { SmallIam } from '../../support/endpoint.ts';
import {
  assemblyOf,
  type LogLine,
  newLog,
  POOL_ARN,
  POOL_ID,
  poolResources,
} from '../../support/hand-made-assembly.ts';
import { fetchSigned } from '../../support/signing.ts';

const iam = new SmallIam();
let url: string;
let folder: string;
let lines: LogLine[];
let running: AsyncDisposableStack;

const start = async (): Promise<void> => {
  running = new AsyncDisposableStack();
  const logged = newLog();
  lines = logged.lines;
  const assembly = assemblyOf(poolResources());
  const common = { assembly, iam, log: logged.log, host: '127.0.0.1', port: 0 };
  const endpoint = await startEndpoint(common);
  running.defer(() => endpoint.close());
  url = endpoint.url;
  const credentialsDir = join(folder, 'credentials');
  const cognito = await startCognito({ ...common, endpoint, credentialsDir, dataDir: folder });
  running.defer(() => cognito.close());
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labgate-admin-api-'));
  await start();
});
afterAll(async () => {
  await running.disposeAsync();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly __type?: string;
  readonly message?: string;
  readonly Users?: object[];
  readonly Groups?: { readonly GroupName: string }[];
  readonly UserAttributes?: { readonly Name: string; readonly Value: string }[];
  readonly PaginationToken?: string;
}

const call = async (operation: string, input: object = {}, credentials = iam.operator) => {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`,
  };
  const body = JSON.stringify({ UserPoolId: POOL_ID, ...input });
  const request = { method: 'POST', url, headers, body };
  const response = await fetchSigned(request, { credentials, service: 'cognito-idp' });
  const answer = (await response.json()) as Answer;
  return { status: response.status, answer, type: response.headers.get('content-type') };
};
const refused = async (operation: string, input: object): Promise<string> => {
  const { status, answer } = await call(operation, input);
  expect(status).toBe(400);
  return `${answer.__type?.replace(/^.*#/, '')}: ${answer.message}`;
};
const invite = (Username: string, more: object = {}) => ({
  Username,
  DesiredDeliveryMediums: ['EMAIL'],
  UserAttributes: [
    { Name: 'email', Value: `${Username}@example.org` },
    { Name: 'email_verified', Value: 'true' },
  ],
  ...more,
});
const person = { Username: 'viewer' };

it('lists go page by page', async () => {
  const first = (await call('ListUsers', { Limit: 1 })).answer;
  expect(first.Users).toMatchObject([{ Username: 'admin' }]);
  const second = (await call('ListUsers', { Limit: 1, PaginationToken: first.PaginationToken })).answer;
  expect(second).toEqual({ Users: [expect.objectContaining({ Username: 'viewer' })] });
  expect(await refused('ListUsers', { PaginationToken: 'x' })).toContain('InvalidParameterException');
});

describe('a role', () => {
  it.each([
    'AdminAddUserToGroup',
    'AdminCreateUser',
    'AdminDisableUser',
    'AdminEnableUser',
    'AdminGetUser',
    'AdminListGroupsForUser',
    'AdminRemoveUserFromGroup',
    'AdminUserGlobalSignOut',
    'CreateGroup',
    'ListUsers',
    'ListUsersInGroup',
  ])('needs a grant for %s on the pool', async (operation) => {
    const { status, answer } = await call(operation, person, iam.role);
    expect([status, answer.__type?.replace(/^.*#/, '')]).toEqual([400, 'AccessDeniedException']);
    expect(iam.denials.at(-1)).toMatchObject({ action: `cognito-idp:${operation}`, resource: POOL_ARN });
    iam.grants = [[`cognito-idp:${operation}`, POOL_ARN]];
    expect((await call(operation, person, iam.role)).answer.__type ?? '').not.toContain('AccessDenied');
  });
});

it('people are found by name, sub and address, with what Cognito says of them', async () => {
  const { answer, type } = await call('AdminGetUser', person);
  expect(type).toBe('application/x-amz-json-1.1');
  expect(answer).toMatchObject({
    Username: 'viewer',
    Enabled: true,
    UserStatus: 'CONFIRMED',
    UserCreateDate: expect.any(Number),
    UserAttributes: expect.arrayContaining([{ Name: 'email', Value: 'viewer@example.org' }]),
  });
  const sub = answer.UserAttributes?.find(({ Name }) => Name === 'sub')?.Value;
  for (const Username of [sub, 'VIEWER', 'Viewer@example.org'])
    expect((await call('AdminGetUser', { Username })).answer).toMatchObject({ Username: 'viewer' });
});

it('groups are made, joined and left, and outlive a restart with everything else', async () => {
  const group = { GroupName: 'Viewer@lab-1' };
  const groups = async () =>
    (await call('AdminListGroupsForUser', person)).answer.Groups?.map(({ GroupName }) => GroupName);
  expect(await refused('AdminAddUserToGroup', { ...person, ...group })).toContain(
    'ResourceNotFoundException',
  );
  expect((await call('CreateGroup', group)).status).toBe(200);
  expect((await call('CreateGroup', { GroupName: 'Empty@lab-1' })).status).toBe(200);
  expect(await refused('CreateGroup', group)).toContain('GroupExistsException');
  for (let time = 0; time < 2; time += 1) await call('AdminAddUserToGroup', { ...person, ...group });
  expect(await groups()).toEqual(['Viewer', 'Viewer@lab-1']);
  await call('AdminDisableUser', person);
  await running.disposeAsync();
  await start();
  expect(await groups()).toEqual(['Viewer', 'Viewer@lab-1']);
  expect(await refused('CreateGroup', { GroupName: 'Empty@lab-1' })).toContain('GroupExistsException');
  expect((await call('AdminGetUser', person)).answer).toMatchObject({ Enabled: false });
  const members = async () => (await call('ListUsersInGroup', group)).answer.Users;
  expect(await members()).toMatchObject([{ Username: 'viewer', Enabled: false }]);
  await call('AdminRemoveUserFromGroup', { ...person, ...group });
  expect(await members()).toEqual([]);
});

it('the mail of an invitation is a file for its owner alone, and the log holds no password', async () => {
  const { answer } = await call('AdminCreateUser', invite('Grace'));
  expect(answer).toMatchObject({ User: { Username: 'grace', UserStatus: 'FORCE_CHANGE_PASSWORD' } });
  const outbox = join(folder, 'credentials', 'outbox');
  const [name = '', ...others] = await readdir(outbox);
  expect(others).toEqual([]);
  expect((await stat(join(outbox, name))).mode & 0o777).toBe(0o600);
  const mail = await readFile(join(outbox, name), 'utf8');
  const [, password = ''] = /temporary password is (\S+)\.\n$/.exec(mail) ?? [];
  expect(password).toHaveLength(24);
  expect(mail).toMatch(/^To: Grace@example\.org\nSubject: /);
  expect(lines).toContainEqual({
    level: 'info',
    message: 'an invitation would be mailed',
    fields: { to: 'Grace@example.org', username: 'grace', file: join(outbox, name) },
  });
  expect(JSON.stringify(lines)).not.toContain(password);
  await call('AdminCreateUser', invite('quiet', { MessageAction: 'SUPPRESS' }));
  expect(await readdir(outbox)).toHaveLength(1);
});

describe('is refused:', () => {
  it.each([
    [
      'a parameter that is not known',
      'AdminGetUser',
      { ...person, Frob: 1 },
      'InvalidParameterException: Frob',
    ],
    ['nobody', 'AdminGetUser', { Username: 'nobody' }, 'UserNotFoundException'],
    [
      'another pool',
      'AdminGetUser',
      { ...person, UserPoolId: 'us-east-1_other' },
      'ResourceNotFoundException',
    ],
    ['an unknown operation', 'AdminDeleteUser', person, 'UnknownOperationException'],
    ['more than 60', 'ListUsers', { Limit: 61 }, 'InvalidParameterException'],
    ['an unknown group', 'ListUsersInGroup', { GroupName: 'X' }, 'ResourceNotFoundException'],
    ['a name that is taken', 'AdminCreateUser', invite('viewer'), 'UsernameExistsException'],
    [
      'an address that is taken',
      'AdminCreateUser',
      { ...invite('other'), UserAttributes: invite('viewer').UserAttributes },
      'AliasExistsException',
    ],
    ['an address as a name', 'AdminCreateUser', invite('a@example.org'), 'email format'],
    ['an address that is none', 'AdminCreateUser', invite('a b'), 'InvalidParameterException'],
    ['a message by text', 'AdminCreateUser', invite('x', { DesiredDeliveryMediums: ['SMS'] }), 'only EMAIL'],
    [
      'a weak password',
      'AdminCreateUser',
      invite('x', { TemporaryPassword: 'abc' }),
      'InvalidPasswordException',
    ],
    [
      'a second invitation of whoever has signed in',
      'AdminCreateUser',
      invite('viewer', { MessageAction: 'RESEND' }),
      'UnsupportedUserStateException',
    ],
  ])('%s', async (_, operation, input, said) => {
    const body = { UserPoolId: POOL_ID, ...input };
    expect(await refused(operation, body)).toContain(said);
  });
});
