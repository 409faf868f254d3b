import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { quality } from '../../../../contracts/quality.ts';
import { isBalanced } from '../../../../lambdas/domain/ledger/ledger.ts';
import { NOW, record, rows, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.calls.length = 0;
  world.objects.clear();
  world.intercept = undefined;
});

const OK = { batchItemFailures: [] };
let used = 0;
/** A registered device that no other test uses. */
const newDevice = async (): Promise<string> => {
  const id = `dev-${++used}`;
  await world.register(id);
  return id;
};

describe('ingest', () => {
  it('stores the points of a batch, judged, and says so to the device that asks', async () => {
    const device = await newDevice();
    const batch = [
      record({ device, payload: rows([20, 21, 60], { session: 's1', seq: 0, ack: true }) }),
      record({ device, payload: rows([40, 41], { session: 's1', seq: 1 }, NOW - 60e6, 'humidity') }),
    ];
    expect(await world.take(batch)).toStrictEqual(OK);
    expect(await world.points(device)).toStrictEqual([
      ['humidity', -60, 40, 0],
      ['humidity', -59, 41, 0],
      ['temp', -60, 20, 0],
      ['temp', -59, 21, 0],
      ['temp', -58, 60, quality('uncertain/out-of-range')],
    ]);
    expect(world.acks()).toStrictEqual([{ device, ack: { v: 1, session: 's1', ranges: [[0, 1]], seq: 1 } }]);
    expect(world.errors()).toStrictEqual([]);
    const latest = await world.latest(device);
    expect(latest?.points.map(({ channel, value }) => [channel, value])).toStrictEqual([
      ['humidity', 41],
      ['temp', 60],
    ]);
    expect(latest?.ledger).toMatchObject({ messages: 2, received: 5, stored: 5 });
  });

  it('needs few calls for many devices', async () => {
    const devices = await Promise.all(Array.from({ length: 60 }, newDevice));
    world.calls.length = 0;
    await world.take(devices.map((device) => record({ device, payload: rows([20]) })));
    const actions = world.calls.map(({ action }) => action);
    // Registry: devices and their type; state: two groups; then chunks, tasks and states, 25 a call.
    expect(actions.filter((action) => action === 'dynamodb:BatchGetItem').length).toBeLessThanOrEqual(4);
    expect(actions.filter((action) => action === 'dynamodb:BatchWriteItem')).toHaveLength(9);
  });

  it('takes a batch that comes again for what it is', async () => {
    const device = await newDevice();
    const batch = [0, 1, 2].map((seq) =>
      record({ device, payload: rows([seq], { session: 's', seq, ack: true }, NOW - (60 - seq) * 1e6) }),
    );
    await world.take(batch);
    const [points, latest] = [await world.points(device), await world.latest(device)];
    await world.fresh();
    world.calls.length = 0;
    expect(await world.take(batch)).toStrictEqual(OK);
    expect(await world.points(device)).toStrictEqual(points);
    expect(await world.latest(device)).toStrictEqual(latest);
    expect(world.calls.filter(({ action }) => action === 'dynamodb:BatchWriteItem')).toStrictEqual([]);
    // The first acknowledgement may have been lost.
    expect(world.acks()).toStrictEqual([{ device, ack: { v: 1, session: 's', ranges: [[0, 2]], seq: 2 } }]);
  });

  it('stores the new part of a batch that overlaps the one before', async () => {
    const device = await newDevice();
    const records = [0, 1, 2, 3, 4].map((at) =>
      record({ device, payload: rows([at], {}, NOW - (60 - at) * 1e6) }),
    );
    await world.take(records.slice(0, 3));
    await world.take(records.slice(1));
    expect((await world.points(device)).map(([, , value]) => value)).toStrictEqual([0, 1, 2, 3, 4]);
    expect((await world.latest(device))?.ledger).toMatchObject({ messages: 5, received: 5, stored: 5 });
  });

  it('puts aside what cannot be used, tells the device, and stores the neighbours', async () => {
    const [device, other] = [await newDevice(), await newDevice()];
    const wrong = Buffer.from('{"v":1,"data":[');
    const half = {
      v: 1,
      session: 's',
      seq: 7,
      data: [
        { n: 'temp', t: '2026-03-01T10:19:00Z', v: 20 },
        { n: 'temp', t: '2026-03-01T10:19:01Z', v: 'warm' },
        { n: 'nope', t: '2026-03-01T10:19:01Z', v: 1 },
        { n: 'humidity', t: '2026-03-01T10:19:01Z', v: 1, u: 'Cel' },
        { n: 'humidity', t: '2026-02-01T10:19:01Z', v: 1 },
        { n: 'humidity', t: '2026-03-01T11:19:01Z', v: 1 },
        { n: 'count', t: '2026-03-01T10:19:01Z', v: 1.5 },
        { n: 'mode', t: '2026-03-01T10:19:01Z', v: 'dance' },
        { n: 'door', t: '2026-03-01T10:19:01Z', v: true },
      ],
    };
    const batch = [
      record({ device, payload: wrong }),
      record({ device, payload: half }),
      record({ device: other, payload: rows([1]) }),
    ];
    expect(await world.take(batch)).toStrictEqual(OK);
    expect((await world.points(device)).map(([channel]) => channel)).toStrictEqual(['door', 'temp']);
    expect(await world.points(other)).toHaveLength(1);
    const entries = [...world.objects].map(([key, body]) => ({ key, ...JSON.parse(body) }));
    expect(entries).toHaveLength(2);
    const whole = entries.find(({ sequence }) => sequence === batch[0]?.kinesis.sequenceNumber);
    expect(whole.key).toBe(`quarantine/berlin/${device}/2026-03-01/${whole.sequence}.json`);
    expect(Buffer.from(whole.bytes, 'base64')).toStrictEqual(wrong);
    expect(whole).toMatchObject({ site: 'berlin', device, notes: [{ code: 'malformed-json' }] });
    const part = entries.find(({ seq }) => seq === 7);
    const codes = Object.fromEntries(
      part.notes.map((note: { code: string; pointer: string; points: number }) => [
        note.code,
        [note.pointer, note.points],
      ]),
    );
    expect(codes).toStrictEqual({
      'wrong-value-type': ['/data/1', 3],
      'unknown-channel': ['/data/2', 1],
      'wrong-unit': ['/data/3', 1],
      'too-old': ['/data/4', 1],
      'in-future': ['/data/5', 1],
    });
    expect(
      world
        .errors()
        .map(({ note }) => note.ref)
        .sort(),
    ).toStrictEqual(entries.map(({ key }) => key).sort());
    const ledger = (await world.latest(device))?.ledger;
    if (ledger === undefined) throw new Error('no ledger');
    expect(isBalanced(ledger)).toBe(true);
    expect(ledger).toMatchObject({ messages: 2, received: 9, stored: 2, rejected: { 'malformed-json': 1 } });
  });

  it('keeps nothing of devices that may not send', async () => {
    await world.register('old', { state: 'retired' });
    await world.register('moved', { site: 'paris' });
    const batch = [
      record({ device: 'old', payload: rows([1]) }),
      record({ device: 'moved', payload: rows([1]) }),
      record({ device: 'stranger', payload: rows([1]) }),
      record({ key: 'no origin', payload: rows([1]) }),
    ];
    expect(await world.take(batch)).toStrictEqual(OK);
    const codes = [...world.objects].map(([key, body]) => [
      key.split('/').slice(1, 3).join('/'),
      JSON.parse(body).notes[0].code,
    ]);
    expect(codes.sort()).toStrictEqual([
      ['_/_', 'invalid-origin'],
      ['berlin/moved', 'unknown-device'],
      ['berlin/old', 'device-retired'],
      ['berlin/stranger', 'unknown-device'],
    ]);
    expect(await world.latest('moved')).toBeUndefined();
    expect(
      world
        .errors()
        .map(({ device }) => device)
        .sort(),
    ).toStrictEqual(['moved', 'old', 'stranger']);
  });

  it('counts a repeated message and a repeated point, and lets a correction win', async () => {
    const device = await newDevice();
    const message = rows([20, 21], { session: 's', seq: 0 });
    await world.take([record({ device, payload: message })]);
    await world.take([
      record({ device, payload: message }),
      record({ device, payload: rows([21], { session: 's', seq: 1 }, NOW - 59e6) }),
      record({ device, payload: rows([22], { session: 's', seq: 2 }, NOW - 59e6) }),
      record({ device, payload: rows([20.5], { session: 's', seq: 3 }, NOW - 60e6) }),
    ]);
    expect((await world.points(device)).map(([, , value]) => value)).toStrictEqual([20.5, 22]);
    // What is a duplicate or a correction of points of another batch is found when they are merged.
    const ledger = (await world.latest(device))?.ledger;
    expect(ledger).toMatchObject({ received: 7, stored: 5, duplicate: 2, overwritten: 0 });
    expect(await world.settled(device)).toMatchObject({
      received: 7,
      stored: 4,
      duplicate: 3,
      overwritten: 2,
    });
    expect((await world.latest(device))?.points[0]?.value).toBe(22);
  });

  it('does not take another message under a used number for a repetition', async () => {
    const device = await newDevice();
    await world.take([record({ device, payload: rows([20], { session: 's', seq: 0 }) })]);
    await world.take([record({ device, payload: rows([21], { session: 's', seq: 0 }, NOW - 30e6) })]);
    expect(await world.points(device)).toHaveLength(2);
  });

  it('spreads points over the hours they were measured in', async () => {
    const device = await newDevice();
    const start = NOW - 5 * 3600e6;
    const data = Array.from({ length: 12 }, (_, at) => ({
      n: 'temp',
      t: new Date(start / 1000 + at * 1_000_000).toISOString(),
      v: 20 + at / 10,
    }));
    await world.take([record({ device, payload: { v: 1, data: data.reverse() } })]);
    expect((await world.points(device)).map(([, at]) => at)).toStrictEqual(
      Array.from({ length: 12 }, (_, at) => -18_000 + at * 1000),
    );
  });

  it('keeps the facts a device reports, and writes them only when they change', async () => {
    const device = await newDevice();
    const facts = { device: { firmware: '1.0', ip: '10.0.0.1' } };
    await world.take([record({ device, payload: rows([1], facts) })]);
    await world.take([record({ device, payload: rows([2], facts, NOW - 30e6) })]);
    const updates = world.calls.filter(({ action }) => action === 'dynamodb:UpdateItem');
    expect(updates).toHaveLength(1);
    expect(updates[0]?.body).toContain('10.0.0.1');
  });

  it('acknowledges each session with what is durable of it', async () => {
    const device = await newDevice();
    const send = (session: string, seq: number, at: number) =>
      record({ device, payload: rows([at], { session, seq, ack: true }, NOW - 60e6 + at * 1e6) });
    await world.take([send('one', 0, 0), send('one', 1, 1), send('one', 4, 2), send('two', 3, 3)]);
    await world.take([send('one', 2, 4), send('one', 3, 5)]);
    expect(world.acks().map(({ ack }) => ack)).toStrictEqual([
      {
        v: 1,
        session: 'one',
        ranges: [
          [0, 1],
          [4, 4],
        ],
        seq: 1,
      },
      { v: 1, session: 'two', ranges: [[3, 3]] },
      { v: 1, session: 'one', ranges: [[2, 3]], seq: 4 },
    ]);
  });

  it('counts a batch in metrics, and names in the log what has to come again', async () => {
    const device = await newDevice();
    // Through the console, where a test can listen.
    vi.stubEnv('POWERTOOLS_DEV', 'true');
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
    vi.stubEnv('LOG_LEVEL', 'INFO');
    await world.fresh();
    const lines: string[] = [];
    const listen = (line: string): void => {
      lines.push(line);
    };
    const spies = (['log', 'info', 'warn', 'error'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(listen),
    );
    try {
      await world.take([
        record({ device, payload: rows([20, 'warm']) }),
        record({ device, payload: 'nonsense' }),
      ]);
      world.intercept = ({ action }) =>
        action === 'dynamodb:BatchWriteItem'
          ? { status: 400, body: JSON.stringify({ __type: 'AccessDeniedException', message: 'no' }) }
          : undefined;
      await world.take([record({ device, payload: rows([1]) })]);
    } finally {
      for (const spy of spies) spy.mockRestore();
      vi.unstubAllEnvs();
      await world.fresh();
    }
    const documents = lines.map((line) => JSON.parse(line));
    const [first, second] = documents.filter((document) => '_aws' in document);
    expect(first).toMatchObject({
      service: 'ingest',
      MessagesReceived: 2,
      PointsReceived: 2,
      PointsStored: 1,
      PointsQuarantined: 1,
      MessagesQuarantined: 2,
    });
    expect(first).not.toHaveProperty('MessagesRetried');
    expect(second).toMatchObject({ MessagesRetried: 1 });
    const fault = documents.find(({ level }) => level === 'ERROR');
    expect(fault).toMatchObject({
      message: 'storing failed and will be tried again',
      first: `berlin/${device}`,
      error: { name: 'AccessDeniedException' },
    });
  });
});
