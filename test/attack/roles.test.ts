/** Whoever holds a role at one site, or only to read, gets no further, and learns nothing of what lies beyond. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Device } from '../../contracts/resources/devices.ts';
import { PERMISSIONS, type Permission } from '../../contracts/roles.ts';
import { ROUTES } from '../../contracts/routes/index.ts';
import { createIdentity } from '../../device/identity.ts';
import { METER } from '../support/lab.ts';
import { openPeopleLab, type PeopleLab } from './people.ts';
import { refusal } from './problem.ts';

let lab: PeopleLab;
const tokens: Record<string, string> = {};

/** Calls as one of the people. */
const call = (who: string, path: string, init: RequestInit = {}): Promise<Response> =>
  lab.call(path, { ...init, token: tokens[who] ?? '' });
const ids = async (response: Response): Promise<string[]> =>
  ((await response.json()) as { items: Device[] }).items.map(({ id }) => id);

beforeAll(async () => {
  lab = await openPeopleLab(inject('assembly'));
  await lab.createType();
  await lab.register('here', 'lab-1');
  await lab.register('there', 'lab-2');
  for (const who of ['operator-1', 'engineer-1', 'nobody', 'pretender'])
    tokens[who] = (await lab.signIn(who)).access_token;
  tokens['viewer'] = await lab.token('analysis');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

/**
 * Routes that a role does not open, one of each method of each function: the whole matrix is tried where it is decided
 * (`test/lambdas/runtime/matrix.test.ts`).
 */
const closedTo = (role: 'Viewer' | 'nobody') => {
  const closed = Object.values(ROUTES).filter(
    ({ permission }) =>
      permission !== 'open' && !(PERMISSIONS[permission as Permission] as readonly string[]).includes(role),
  );
  return [...Map.groupBy(closed, ({ service, method }) => `${service} ${method}`).values()].flatMap(
    ([route]) => route ?? [],
  );
};
const request = ({ method, path }: { method: string; path: string }) =>
  [
    path.replaceAll('{id}', 'here').replaceAll(/\{\w+\}/g, 'x'),
    {
      method: method.toUpperCase(),
      headers: { 'if-match': '*' },
      ...(method === 'get' ? {} : { body: JSON.stringify({ ...METER, id: 'other' }) }),
    },
  ] as const;

describe('a program that may only read', () => {
  test.each(closedTo('Viewer').map((route) => [route.method, route.path, route] as const))(
    'is refused %s %s',
    async (_method, _path, route) => {
      expect(await refusal(await call('viewer', ...request(route)), 403)).toMatchObject({
        code: 'forbidden',
      });
    },
  );

  test('has changed nothing', async () => {
    const { items } = await lab.json<{ items: Device[] }>('/v1/devices');
    expect(items.map(({ id, state, version }) => [id, state, version])).toEqual([
      ['here', 'active', 2],
      ['there', 'active', 2],
    ]);
    await refusal(await lab.call('/v1/types/other'), 404);
  });
});

describe.each(['nobody', 'pretender'])('%s, whose groups are no roles', (who) => {
  test.each(closedTo('nobody').map((route) => [route.method, route.path, route] as const))(
    'is refused %s %s',
    async (_method, _path, route) => {
      expect(await refusal(await call(who, ...request(route)), 403)).toMatchObject({ code: 'forbidden' });
    },
  );
});

describe('an operator of one site', () => {
  const who = 'operator-1';

  test('sees the devices of that site alone, however the list is asked for', async () => {
    for (const query of ['', '?site=lab-1', '?type=meter', '?state=active', '?limit=1'])
      expect([query, await ids(await call(who, `/v1/devices${query}`))]).toEqual([query, ['here']]);
    const other = await call(who, '/v1/devices?site=lab-2');
    expect(other.ok ? await ids(other) : []).toEqual([]);
  });

  test('cannot go on with the list of somebody who sees more', async () => {
    const { next } = await lab.json<{ next: string }>('/v1/devices?limit=1');
    const response = await call(who, `/v1/devices?limit=1&cursor=${encodeURIComponent(next)}`);
    if (response.ok) expect(await ids(response)).toEqual([]);
    else expect(await refusal(response, 400)).toMatchObject({ code: 'invalid-cursor' });
  });

  test.each(['', '/latest', '/series?from=PT1H', `/series?from=${new Date(0).toISOString()}&every=P1D`])(
    'is told of %s of a device of another site what is told of one that does not exist',
    async (rest) => {
      const plain = async (id: string): Promise<object> => {
        const {
          requestId: _id,
          timestamp: _time,
          instance: _path,
          ...body
        } = await refusal(await call(who, `/v1/devices/${id}${rest}`), rest.includes('PT1H') ? 400 : 404);
        return body;
      };
      expect(await plain('there')).toEqual(await plain('nowhere'));
    },
  );

  test('may read the one of that site, and change nothing of it', async () => {
    expect((await call(who, '/v1/devices/here')).status).toBe(200);
    const change = { method: 'PATCH', headers: { 'if-match': '*' }, body: '{"description":"mine"}' };
    expect(await refusal(await call(who, '/v1/devices/here', change), 403)).toMatchObject({
      code: 'forbidden',
    });
  });
});

describe('an engineer of one site', () => {
  const who = 'engineer-1';
  const registration = async (id: string, site: string): Promise<RequestInit> => ({
    method: 'POST',
    body: JSON.stringify({ id, site, type: 'meter', csr: (await createIdentity(id)).csr }),
  });

  test('cannot register a device at another', async () => {
    const response = await call(who, '/v1/devices', await registration('new', 'lab-2'));
    expect(await refusal(response, 403)).toMatchObject({ code: 'forbidden' });
    await refusal(await lab.call('/v1/devices/new'), 404);
  });

  test('cannot take over the identifier of one of another site, nor learn where it is', async () => {
    const response = await call(who, '/v1/devices', await registration('there', 'lab-1'));
    const { detail } = await refusal(response, 409);
    expect(detail ?? '').not.toContain('lab-2');
  });

  test.each(['PATCH', 'DELETE'])('cannot %s one of another: it is not there for them', async (method) => {
    const init = {
      method,
      headers: { 'if-match': '*' },
      body: method === 'PATCH' ? '{"name":"x"}' : '{"reason":"x"}',
    };
    expect(await refusal(await call(who, '/v1/devices/there', init), 404)).toMatchObject({
      code: 'not-found',
    });
    expect(await lab.json('/v1/devices/there')).toMatchObject({ state: 'active', version: 2 });
  });

  test.each([
    { site: 'lab-2' },
    { state: 'active' },
    { id: 'there' },
    { certificateId: 'x' },
    { version: 9 },
  ])('cannot change %j of one of their own', async (change) => {
    const init = { method: 'PATCH', headers: { 'if-match': '*' }, body: JSON.stringify(change) };
    expect(await refusal(await call(who, '/v1/devices/here', init), 400)).toMatchObject({
      code: 'invalid-request',
    });
  });
});

test('and none of it was a right that a function did not have', () => {
  expect(lab.gateway.iam.denials).toEqual([]);
});
