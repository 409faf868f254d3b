import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mergePatch } from '../../../../lambdas/functions/control-api/merge-patch.ts';
import { applyConnection } from '../../../../lambdas/store/registry/presence.ts';
import type { Aws } from '../../../support/aws.ts';
import { forgedCursors } from '../../../support/forged-cursors.ts';
import { person, type Sent } from '../../../support/http-events.ts';
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

const register = async (id: string, site = 'berlin', more: object = {}): Promise<Answered> =>
  await send({ method: 'POST', path: '/v1/devices', body: await registrationOf(id, site, more) });
const patch = (id: string, body: unknown, ifMatch?: string): Promise<Answered> =>
  send({
    method: 'PATCH',
    path: `/v1/devices/${id}`,
    body,
    headers: ifMatch === undefined ? {} : { 'If-Match': ifMatch },
  });
const retire = (id: string, ifMatch?: string): Promise<Answered> =>
  send({
    method: 'DELETE',
    path: `/v1/devices/${id}`,
    body: { reason: 'worn out' },
    headers: ifMatch === undefined ? {} : { 'If-Match': ifMatch },
  });

describe('read', () => {
  it('gives the device, its connection and its ETag', async () => {
    await register('read-1');
    expect(await send({ path: '/v1/devices/read-1' })).toMatchObject({
      status: 200,
      headers: { etag: '"2"', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
      body: { id: 'read-1', state: 'active', connection: { state: 'unknown' } },
    });
  });

  it('shows nothing of how it was registered', async () => {
    const { body } = await send({ path: '/v1/devices/read-1' });
    expect(Object.keys(body).sort()).toEqual(
      'certificateId connection createdAt createdBy id renewBefore site state type updatedAt version'.split(
        ' ',
      ),
    );
  });
});

describe('change', () => {
  it('merges, takes away with null, and needs the current ETag', async () => {
    await register('change-1', 'berlin', {
      name: 'Old',
      serial: 'S1',
      labels: { bench: '3', team: 'a' },
      location: { latitude: 1, longitude: 2, room: 'R1' },
    });
    expect(await patch('change-1', { name: 'New' })).toMatchObject({
      status: 428,
      body: { code: 'precondition-required' },
    });
    expect(await patch('change-1', { name: 'New' }, '"1"')).toMatchObject({
      status: 412,
      headers: { etag: '"2"' },
    });
    expect(await patch('change-1', { name: 'New' }, 'W/"2"')).toMatchObject({ status: 412 });
    const changed = await patch(
      'change-1',
      { name: 'New', serial: null, labels: { bench: null, floor: '2' }, location: { room: null } },
      '"2"',
    );
    expect(changed).toMatchObject({
      status: 200,
      headers: { etag: '"3"' },
      body: {
        name: 'New',
        labels: { team: 'a', floor: '2' },
        location: { latitude: 1, longitude: 2 },
        version: 3,
      },
    });
    expect(changed.body).not.toHaveProperty('serial');
    expect(changed.body['location']).not.toHaveProperty('room');
  });

  it('lets one of two at once win', async () => {
    await register('change-2');
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => patch('change-2', { name }, '"2"')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
  });

  it('refuses a result that is not valid, pointing at it', async () => {
    const answer = await patch('change-2', { location: { latitude: 10 } }, '*');
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/location/longitude' }] } });
  });

  it.each([
    ['a member that may not change', { site: 'paris' }, '/site'],
    ['a wrong type', { name: 5 }, '/name'],
    ['a label that is no identifier', { labels: { 'A/b~': 'x' } }, '/labels/A~1b~0'],
  ])('refuses %s', async (_, body, pointer) => {
    const answer = await patch('change-2', body, '*');
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'application/problem+json' } });
    expect(answer.body['errors']).toMatchObject([{ pointer }]);
  });
});

