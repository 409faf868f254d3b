import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseReplay } from '../../../../lambdas/domain/ingestion/replay.ts';
import { quarantinePage } from '../../../../lambdas/functions/records-api/quarantine.ts';
import {
  getFrom,
  listOf,
  ObjectRefused,
  putBytesInto,
  putInto,
} from '../../../../lambdas/store/objects/objects.ts';
import { quarantine } from '../../../../lambdas/store/objects/quarantine.ts';
import { forgedCursors } from '../../../support/forged-cursors.ts';
import { person } from '../../../support/http-events.ts';
import { micros, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  const put = putInto('archive');
  const add = (
    site: string | undefined,
    device: string,
    arrived: string,
    sequence: string,
    payload: unknown,
  ) =>
    quarantine(put, {
      origin: site === undefined ? undefined : { site, device },
      partitionKey: site === undefined ? 'what ever' : `${site}/${device}`,
      stream: 'arn:stream',
      shard: 'shardId-000000000000',
      sequence,
      arrived: micros(arrived),
      notes: [{ code: 'unknown-channel', points: 1, detail: 'no' }],
      bytes: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    });
  const readable = {
    v: 1,
    session: 's',
    seq: 3,
    sent: '2026-03-01T10:00:01Z',
    device: { firmware: '1.2' },
    data: [
      { n: 'co2', t: '2026-03-01T10:00:00Z', v: 5, u: '%' },
      { n: 'door', t: '2026-03-01T10:00:00Z', v: true, q: 'bad/sensor-failure' },
      { n: 'temp', t: 'never', v: 1 },
    ],
  };
  await add('berlin', 'a', '2026-03-01T10:00:02Z', '11', readable);
  await add('berlin', 'a', '2026-03-02T09:00:00Z', '12', 'nonsense');
  await add('berlin', 'b', '2026-03-01T08:00:00Z', '13', 'nonsense');
  await add('paris', 'c', '2026-03-01T08:00:00Z', '14', 'nonsense');
  await add(undefined, '', '2026-03-01T08:00:00Z', '15', 'nonsense');
}, 30_000);
afterAll(() => world.close());

type Sees = Record<string, string>;
const ids = async (query = '', claims?: Sees): Promise<unknown[]> => {
  const { status, body } = await world.send({
    path: `/v1/quarantine${query}`,
    ...(claims ? { claims } : {}),
  });
  expect(status).toBe(200);
  return (body['items'] as { id: string }[]).map(({ id }) => id);
};
const A = ['berlin/a/2026-03-01/11', 'berlin/a/2026-03-02/12'];
const ALL = ['_/_/2026-03-01/15', ...A, 'berlin/b/2026-03-01/13', 'paris/c/2026-03-01/14'];

