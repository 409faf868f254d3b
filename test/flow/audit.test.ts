/** The audit through the gateway and the command line: what people did, who was denied, and what somebody changed since. */
import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { AuditEntry } from '../../contracts/resources/audit.ts';
import { newPerson } from '../support/cli.ts';
import { type Lab, openLab } from '../support/lab.ts';

const person = newPerson();
let lab: Lab;
let admin: string;
beforeAll(async () => {
  lab = await openLab(inject('assembly'), {
    people: { 'admin-1': ['Admin@lab-1'], 'admin-2': ['Admin@lab-2'] },
  });
  admin = await lab.personToken('admin');
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  person[Symbol.dispose]();
});

const audit = async (...args: string[]) =>
  await person.run(['audit', ...args], {
    env: { LABGATE_TARGET: lab.gateway.addresses.api, LABGATE_TOKEN: admin },
  });
const registryTable = (): string | undefined =>
  lab.gateway.assembly
    .byType('AWS::DynamoDB::Table')
    .find(({ logicalId }) => logicalId.startsWith('Registry'))?.physicalId;
const asDisposable = (client: DynamoDBClient) => ({ client, [Symbol.dispose]: () => client.destroy() });

/** Entries of now, which an export leaves to the next one unless it is told an end. */
const soon = (): string => new Date(Date.now() + 60_000).toISOString();

test('who did what, and who was denied what, can be listed, exported and verified', async () => {
  await lab.createType();
  await lab.register('audited');
  const etag = (await lab.call('/v1/devices/audited')).headers.get('etag') ?? '';
  await lab.json('/v1/devices/audited', {
    method: 'PATCH',
    body: JSON.stringify({ name: 'Audited' }),
    headers: { 'if-match': etag, 'user-agent': 'flow' },
  });
  const body = JSON.stringify({ command: 'zero', reason: 'before the run' });
  const given = await lab.json<{ id: string }>('/v1/devices/audited/commands', { method: 'POST', body });
  const analysis = await lab.token('analysis');
  expect((await lab.call('/v1/devices/audited', { method: 'DELETE', token: analysis })).status).toBe(403);
  const away = await lab.personToken('admin-2');
  expect((await lab.call('/v1/devices/audited/latest', { token: away })).status).toBe(404);

  const entries: AuditEntry[] = JSON.parse((await audit('list', '--site', 'lab-1', '--json')).stdout);
  expect(entries.toReversed()).toEqual([
    expect.objectContaining({
      action: 'registerDevice',
      outcome: 'done',
      resource: { kind: 'devices', id: 'audited' },
      actor: expect.objectContaining({ kind: 'program', grants: ['Engineer'] }),
      address: '127.0.0.1',
    }),
    expect.objectContaining({ action: 'updateDevice', before: etag, userAgent: 'flow' }),
    expect.objectContaining({
      action: 'createCommand',
      resource: { kind: 'devices', id: 'audited' },
      created: `/v1/commands/${given.id}`,
      reason: 'before the run',
    }),
    expect.objectContaining({
      action: 'readLatest',
      outcome: 'denied',
      code: 'not-found',
      actor: expect.objectContaining({ name: 'admin-2', grants: ['Admin@lab-2'] }),
    }),
  ]);
  const { stdout } = await audit('list');
  expect(stdout).toMatch(/createType meter|createType/);
  expect(stdout).toMatch(/retireDevice audited +denied forbidden/);

  const exported = await audit('export', '--site', 'lab-1', '--to', soon(), '-o', 'audit.ndjson');
  expect(exported).toMatchObject({ code: 0, stdout: '' });
  const root = /root (\w{64})/.exec(exported.stderr)?.[1] ?? '';
  expect(await audit('verify', 'audit.ndjson', '--root', root)).toMatchObject({ code: 0 });
  const verified = await audit('verify', '--site', 'lab-1', '--to', soon());
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('4 entries hold together') });
});

test('administrators of a site read that of their site alone', async () => {
  const status = async (token: string, query: string): Promise<number> =>
    (await lab.call(`/v1/audit${query}`, { token })).status;
  const own = await lab.personToken('admin-1');
  expect(await status(own, '?site=lab-1')).toBe(200);
  expect(await status(own, '?site=lab-2')).toBe(404);
  expect(await status(own, '')).toBe(403);
  expect(await status(await lab.token(), '?site=lab-1')).toBe(403);
  for (const method of ['DELETE', 'PUT', 'PATCH', 'POST'])
    expect((await lab.call('/v1/audit?site=lab-1', { method, token: admin })).status).toBe(404);
});

const roleArn = (logicalId: string): string =>
  lab.gateway.iam.grants().find(({ roleLogicalId }) => roleLogicalId.startsWith(logicalId))?.roleArn ?? '';

test('functions that only read write nothing but the audit, and none deletes of that', async () => {
  const { addresses, iam, assembly } = lab.gateway;
  const as = (role: string) =>
    new DynamoDBClient({
      endpoint: addresses.aws,
      region: assembly.region,
      credentials: iam.credentialsFor(roleArn(role)),
    });
  using query = asDisposable(as('QueryApiRole'));
  using commands = asDisposable(as('CommandsApiRole'));
  const TableName = registryTable();
  const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 'META' } });
  const put = (pk: string) => query.client.send(new PutItemCommand({ TableName, Item: key(pk) }));
  const remove = (pk: string) => commands.client.send(new DeleteItemCommand({ TableName, Key: key(pk) }));
  await put('AUDITTRIES#somebody');
  await expect(put('DEVICE#audited')).rejects.toThrow('is not authorized to perform');
  await remove('LEASE#audited');
  await expect(remove('AUDITTRIES#somebody')).rejects.toThrow('is not authorized to perform');
});

test('what was changed in the table is found, and exported as evidence', async () => {
  const { addresses, iam, assembly } = lab.gateway;
  const dynamo = new DynamoDBClient({
    endpoint: addresses.aws,
    region: assembly.region,
    credentials: iam.operator,
  });
  const TableName = registryTable();
  const Key = { pk: { S: 'AUDITHEAD#lab-1' }, sk: { S: '00' } };
  const { Item = {} } = await dynamo.send(new GetItemCommand({ TableName, Key }));
  const forged = Item['entry']?.S?.replace('admin-2', 'admin-1') ?? '';
  await dynamo.send(new PutItemCommand({ TableName, Item: { ...Item, entry: { S: forged } } }));
  dynamo.destroy();
  const message = 'is not what its hash was made of';
  const verified = await audit('verify', '--site', 'lab-1', '--to', soon());
  expect(verified).toMatchObject({ code: 8, stderr: expect.stringContaining(message) });
  const exported = await audit('export', '--site', 'lab-1', '--to', soon(), '-o', 'evidence.ndjson');
  expect(exported).toMatchObject({ code: 8, stderr: expect.stringContaining(message) });
  expect(await audit('verify', 'evidence.ndjson')).toMatchObject({
    code: 8,
    stderr: expect.stringContaining(message),
  });
});
