import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Message } from '../../../../contracts/messages/message.ts';
import { MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import { EMPTY_LEDGER, isBalanced, type Ledger } from '../../../../lambdas/domain/ledger/ledger.ts';
import type { MessageIdentity } from '../../../../lambdas/domain/ledger/messages.ts';
import { putInto } from '../../../../lambdas/store/objects/objects.ts';
import { quarantine } from '../../../../lambdas/store/objects/quarantine.ts';
import { person } from '../../../support/http-events.ts';
import { column } from '../../../support/query-api.ts';
import { micros, NOW, startWorld, TYPE, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.addType(TYPE);
}, 30_000);
afterAll(() => world.close());
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: NOW }));
afterEach(() => vi.useRealTimers());

const at = (text: string): number => micros(`2026-03-01T${text}Z`);

interface Run {
  readonly first: number;
  readonly arrived: string;
  readonly came?: readonly Pick<Message, 'session' | 'seq'>[];
  readonly ledger?: Partial<Ledger>;
  readonly temp?: readonly (readonly [string, number])[];
}

const add = (
  device: string,
  { first, arrived, came = [{ session: 's', seq: first }], ledger = {}, temp = [] }: Run,
) => {
  const messages = came.map(
    ({ session, seq }, place): MessageIdentity => ({
      sequence: String(first + place),
      arrived: at(arrived) + place,
      session,
      seq,
      points: session === undefined ? 0 : 1,
    }),
  );
  const hours = new Map<number, (readonly [number, number])[]>();
  for (const [time, value] of temp) {
    const hour = Math.floor(at(time) / MICROS_PER_HOUR) * MICROS_PER_HOUR;
    hours.set(hour, [...(hours.get(hour) ?? []), [at(time), value]]);
  }
  return world.addRun({
    device,
    origin: { shardKey: 'a', first: String(first), count: came.length },
    hours: [...hours].map(([hour, points]) => ({ hour, columns: [column('temp', points)] })),
    ledgerHour: Math.floor(at(arrived) / MICROS_PER_HOUR) * MICROS_PER_HOUR,
    ledger: { ...EMPTY_LEDGER, messages: came.length, ...ledger },
    messages,
  });
};
const ask = (device: string, query = 'from=2026-03-01T10:00:00Z&to=2026-03-01T12:00:00Z') =>
  world.send({ path: `/v1/devices/${device}/completeness?${query}` });