describe('the quarantine', () => {
  it('is listed by site, device and arrival', async () => {
    expect(await ids()).toEqual(ALL);
    expect(await ids('?site=berlin')).toEqual(ALL.slice(1, 4));
    expect(await ids('?site=berlin&device=a')).toEqual(A);
    expect(await ids('?site=berlin&device=a&from=2026-03-01T12:00:00Z')).toEqual(A.slice(1));
    expect(await ids('?site=berlin&device=a&to=2026-03-01T10:00:03Z')).toEqual(A.slice(0, 1));
    expect(await ids('?from=2026-03-01T08:00:00Z&to=2026-03-01T08:00:01Z')).toEqual([ALL[0], ALL[3], ALL[4]]);
    expect(await ids('?site=rome')).toEqual([]);
  });

  it('is paged without a loss, by cursors that belong to their query', async () => {
    const pages: unknown[] = [];
    let path: string | undefined = '/v1/quarantine?limit=2';
    while (path !== undefined) {
      const { body } = await world.send({ path });
      pages.push(...(body['items'] as { id: string }[]).map(({ id }) => id));
      path = body['next'] === null ? undefined : `/v1/quarantine?limit=2&cursor=${String(body['next'])}`;
    }
    expect(pages).toEqual(ALL);
    const { body } = await world.send({ path: '/v1/quarantine?limit=2' });
    const stolen = await world.send({ path: `/v1/quarantine?site=paris&cursor=${String(body['next'])}` });
    expect(stolen).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } });
  });

  it.each(['', '&site=berlin'])('refuses forged cursors%s', async (query) => {
    const path = `/v1/quarantine?limit=1${query}`;
    const { body } = await world.send({ path });
    for (const cursor of forgedCursors(String(body['next'])))
      expect(await world.send({ path: `${path}&cursor=${cursor}` }), cursor).toMatchObject({
        status: 400,
        body: { code: 'invalid-cursor' },
      });
  });

  it('is seen as far as the sites of the caller go', async () => {
    expect(await ids('', person('Operator@paris', 'Engineer@berlin'))).toEqual(ALL.slice(1));
    expect(await ids('?site=berlin', person('Operator@paris'))).toEqual([]);
    expect(await ids('?site=_', person('Operator@paris'))).toEqual([]);
    const first = await world.send({
      path: '/v1/quarantine?limit=3',
      claims: person('Operator@paris', 'Engineer@berlin'),
    });
    const next = String(first.body['next']);
    expect(await ids(`?limit=3&cursor=${next}`, person('Operator@paris', 'Engineer@berlin'))).toEqual([
      ALL[4],
    ]);
    const hidden = await world.send({ path: `/v1/quarantine/${ALL[0]}`, claims: person('Admin@berlin') });
    expect(hidden.status).toBe(404);
  });

  it('is found at the last of many sites, whether or not those before it hold anything', async () => {
    const empty = ['c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name) => `Operator@empty-${name}`);
    const walk = async (claims: Sees, limit: number): Promise<unknown[]> => {
      const found: unknown[] = [];
      let cursor = '';
      for (let pages = 0; pages < 20; pages += 1) {
        const { body } = await world.send({ path: `/v1/quarantine?limit=${limit}${cursor}`, claims });
        found.push(...(body['items'] as { id: string }[]).map(({ id }) => id));
        if (body['next'] === null) return found;
        cursor = `&cursor=${String(body['next'])}`;
      }
      throw new Error('the list does not end');
    };
    expect(await walk(person(...empty, 'Operator@paris'), 2)).toEqual(ALL.slice(4));
    expect(await walk(person('Operator@berlin', ...empty, 'Operator@paris'), 3)).toEqual(ALL.slice(1));
  });

  it('refuses a device without a site', async () => {
    const { status, body } = await world.send({ path: '/v1/quarantine?device=a' });
    expect([status, body['errors']]).toEqual([400, [expect.objectContaining({ pointer: '?device' })]]);
  });
});

describe('one entry', () => {
  it('has its bytes and what can be read of them', async () => {
    const { status, body } = await world.send({ path: `/v1/quarantine/${A[0]}` });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: A[0],
      site: 'berlin',
      device: 'a',
      arrived: '2026-03-01T10:00:02.000Z',
      notes: [{ code: 'unknown-channel' }],
      decoded: {
        format: 'rows',
        session: 's',
        seq: 3,
        sent: '2026-03-01T10:00:01.000Z',
        facts: { firmware: '1.2' },
        points: [
          { n: 'co2', t: '2026-03-01T10:00:00.000Z', v: 5, u: '%', q: 'good' },
          { n: 'door', t: '2026-03-01T10:00:00.000Z', v: true, q: 'bad/sensor-failure' },
        ],
        faults: [{ code: 'invalid-time', pointer: '/data/2/t', points: 1 }],
      },
    });
    expect(JSON.parse(Buffer.from(String(body['bytes']), 'base64').toString())).toMatchObject({
      session: 's',
    });
  });

  it('says why nothing can be read', async () => {
    const { body } = await world.send({ path: `/v1/quarantine/${A[1]}` });
    expect(body).toMatchObject({ size: 8, decoded: null, undecodable: { code: 'unknown-format' } });
  });

  it('is not found where there is none', async () => {
    expect((await world.send({ path: '/v1/quarantine/berlin/a/2026-03-01/99' })).status).toBe(404);
    expect((await world.send({ path: '/v1/quarantine/berlin/a/yesterday/99' })).status).toBe(400);
  });
});