describe('retire', () => {
  it('revokes the certificate, cuts the connection, removes certificate and thing, and is for good', async () => {
    const { body } = await register('retire-1');
    const { certificateId } = body['device'] as { certificateId: string };
    aws.connected.add('retire-1');
    expect(await retire('retire-1')).toMatchObject({ status: 428 });
    expect(await retire('retire-1', '"2"')).toMatchObject({
      status: 200,
      body: { state: 'retired', version: 4 },
    });
    expect(aws.things.certificate(certificateId)).toBeUndefined();
    expect(aws.things.thing('retire-1')).toBeUndefined();
    expect(aws.connected.has('retire-1')).toBe(false);
    const asked = aws.calls.map(({ action, body }) => `${action} ${body}`).join('\n');
    expect(asked).toMatch(/iot:UpdateCertificate [\s\S]*iot:DeleteConnection [\s\S]*iot:DeleteCertificate /);
    expect(await retire('retire-1', '"2"')).toMatchObject({ status: 200, body: { state: 'retired' } });
    expect(await patch('retire-1', { name: 'x' }, '*')).toMatchObject({
      status: 409,
      body: { code: 'device-retired' },
    });
    expect(await register('retire-1')).toMatchObject({ status: 409, body: { code: 'device-retired' } });
  });

  it('says why, which the audit has', async () => {
    await register('retire-why');
    const sent = { method: 'DELETE', path: '/v1/devices/retire-why', headers: { 'If-Match': '*' } };
    for (const body of [undefined, {}, { reason: '' }])
      expect(await send({ ...sent, body })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/reason' }] },
      });
    expect(await send({ ...sent, body: { reason: 'worn out' } })).toMatchObject({ status: 200 });
    const written = aws.calls.filter(({ action, body }) => /PutItem/.test(action) && /AUDIT/.test(body));
    expect(written.at(-1)?.body).toContain('worn out');
  });

  it('waits until AWS IoT knows that thing and certificate are apart', async () => {
    await register('retire-slow');
    aws.fail('iot:DeleteCertificate', { code: 'DeleteConflictException', status: 409, left: 2 });
    expect(await retire('retire-slow', '"2"')).toMatchObject({ status: 200, body: { state: 'retired' } });
    aws.heal();
    await register('retire-slower');
    aws.fail('iot:DeleteCertificate', { code: 'DeleteConflictException', status: 409, left: 5 });
    expect(await retire('retire-slower', '"2"')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
    });
    expect(await retire('retire-slower', '"2"')).toMatchObject({ status: 200, body: { state: 'retired' } });
    expect(aws.things.thing('retire-slower')).toBeUndefined();
  });

  const STEPS = [
    'dynamodb:PutItem',
    'iot:UpdateCertificate',
    'iot:DeleteConnection',
    'iot:DetachPolicy',
    'iot:DetachThingPrincipal',
    'iot:DeleteCertificate',
    'iot:DeleteThing',
    'dynamodb:PutItem 2',
  ];
  it.each(STEPS.flatMap((action) => (['before', 'after'] as const).map((when) => ({ action, when }))))(
    'goes on after a crash $when $action',
    async ({ action, when }) => {
      const id = `crash-${action.replace(/[: ]/g, '-').toLowerCase()}-${when}`;
      await register(id);
      aws.connected.add(id);
      const [name = '', nth = '1'] = action.split(' ');
      aws.fail(name, { when, skip: Number(nth) - 1, code: 'ForbiddenException', status: 403 });
      expect(await retire(id, '"2"')).toMatchObject({ status: 500 });
      expect(await retire(id, '"2"')).toMatchObject({ status: 200, body: { state: 'retired' } });
      expect([...aws.things.certificatesOf(id)]).toEqual([]);
      expect(aws.things.thing(id)).toBeUndefined();
    },
  );

  it('finishes a registration that was left', async () => {
    const request = await registrationOf('retire-2');
    aws.fail('iot:AttachPolicy');
    expect(await send({ method: 'POST', path: '/v1/devices', body: request })).toMatchObject({ status: 500 });
    expect(await register('retire-2')).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(await retire('retire-2', '"1"')).toMatchObject({ status: 200, body: { state: 'retired' } });
    expect(await send({ method: 'POST', path: '/v1/devices', body: request })).toMatchObject({ status: 409 });
  });
});

