import { afterAll, beforeAll, expect, it } from 'vitest';
import { person, type Sent } from '../../../support/http-events.ts';
import { type Answered, registrationOf, startWorld, TYPE, type World } from './world.ts';

let world: World;
let send: (sent: Sent) => Promise<Answered>;
beforeAll(async () => {
  world = await startWorld();
  ({ send } = world);
  await send({ method: 'POST', path: '/v1/types', body: TYPE });
  for (const [id, site] of [
    ['a1', 'alpha'],
    ['a2', 'alpha'],
    ['b1', 'alpha-2'],
    ['z1', 'zulu'],
  ] as const)
    await send({ method: 'POST', path: '/v1/devices', body: await registrationOf(id, site) });
}, 30_000);
afterAll(() => world.close());

const DESCRIPTION = {
  name: 'Bench hall',
  timeZone: 'Europe/Berlin',
  address: 'Street 1, Berlin',
  position: { latitude: 52.5, longitude: 13.4 },
  contact: { name: 'Ada', email: 'ada@example.org' },
};
const describeSite = (id: string, more: object = {}, ifMatch?: string, claims = person('Admin')) =>
  send({
    method: 'PUT',
    path: `/v1/sites/${id}`,
    body: { ...DESCRIPTION, reason: 'it is new', ...more },
    headers: ifMatch === undefined ? {} : { 'If-Match': ifMatch },
    claims,
  });
const remove = (id: string, body: unknown = { reason: 'it is closed' }) =>
  send({ method: 'DELETE', path: `/v1/sites/${id}`, body, headers: { 'If-Match': '*' } });
const idsOf = ({ body }: Answered): string[] => (body['items'] as { id: string }[]).map(({ id }) => id);

it('is there as soon as a device names it, and told to be undescribed', async () => {
  expect(await send({ path: '/v1/sites/alpha' })).toMatchObject({
    status: 200,
    headers: { etag: '"0"' },
    body: { id: 'alpha', described: false, version: 0 },
  });
  expect(await send({ path: '/v1/sites/alp' })).toMatchObject({ status: 404 });
});

it('is described, changed on the version that was read, and read back', async () => {
  expect(await describeSite('alpha')).toMatchObject({ status: 200, headers: { etag: '"1"' } });
  expect(await describeSite('alpha')).toMatchObject({ status: 428 });
  expect(await describeSite('alpha', { name: 'Other' }, '"0"')).toMatchObject({ status: 412 });
  expect(await describeSite('alpha', { name: 'Hall' }, '"1"')).toMatchObject({ status: 200 });
  expect(await send({ path: '/v1/sites/alpha' })).toMatchObject({
    headers: { etag: '"2"' },
    body: { ...DESCRIPTION, name: 'Hall', described: true, version: 2, updatedBy: 'ada' },
  });
});

it('lets one of several who describe it at once win', async () => {
  const answers = await Promise.all(['a', 'b', 'c'].map((name) => describeSite('mike', { name })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
});

it.each([
  ['a time zone that is none', { timeZone: 'Mars/Olympus' }, '/timeZone'],
  ['an offset for a time zone', { timeZone: '+01:00' }, '/timeZone'],
  ['a position off the earth', { position: { latitude: 91, longitude: 0 } }, '/position/latitude'],
  ['half a position', { position: { latitude: 1 } }, '/position/longitude'],
  ['no reason', { reason: undefined }, '/reason'],
])('refuses %s', async (_, more, pointer) => {
  const answer = await describeSite('papa', more);
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
});

it('lists described sites and those of devices in one order, page by page', async () => {
  await describeSite('bravo');
  const all = await send({ path: '/v1/sites' });
  expect(idsOf(all)).toEqual(['alpha', 'alpha-2', 'bravo', 'mike', 'zulu']);
  expect(all.body['next']).toBeNull();
  for (const limit of [1, 2, 3]) {
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 10; pages += 1) {
      const page = await send({ path: `/v1/sites?limit=${limit}${cursor}` });
      expect(idsOf(page).length).toBeLessThanOrEqual(limit);
      seen.push(...idsOf(page));
      if (page.body['next'] === null) break;
      cursor = `&cursor=${String(page.body['next'])}`;
    }
    expect(seen).toEqual(['alpha', 'alpha-2', 'bravo', 'mike', 'zulu']);
  }
});

it('shows somebody the sites of the own roles alone', async () => {
  const claims = person('Viewer@alpha', 'Engineer@zulu', 'Viewer@nowhere');
  expect(idsOf(await send({ path: '/v1/sites', claims }))).toEqual(['alpha', 'zulu']);
  const first = await send({ path: '/v1/sites?limit=1', claims });
  expect(idsOf(first)).toEqual(['alpha']);
  const rest = await send({ path: `/v1/sites?cursor=${String(first.body['next'])}`, claims });
  expect(idsOf(rest)).toEqual(['zulu']);
  expect(await send({ path: '/v1/sites/bravo', claims })).toMatchObject({ status: 404 });
  expect(await describeSite('bravo', {}, '*', claims)).toMatchObject({ status: 404 });
  expect(await describeSite('alpha', {}, '*', claims)).toMatchObject({ status: 403 });
  expect(await describeSite('zulu', {}, '*', claims)).toMatchObject({ status: 200 });
});

it('is removed when no device is left, and then told by its retired ones alone', async () => {
  await describeSite('yankee');
  expect(await remove('yankee', {})).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/reason' }] },
  });
  expect(await remove('yankee')).toMatchObject({ status: 200, body: { id: 'yankee' } });
  expect(await send({ path: '/v1/sites/yankee' })).toMatchObject({ status: 404 });
  expect(await remove('yankee')).toMatchObject({ status: 404 });
  expect(await remove('zulu')).toMatchObject({ status: 409, body: { code: 'site-in-use' } });
  const body = { reason: 'worn out' };
  await send({ method: 'DELETE', path: '/v1/devices/z1', body, headers: { 'If-Match': '*' } });
  expect(await remove('zulu')).toMatchObject({ status: 200, body: { described: true } });
  expect(await send({ path: '/v1/sites/zulu' })).toMatchObject({ status: 200, body: { described: false } });
});