describe('a damaged entry', () => {
  const id = 'rome/cut/2026-03-01/16';
  const whole = { format: 1, site: 'rome', device: 'cut', partitionKey: 'rome/cut', bytes: 'bm9uc2Vuc2U=' };
  beforeAll(async () => {
    const cut = Buffer.from(JSON.stringify(whole).slice(0, 60));
    await putBytesInto('archive')(`quarantine/${id}.json`, cut, 'application/json');
    await putInto('archive')('quarantine/rome/cut/2026-03-01/17.json', { ...whole, format: 99 });
  });

  it('is listed as one, beside the others', async () => {
    const { status, body } = await world.send({ path: '/v1/quarantine?site=rome' });
    expect(status).toBe(200);
    const damaged = { site: 'rome', device: 'cut', damaged: true, notes: [], state: 'open' };
    expect(body['items']).toEqual([
      { id, arrived: '2026-03-01T00:00:00.000Z', size: 60, ...damaged },
      expect.objectContaining({ id: 'rome/cut/2026-03-01/17', ...damaged }),
    ]);
    expect(await ids('?site=rome&device=cut&from=2026-03-01T10:00:00Z')).toHaveLength(2);
    expect(await ids('?site=rome&device=cut&from=2026-03-02T00:00:00Z')).toEqual([]);
  });

  it('that its store has lost is listed too; what the store refuses for now is not taken for lost', async () => {
    const page = (code: string, status: number) =>
      quarantinePage(
        {
          registry: world.registry,
          get: async (key) => {
            if (key.includes('/paris/')) throw new ObjectRefused(code, status, key);
            return getFrom('archive')(key);
          },
          list: listOf('archive'),
          put: async () => '',
        },
        { subject: 'ada', name: 'ada', kind: 'user', grants: [{ role: 'Admin' }] },
        {},
      );
    const { items } = await page('InternalError', 500);
    const damaged = items.flatMap((item) => ('damaged' in item && item.damaged ? item.site : []));
    expect(damaged).toEqual(['paris', 'rome', 'rome']);
    await expect(page('SlowDown', 503)).rejects.toThrow(ObjectRefused);
  });

  it('shows what is left of it, and is not taken again', async () => {
    const shown = await world.send({ path: `/v1/quarantine/${id}` });
    expect(shown).toMatchObject({ status: 200, body: { damaged: true, decoded: null } });
    expect(Buffer.from(String(shown.body['bytes']), 'base64').toString()).toMatch(
      /^\{"format":1,"site":"rome"/,
    );
    const asked = await world.send({ method: 'POST', path: `/v1/quarantine/${id}/replay` });
    expect(asked.body).toMatchObject({ code: 'not-replayable' });
  });
});

describe('a replay', () => {
  const replay = (id: string | undefined, claims?: Sees) =>
    world.send({ method: 'POST', path: `/v1/quarantine/${id}/replay`, ...(claims ? { claims } : {}) });

  it('asks for the entry on the stream, once, and is queued', async () => {
    const first = await replay(A[0]);
    expect(first).toMatchObject({ status: 202, body: { entry: A[0], by: 'ada' } });
    const again = await replay(A[0], { ...person('Engineer'), username: 'bob', sub: 'user-2' });
    expect(again.body).toEqual(first.body);
    const queued = await world.send({ path: `/v1/quarantine/${A[0]}` });
    const { entry: _, ...task } = first.body;
    expect(queued.body['replay']).toEqual(task);
    const records = await world.records();
    expect(records.map(({ key, data }) => [key, parseReplay(data)])).toEqual([
      ['berlin/a', { date: '2026-03-01', sequence: '11' }],
    ]);
    expect(records[0]?.sequence).toBe(task['sequence']);
  });

  it('settles the entry, in lists of what is open and what is settled too', async () => {
    const of = async (state: string) => {
      const { body } = await world.send({ path: `/v1/quarantine?limit=200${state}` });
      return (body['items'] as { id: string; state: string }[])
        .filter(({ id }) => ALL.includes(id))
        .map(({ id, state: is }) => [id, is]);
    };
    const settled = [[A[0], 'settled']];
    const open = ALL.filter((id) => id !== A[0]).map((id) => [id, 'open']);
    expect(await of('&state=settled')).toEqual(settled);
    expect(await of('&state=open')).toEqual(open);
    expect(await of('')).toEqual([...open, ...settled].sort());
    expect((await world.send({ path: `/v1/quarantine/${A[0]}` })).body['state']).toBe('settled');
    const first = await world.send({ path: '/v1/quarantine?limit=1&state=open' });
    const other = `/v1/quarantine?state=settled&cursor=${String(first.body['next'])}`;
    expect((await world.send({ path: other })).body['code']).toBe('invalid-cursor');
  });

  it('is for who may, of what belongs to a device', async () => {
    expect((await replay(ALL[0])).body).toMatchObject({ code: 'not-replayable' });
    expect((await replay(A[1], person('Operator'))).status).toBe(403);
    expect((await replay(A[1], person('Operator@berlin', 'Engineer@paris'))).status).toBe(403);
    expect((await replay(A[1], person('Engineer@paris'))).status).toBe(404);
    expect((await replay('berlin/a/2026-03-01/99')).status).toBe(404);
  });

  it('that was ordered but not sent is sent by who asks again', async () => {
    await world.put('registry', {
      pk: `REPLAY#${ALL[3]}`,
      sk: 'META',
      format: 1,
      by: 'eve',
      at: '2026-03-02T00:00:00.000Z',
    });
    expect((await replay(ALL[3])).body).toMatchObject({ by: 'eve', at: '2026-03-02T00:00:00.000Z' });
    expect((await world.records()).map(({ key }) => key)).toContain('berlin/b');
  });
});