describe('list', () => {
  const ids = (answer: Answered): string[] => (answer.body['items'] as { id: string }[]).map(({ id }) => id);
  const walk = async (path: string, claims: Record<string, string>): Promise<string[]> => {
    const found: string[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < 100; page++) {
      const answer: Answered = await send({
        path: cursor === null ? path : `${path}&cursor=${cursor}`,
        claims,
      });
      expect(answer.status).toBe(200);
      found.push(...ids(answer));
      cursor = answer.body['next'] as string | null;
      if (cursor === null) {
        expect(answer.headers).not.toHaveProperty('link');
        return found;
      }
      expect(answer.headers['link']).toContain(`cursor=${cursor}>; rel="next"`);
    }
    throw new Error('endless');
  };

  beforeAll(async () => {
    await send({ method: 'POST', path: '/v1/types', body: { ...TYPE, id: 'scale' } });
    for (const site of ['lab', 'lab-2', 'lab2'])
      for (const number of [1, 2, 3])
        await register(`list-${site}-${number}`, site, { type: number === 2 ? 'scale' : TYPE.id });
  });

  it.each([1, 2, 3, 4, 100])(
    'gives each device once, by site and identifier, %i at a time',
    async (limit) => {
      const found = await walk(`/v1/devices?limit=${limit}`, person('Viewer'));
      const listed = found.filter((id) => id.startsWith('list-'));
      expect(listed).toEqual(
        ['lab', 'lab-2', 'lab2'].flatMap((site) => [1, 2, 3].map((number) => `list-${site}-${number}`)),
      );
      expect(new Set(found).size).toBe(found.length);
    },
  );

  it.each([1, 2, 5])('gives only what the caller may see, %i at a time', async (limit) => {
    const claims = person('Viewer@lab2', 'Operator@lab', 'Viewer@nowhere');
    const found = await walk(`/v1/devices?limit=${limit}`, claims);
    expect(found).toEqual(
      ['lab', 'lab2'].flatMap((site) => [1, 2, 3].map((number) => `list-${site}-${number}`)),
    );
    expect(await walk(`/v1/devices?limit=${limit}&site=lab-2`, claims)).toEqual([]);
  });

  it('filters by site, type and state', async () => {
    const admin = person('Admin');
    expect(await walk('/v1/devices?limit=2&site=lab', admin)).toHaveLength(3);
    expect(await walk('/v1/devices?limit=1&type=scale', admin)).toEqual([
      'list-lab-2',
      'list-lab-2-2',
      'list-lab2-2',
    ]);
    expect(await walk('/v1/devices?limit=3&state=retired&site=lab', admin)).toEqual([]);
  });

  describe('search', () => {
    const admin = person('Admin');
    beforeAll(async () => {
      await register('search-1', 'seek', { name: 'Ähre 1', labels: { bench: '3' } });
      await register('search-2', 'seek', { name: 'Ähre 2', serial: 'X9', labels: { bench: '4' } });
      await register('other-3', 'seek', { labels: { bench: '3' } });
      for (const [device, state] of [
        ['search-1', 'online'],
        ['other-3', 'online'],
        ['search-2', 'offline'],
      ] as const)
        await applyConnection(
          { client: aws.dynamo, table: aws.registryTable },
          { device, state, at: 1000, order: 1, session: undefined, address: undefined, reason: undefined },
        );
      await register('search-4', 'seek');
    });

    it.each([
      ['search=search', ['search-1', 'search-2', 'search-4']],
      ['search=%C3%A4hre', ['search-1', 'search-2']],
      ['search=x9', ['search-2']],
      ['attribute=bench', ['other-3', 'search-1', 'search-2']],
      ['attribute=bench:3', ['other-3', 'search-1']],
      ['presence=online', ['other-3', 'search-1']],
      ['presence=unknown', ['search-4']],
      ['presence=offline&search=search&attribute=bench:4', ['search-2']],
      ['presence=offline&search=other', []],
    ])('finds %s within a site, whatever the pages', async (query, found) => {
      for (const limit of [1, 2, 100])
        expect(await walk(`/v1/devices?site=seek&limit=${limit}&${query}`, admin)).toEqual(found);
    });

    it.each(['search=a', 'attribute=bench', 'presence=online'])('refuses %s of all sites', async (query) => {
      expect(await send({ path: `/v1/devices?${query}` })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '?site', detail: expect.stringContaining('name a site') }] },
      });
    });

    it.each([
      ['presence=suspect', expect.stringContaining('/presence')],
      ['attribute=:3', 'use LABEL or LABEL:VALUE'],
      ['search=', expect.any(String)],
    ])('refuses %s', async (query, detail) => {
      const pointer = `?${query.split('=')[0]}`;
      expect(await send({ path: `/v1/devices?site=seek&${query}` })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer, detail }] },
      });
    });

    it('binds cursors to what is looked for', async () => {
      const { body } = await send({ path: '/v1/devices?site=seek&search=search&limit=1' });
      const path = `/v1/devices?site=seek&search=sea&cursor=${body['next']}`;
      expect(await send({ path })).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } });
    });
  });

  it('bounds the work of one request: a page may be short and still lead on', async () => {
    const sites = Array.from(
      { length: 25 },
      (_, number) => `Viewer@empty-${String(number).padStart(2, '0')}`,
    );
    const claims = person(...sites, 'Viewer@lab');
    aws.calls.length = 0;
    const first = await send({ path: '/v1/devices?limit=5', claims });
    expect(aws.calls.length).toBeLessThanOrEqual(10);
    expect(first.body).toMatchObject({ items: [], next: expect.any(String) });
    expect(await walk('/v1/devices?limit=5', claims)).toHaveLength(3);
  });

  it('refuses a cursor of another query, and one that is broken', async () => {
    const { body } = await send({ path: '/v1/devices?limit=1' });
    const wrong = [
      `/v1/devices?site=lab&cursor=${body['next']}`,
      `/v1/types?cursor=${body['next']}`,
      '/v1/devices?cursor=e30',
    ];
    for (const path of wrong)
      expect(await send({ path })).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } });
  });

  it.each(['/v1/devices?limit=1', '/v1/devices?limit=1&site=lab', '/v1/types?limit=1'])(
    'refuses forged cursors of %s',
    async (path) => {
      const { body } = await send({ path });
      for (const cursor of forgedCursors(String(body['next'])))
        expect(await send({ path: `${path}&cursor=${cursor}` }), cursor).toMatchObject({
          status: 400,
          body: { code: 'invalid-cursor' },
        });
    },
  );

  it.each(['limit=0', 'limit=1001', 'limit=x', 'colour=red', 'state=asleep', 'site=a&site=b'])(
    'refuses %s',
    async (query) => {
      const answer = await send({ path: `/v1/devices?${query}` });
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
      expect(answer.body['errors']).toMatchObject([{ pointer: `?${query.split('=')[0]}` }]);
    },
  );
});

