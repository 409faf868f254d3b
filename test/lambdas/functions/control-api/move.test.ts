import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { takeLease } from '../../../../lambdas/store/registry/leases.ts';
import { readRegistry } from '../../../../lambdas/store/registry/lookup.ts';
import type { Aws } from '../../../support/aws.ts';
import { person, type Sent } from '../../../support/http-events.ts';
import { putCommand } from '../../../support/stored-command.ts';
import { type Answered, registrationOf, startWorld, TYPE, type World } from './world.ts';

let world: World;
let aws: Aws;
let send: (sent: Sent) => Promise<Answered>;
beforeAll(async () => {
  world = await startWorld();
  ({ aws, send } = world);
  await send({ method: 'POST', path: '/v1/types', body: TYPE });
}, 30_000);
afterAll(() => world.close());
afterEach(() => aws.heal());

const register = async (id: string): Promise<Answered> =>
  await send({ method: 'POST', path: '/v1/devices', body: await registrationOf(id) });
const move = (
  id: string,
  site = 'paris',
  headers: Record<string, string> = { 'If-Match': '"2"' },
  claims = person('Admin'),
) =>
  send({
    method: 'POST',
    path: `/v1/devices/${id}/move`,
    body: { site, reason: 'new room' },
    headers,
    claims,
  });
const registryOf = () => ({ client: aws.dynamo, table: aws.registryTable });
const formerOf = async (id: string) =>
  (await readRegistry(registryOf(), { devices: [id], types: [] })).devices.get(id)?.formerSites;
const siteOfThing = (id: string) => aws.things.thing(id)?.attributes['site'];

it('changes registry and thing, cuts the connection, and tells the new topics', async () => {
  await register('move-1');
  aws.connected.add('move-1');
  aws.calls.length = 0;
  expect(await move('move-1', 'paris', {})).toMatchObject({ status: 428 });
  const before = Date.now();
  expect(await move('move-1')).toMatchObject({
    status: 200,
    headers: { etag: '"4"' },
    body: {
      device: { id: 'move-1', site: 'paris', state: 'active', version: 4 },
      topics: { data: 'lab/paris/move-1/data', commands: 'lab/paris/move-1/commands/+' },
    },
  });
  expect(siteOfThing('move-1')).toBe('paris');
  expect(aws.connected.has('move-1')).toBe(false);
  const [former] = (await formerOf('move-1')) ?? [];
  expect(former).toMatchObject({ site: 'berlin' });
  expect(former?.until).toBeGreaterThanOrEqual((before + 600_000) * 1000);
  const audited = aws.calls.filter(({ action, body }) => action === 'dynamodb:PutItem' && /AUDIT/.test(body));
  for (const site of ['berlin', 'paris'])
    expect(audited.some(({ body }) => body.includes(site) && body.includes('new room'))).toBe(true);
  const listed = await send({ path: '/v1/devices?site=paris' });
  expect(listed.body['items']).toMatchObject([{ id: 'move-1' }]);
  // Sent again, because the answer was lost: nothing happens.
  expect(await move('move-1')).toMatchObject({ status: 200, body: { device: { version: 4 } } });
  expect(await move('move-1', 'berlin', { 'If-Match': '"4"' })).toMatchObject({ status: 200 });
  expect(await formerOf('move-1')).toMatchObject([{ site: 'berlin' }, { site: 'paris' }]);
});

describe('a move that was interrupted', () => {
  it.each([
    ['before the registry', 'dynamodb:PutItem', 'before', 0],
    ['after the registry', 'dynamodb:PutItem', 'after', 0],
    ['before the thing', 'iot:UpdateThing', 'before', 0],
    ['after the thing', 'iot:UpdateThing', 'after', 0],
    ['before the cut', 'iot:DeleteConnection', 'before', 0],
    ['before its end', 'dynamodb:PutItem', 'before', 1],
  ] as const)('%s is finished by the same request', async (what, action, when, skip) => {
    const id = `cut-${what.replaceAll(' ', '-')}`;
    await register(id);
    aws.fail(action, { when, skip, left: 1 });
    expect((await move(id)).status).toBeGreaterThanOrEqual(500);
    aws.heal();
    expect(await move(id)).toMatchObject({ status: 200, body: { device: { site: 'paris' } } });
    expect(siteOfThing(id)).toBe('paris');
    expect(await formerOf(id)).toEqual([{ site: 'berlin', until: expect.any(Number) }]);
  });

  it('has to be finished before another begins', async () => {
    await register('torn');
    aws.fail('iot:UpdateThing');
    await move('torn');
    aws.heal();
    expect(await formerOf('torn')).toEqual([{ site: 'berlin', until: null }]);
    expect(await move('torn', 'rome', { 'If-Match': '*' })).toMatchObject({
      status: 409,
      body: { code: 'device-busy', detail: expect.stringContaining('paris') },
    });
  });

  it('keeps what others changed meanwhile', async () => {
    await register('patched');
    aws.fail('iot:UpdateThing');
    await move('patched');
    aws.heal();
    const patch = { method: 'PATCH', path: '/v1/devices/patched', body: { name: 'New' } };
    await send({ ...patch, headers: { 'If-Match': '*' } });
    expect(await move('patched')).toMatchObject({
      status: 200,
      body: { device: { name: 'New', site: 'paris' } },
    });
  });
});

it('lets one of two at once win', async () => {
  await register('twice');
  const answers = await Promise.all([move('twice', 'paris'), move('twice', 'rome')]);
  const won = answers.filter(({ status }) => status === 200);
  expect(won).toHaveLength(1);
  const { site } = (won[0]?.body['device'] ?? {}) as { site: string };
  expect(siteOfThing('twice')).toBe(site);
  expect(await send({ path: '/v1/devices/twice' })).toMatchObject({ body: { site } });
});

it('takes the permission at both sites, and hides what may not be seen', async () => {
  await register('guarded');
  const as = (...groups: string[]) => move('guarded', 'paris', { 'If-Match': '*' }, person(...groups));
  expect(await as('Engineer@berlin')).toMatchObject({ status: 404 });
  expect(await as('Engineer@berlin', 'Viewer@paris')).toMatchObject({ status: 403 });
  expect(await as('Engineer@paris')).toMatchObject({ status: 404 });
  expect(await as('Maintenance@berlin', 'Engineer@paris')).toMatchObject({ status: 403 });
  expect(siteOfThing('guarded')).toBe('berlin');
  expect(await as('Engineer@berlin', 'Engineer@paris')).toMatchObject({ status: 200 });
});

it('waits for commands that are open, and for the lease of somebody else', async () => {
  await register('working');
  const close = await putCommand(registryOf(), { device: 'working', site: 'berlin' });
  expect(await move('working')).toMatchObject({ status: 409, body: { code: 'device-busy' } });
  await close();
  const now = new Date();
  const until = new Date(now.getTime() + 60_000).toISOString();
  const holder = { kind: 'user' as const, subject: 'other', name: 'other' };
  await takeLease(registryOf(), { device: 'working', holder, takenAt: now.toISOString(), until }, now);
  expect(await move('working')).toMatchObject({ status: 409, body: { code: 'leased' } });
  expect(siteOfThing('working')).toBe('berlin');
});

it('moves nothing that is retired', async () => {
  await register('gone');
  const body = { reason: 'worn out' };
  await send({ method: 'DELETE', path: '/v1/devices/gone', body, headers: { 'If-Match': '*' } });
  expect(await move('gone', 'paris', { 'If-Match': '*' })).toMatchObject({
    status: 409,
    body: { code: 'device-retired' },
  });
});