describe('completeness', () => {
  it('of a device that sent nothing is nothing, beside what was expected', async () => {
    await world.addDevice('silent');
    const { status, body } = await ask('silent');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      device: 'silent',
      messages: 0,
      received: 0,
      known: true,
      basis: ['interval'],
      channels: [
        { n: 'door', present: 0, expected: null, gaps: [], gapsLeft: 0 },
        {
          n: 'temp',
          present: 0,
          expected: 120,
          gaps: [{ after: null, before: null, points: 120 }],
          gapsLeft: 0,
        },
      ],
      gaps: [],
      gapsLeft: 0,
    });
  });

  it('adds ledgers, counts points, and names gaps with their times and likely cause', async () => {
    await world.addDevice('busy', { createdAt: '2026-03-01T11:00:00.000Z' });
    await world.addConnection('busy', '2026-03-01T10:05:00.000Z');
    // It came again since, and more than once.
    await world.addConnection('busy', '2026-03-01T11:59:00.000Z');
    await world.addConnection('busy', '2026-03-01T12:30:00.000Z');
    await add('busy', {
      first: 0,
      arrived: '10:00:00',
      ledger: { received: 5, stored: 3, duplicate: 1, overwritten: 1, quarantined: { 'too-old': 1 } },
      temp: [
        ['10:00:01', 1],
        ['09:59:00', 2],
      ],
    });
    await add('busy', { first: 3, arrived: '10:10:00', ledger: { received: 1, stored: 1, late: 1 } });
    await add('busy', {
      first: 4,
      arrived: '11:20:00',
      came: [
        { session: 's', seq: 4 },
        { session: undefined, seq: undefined },
        { session: 's', seq: 6 },
        { session: 's2', seq: 2 },
      ],
      ledger: { received: 3, stored: 3, rejected: { 'malformed-json': 1 }, replayed: 2 },
    });
    await add('busy', { first: 9, arrived: '12:00:00', ledger: { received: 99, stored: 99 } });
    const { body } = await ask('busy', 'from=2026-03-01T10:20:00Z&to=2026-03-01T11:40:00Z');
    expect(body).toEqual({
      device: 'busy',
      from: '2026-03-01T10:00:00.000Z',
      to: '2026-03-01T12:00:00.000Z',
      known: true,
      basis: ['sequence', 'interval'],
      open: 0,
      messages: 6,
      received: 9,
      stored: 7,
      duplicate: 1,
      overwritten: 1,
      quarantined: { points: 1, byCode: { 'too-old': 1 } },
      rejected: { messages: 1, byCode: { 'malformed-json': 1 } },
      late: 1,
      replayed: 2,
      channels: [
        { n: 'door', present: 0, expected: null, gaps: [], gapsLeft: 0 },
        {
          n: 'temp',
          present: 1,
          expected: 60,
          gaps: [{ after: '2026-03-01T10:00:01.000Z', before: null, points: 60 }],
          gapsLeft: 0,
        },
      ],
      missing: 5,
      gaps: [
        {
          session: 's',
          from: 1,
          to: 2,
          messages: 2,
          after: '2026-03-01T10:00:00.000Z',
          before: '2026-03-01T10:10:00.000Z',
          cause: 'connection-down',
        },
        {
          session: 's',
          from: 5,
          to: 5,
          messages: 1,
          after: '2026-03-01T11:20:00.000Z',
          before: '2026-03-01T11:20:00.000002Z',
          cause: 'quarantined-whole',
        },
        {
          session: 's2',
          from: 0,
          to: 1,
          messages: 2,
          after: null,
          before: '2026-03-01T11:20:00.000003Z',
          cause: 'device-restarted',
        },
      ],
      gapsLeft: 0,
    });
    expect(
      isBalanced({ ...EMPTY_LEDGER, received: 9, stored: 7, duplicate: 1, quarantined: { 'too-old': 1 } }),
    ).toBe(true);
  });

  it('counts a run that was written twice once, however it was cut', async () => {
    await world.addDevice('crashed');
    const two = [
      { session: 's', seq: 0 },
      { session: 's', seq: 1 },
    ];
    await add('crashed', { first: 10, arrived: '10:00:00', came: two, ledger: { received: 2, stored: 2 } });
    await add('crashed', {
      first: 10,
      arrived: '10:00:00',
      came: two.slice(0, 1),
      ledger: { received: 1, stored: 1 },
    });
    await add('crashed', {
      first: 11,
      arrived: '10:00:00',
      came: two.slice(1),
      ledger: { received: 1, stored: 1 },
    });
    expect((await ask('crashed')).body).toMatchObject({ messages: 2, received: 2, stored: 2, gaps: [] });
  });

  it('says when nobody can know, and why', async () => {
    await world.addType({
      ...TYPE,
      id: 'plain',
      channels: { temp: { unit: 'Cel', type: 'number', kind: 'continuous' } },
    });
    for (const id of ['numberless', 'mute']) await world.addDevice(id, { type: 'plain' });
    const came = [{ session: undefined, seq: undefined }];
    await add('numberless', { first: 1, arrived: '10:00:00', came, temp: [['10:00:00', 1]] });
    expect((await ask('numberless')).body).toMatchObject({ known: false, basis: [], reason: 'no-numbers' });
    expect((await ask('mute')).body).toMatchObject({ known: false, reason: 'no-messages' });
    const measured = 'from=2026-03-01T10:00:00Z&to=2026-03-01T12:00:00Z&by=measured';
    expect((await ask('mute', measured)).body).toMatchObject({ known: false, reason: 'no-interval' });
  });

  it('counts by arrival, by measured time, or both', async () => {
    await world.addDevice('both');
    await add('both', { first: 0, arrived: '11:00:00', ledger: { stored: 1 }, temp: [['10:00:00', 1]] });
    const range = 'from=2026-03-01T10:00:00Z&to=2026-03-01T11:00:00Z';
    const [both, arrival, measured] = await Promise.all(
      ['', '&by=arrival', '&by=measured'].map(async (by) => (await ask('both', `${range}${by}`)).body),
    );
    expect(both).toEqual({ ...arrival, ...measured, basis: ['interval'], known: true, reason: undefined });
    expect(arrival).toMatchObject({ stored: 0, messages: 0, known: false, reason: 'no-messages' });
    expect(arrival).not.toHaveProperty('channels');
    expect(measured).toMatchObject({ channels: [{ present: 0 }, { n: 'temp', present: 1 }], known: true });
    expect(Object.keys(measured ?? {}).sort()).toEqual([
      'basis',
      'channels',
      'device',
      'from',
      'known',
      'to',
    ]);
    expect((await ask('both', `${range}&by=size`)).status).toBe(400);
  });

  it('counts entries of the quarantine that nobody has taken again', async () => {
    await world.addDevice('set-aside');
    const entry = (sequence: string, arrived: string) =>
      quarantine(putInto('archive'), {
        origin: { site: 'berlin', device: 'set-aside' },
        partitionKey: 'berlin/set-aside',
        ...{ stream: 's', shard: 'shardId-0', sequence, session: undefined, seq: undefined, notes: [] },
        arrived: at(arrived),
        bytes: Buffer.from('x'),
      });
    for (const [sequence, arrived] of [
      ['1', '10:00:00'],
      ['2', '11:59:59'],
      ['3', '12:00:00'],
    ] as const)
      await entry(sequence, arrived);
    const open = async (query?: string) => (await ask('set-aside', query)).body['open'];
    expect(await open()).toBe(2);
    expect(await open('from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z')).toBe(3);
    const path = '/v1/quarantine/berlin/set-aside/2026-03-01/1/replay';
    expect((await world.send({ method: 'POST', path })).status).toBe(202);
    expect(await open()).toBe(1);
  });

  it('names as many gaps as it has room for, and says how many more there are', async () => {
    await world.addDevice('leaky');
    const came = Array.from({ length: 1201 }, (_, place) => ({ session: 's', seq: place * 2 }));
    await add('leaky', { first: 1, arrived: '10:00:00', came });
    const { body } = await ask('leaky');
    expect(body).toMatchObject({ missing: 1200, gapsLeft: 200 });
    expect(body['gaps']).toHaveLength(1000);
  });

  it.each([
    ['a range that ends before it begins', 'from=2026-03-01T10:00:00Z&to=2026-03-01T09:00:00Z', '?from'],
    ['a range that begins after now', 'from=2026-03-05T10:00:00Z', '?from'],
    ['a range that is too long', 'from=2025-03-01T10:00:00Z', '?from'],
    ['no range', '', '?from'],
    ['what it does not know', 'from=2026-03-01T10:00:00Z&site=a', '?site'],
  ])('refuses %s', async (_, query, pointer) => {
    const { status, body } = await ask('silent', query);
    expect(status).toBe(400);
    expect(body['errors']).toEqual([expect.objectContaining({ pointer })]);
  });

  it('is for who may read the series of the site', async () => {
    const claims = person('Viewer@paris');
    expect(
      (await world.send({ path: '/v1/devices/busy/completeness?from=2026-03-01T10:00:00Z', claims })).status,
    ).toBe(404);
    expect((await ask('nobody')).status).toBe(404);
  });
});