it('is live without a token and without asking anybody', async () => {
  aws.calls.length = 0;
  const answer = await send({ path: '/v1/health/live', claims: undefined });
  expect(answer).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect(aws.calls).toEqual([]);
});

describe('types', () => {
  const create = (body: unknown, headers = {}): Promise<Answered> =>
    send({ method: 'POST', path: '/v1/types', body, headers });

  it('are created with their defaults, read, and listed page by page', async () => {
    const created = await create({ ...TYPE, id: 'type-1' });
    expect(created).toMatchObject({
      status: 201,
      headers: { etag: '"1"', location: '/v1/types/type-1' },
      body: {
        channels: { ph: { unit: '[pH]', type: 'number', kind: 'continuous' } },
        createdBy: 'ada',
        version: 1,
      },
    });
    expect((await send({ path: '/v1/types/type-1' })).body).toEqual(created.body);
    const first = await send({ path: '/v1/types?limit=2' });
    expect(first.body['items']).toHaveLength(2);
    const second = await send({ path: `/v1/types?limit=2&cursor=${first.body['next']}` });
    expect(second.body).toMatchObject({ items: [{ id: 'type-1' }], next: null });
  });

  it('are the same when created again, and a conflict when they differ', async () => {
    expect(await create({ ...TYPE, id: 'type-1' })).toMatchObject({ status: 201 });
    expect(await create({ ...TYPE, id: 'type-1', name: 'Other' })).toMatchObject({ status: 409 });
    expect(await send({ path: '/v1/types/none' })).toMatchObject({ status: 404 });
  });

  it('belong to all sites: a role at one of them cannot create any', async () => {
    const answer = await send({
      method: 'POST',
      path: '/v1/types',
      body: TYPE,
      claims: person('Engineer@lab'),
    });
    expect(answer).toMatchObject({ status: 403 });
  });
});

describe('merge patch', () => {
  // The examples of RFC 7396, appendix A.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patched, result) => {
    expect(mergePatch(target, patched)).toEqual(result);
  });

  it('makes no prototype of what is called __proto__', () => {
    const result = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}'));
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('is the same when done twice', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (target, patched) => {
        const once = mergePatch(target as never, patched as never);
        expect(mergePatch(once, patched as never)).toEqual(once);
      }),
    );
  });
});
