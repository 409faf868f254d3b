/** One message, item or object that can never be taken is set aside by itself: its neighbours go on. */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { encodeReplay } from '../../../../lambdas/domain/ingestion/replay.ts';
import { marshal } from '../../../../lambdas/store/dynamodb/attributes.ts';
import { deviceToItem } from '../../../../lambdas/store/registry/items.ts';
import { deviceKey, ITEM_FORMAT, META, replayKey, typeKey } from '../../../../lambdas/store/registry/keys.ts';
import { fault, NOW, record, rows, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 30_000);
afterAll(() => world.close());
beforeEach(async () => {
  world.calls.length = 0;
  world.objects.clear();
  world.intercept = undefined;
  await world.fresh();
});

const OK = { batchItemFailures: [] };
let used = 0;
const newDevice = async (): Promise<string> => {
  const id = `poison-${++used}`;
  await world.register(id);
  return id;
};
const values = async (device: string) => (await world.points(device)).map(([, , value]) => value);
/** Codes of what was set aside, by device. */
const aside = (): string[] =>
  [...world.objects].map(([key, body]) => `${key.split('/')[2]} ${JSON.parse(body).notes[0].code}`).sort();
const acked = (): string[] => world.acks().map(({ device }) => device);
const message = (device: string, seq: number, value = seq) =>
  record({ device, payload: rows([value], { session: 's', seq, ack: true }, NOW - 600e6 + seq * 1e6) });

it('facts with a number that DynamoDB does not keep are a fault of the message, and its points are stored', async () => {
  const [bad, good] = [await newDevice(), await newDevice()];
  const payload = {
    v: 1,
    session: 's',
    seq: 0,
    ack: true,
    device: { latitude: 1e-200, firmware: '7' },
    data: [{ n: 'temp', t: NOW / 1000, v: 20 }],
  };
  expect(await world.take([record({ device: bad, payload }), message(good, 0)])).toStrictEqual(OK);
  expect(await values(bad)).toStrictEqual([20]);
  expect(acked().sort()).toStrictEqual([bad, good].sort());
  expect(aside()).toStrictEqual([`${bad} invalid-structure`]);
});

it('facts that DynamoDB refuses all the same do not hold up points', async () => {
  const [bad, good] = [await newDevice(), await newDevice()];
  world.intercept = ({ action, body }) =>
    action === 'dynamodb:UpdateItem' && body.includes(bad) ? fault('ValidationException') : undefined;
  const payload = { v: 1, device: { firmware: '7' }, data: [{ n: 'temp', t: NOW / 1000, v: 20 }] };
  expect(await world.take([record({ device: bad, payload }), message(good, 0)])).toStrictEqual(OK);
  expect(await values(bad)).toStrictEqual([20]);
  expect(await values(good)).toStrictEqual([0]);
});

it('a record of which DynamoDB refuses the points is set aside, and none of its neighbours', async () => {
  const [bad, good] = [await newDevice(), await newDevice()];
  // Each chunk that holds the third record is refused, in whatever batch it comes.
  const records = [0, 1, 2, 3, 4].map((seq) => message(bad, seq));
  const poison = records[2]?.kinesis.sequenceNumber ?? '';
  world.intercept = ({ action, body }) => {
    if (action !== 'dynamodb:BatchWriteItem') return undefined;
    const puts = Object.values(JSON.parse(body).RequestItems).flat() as { PutRequest?: { Item: Item } }[];
    const refused = puts.some(({ PutRequest }) => {
      const item = PutRequest?.Item;
      const [, , , first = '', count = '0'] = item?.sk?.S.split('#') ?? [];
      if (item?.pk.S !== bad || item.sk.S.split('#')[1] !== 'c' || Number(item.n?.N) === 0) return false;
      const from = records.findIndex(({ kinesis }) => kinesis.sequenceNumber === first.replace(/^0+/, ''));
      return from <= 2 && from + Number(count) > 2;
    });
    return refused ? fault('ValidationException') : undefined;
  };
  expect(await world.take([...records, message(good, 7)])).toStrictEqual(OK);
  expect(await values(bad)).toStrictEqual([0, 1, 3, 4]);
  expect(await values(good)).toStrictEqual([7]);
  expect(aside()).toStrictEqual([`${bad} not-storable`]);
  expect([...world.objects.keys()][0]).toContain(poison);
  // It goes on from there.
  expect(await world.take([message(bad, 5)])).toStrictEqual(OK);
  expect(await values(bad)).toStrictEqual([0, 1, 3, 4, 5]);
  expect(await world.settled(bad)).toMatchObject({ messages: 6, stored: 5, rejected: { 'not-storable': 1 } });
});

interface Item {
  readonly pk: { readonly S: string };
  readonly sk: { readonly S: string };
  readonly n?: { readonly N: string };
}

it('a state that DynamoDB refuses is remembered without the newest points', async () => {
  const device = await newDevice();
  world.intercept = ({ action, body }) =>
    action === 'dynamodb:BatchWriteItem' && body.includes('"latest#') && body.includes('temp')
      ? fault('ValidationException')
      : undefined;
  expect(await world.take([message(device, 0)])).toStrictEqual(OK);
  expect(await world.take([message(device, 0), message(device, 1)])).toStrictEqual(OK);
  expect(await values(device)).toStrictEqual([0, 1]);
  expect(await world.settled(device)).toMatchObject({ messages: 3, stored: 2, duplicate: 1 });
});

it.each([
  [
    'a device without its site',
    (id: string) => marshal({ pk: deviceKey(id), sk: META, kind: 'DEVICE', id, format: 1 }),
  ],
  [
    'a device of a shape to come',
    (id: string) => marshal({ pk: deviceKey(id), sk: META, kind: 'DEVICE', id, format: 9 }),
  ],
  ['a device of no type', (id: string) => deviceToItem({ ...DEVICE, id, type: 'gone' })],
])('what %s sends is kept until the registration is mended', async (_, item) => {
  const [bad, good] = [await newDevice(), await newDevice()];
  await world.put(item(bad));
  expect(await world.take([message(bad, 0), message(good, 0)])).toStrictEqual(OK);
  expect(aside()).toStrictEqual([`${bad} registration-damaged`]);
  expect(await values(good)).toStrictEqual([0]);
});

const DEVICE = {
  site: 'berlin',
  type: 'sensor',
  state: 'active',
  createdAt: '2026-01-01T00:00:00Z',
  createdBy: 'test',
  updatedAt: '2026-01-01T00:00:00Z',
  version: 1,
} as const;

it('a device and a type that a later release has written are read, but for what only that knows', async () => {
  const device = await newDevice();
  const later = { format: ITEM_FORMAT + 1, colour: 'red' };
  await world.put({ ...deviceToItem({ ...DEVICE, id: device, type: 'later' }), ...marshal(later) });
  await world.put(
    marshal({
      pk: typeKey('later'),
      sk: META,
      kind: 'TYPE',
      listKey: 'later',
      id: 'later',
      name: 'Later',
      version: 1,
      createdAt: '2026-01-01T00:00:00Z',
      createdBy: 'test',
      channels: { temp: { unit: 'Cel', type: 'number', kind: 'continuous', accuracy: 0.1 } },
      ...later,
    }),
  );
  expect(await world.take([message(device, 0)])).toStrictEqual(OK);
  expect(await values(device)).toStrictEqual([0]);
});

it('a state that cannot be read is begun anew, and what is stored stays', async () => {
  const [bad, good] = [await newDevice(), await newDevice()];
  await world.take([message(bad, 0), message(bad, 1), message(good, 0)]);
  for (const slot of [0, 1]) {
    const Item = { pk: { S: bad }, sk: { S: `latest#${slot}` }, f: { N: '1' }, v: { N: '7' }, s: { S: '{' } };
    await world.measurements.client.send(new PutItemCommand({ TableName: 'measurements', Item }));
  }
  await world.fresh();
  expect(await world.take([message(bad, 1), message(bad, 2), message(good, 1)])).toStrictEqual(OK);
  expect(await values(bad)).toStrictEqual([0, 1, 2]);
  expect(await values(good)).toStrictEqual([0, 1]);
});

it('a damaged entry of the quarantine that is to be taken again holds up nobody', async () => {
  const [bad, good] = [await newDevice(), await newDevice()];
  await world.take([record({ device: bad, payload: 'nonsense' })]);
  const [key = ''] = [...world.objects.keys()];
  const [, , , date = '', file = ''] = key.split('/');
  const sequence = file.replace('.json', '');
  await world.put(
    marshal({
      pk: replayKey(`berlin/${bad}/${date}/${sequence}`),
      sk: META,
      format: ITEM_FORMAT,
      by: 'ada',
      at: '2026-03-01T12:00:00Z',
    }),
  );
  world.objects.set(key, (world.objects.get(key) ?? '').slice(0, 40));
  const ask = record({ device: bad, payload: encodeReplay({ date, sequence }) });
  expect(await world.take([ask, message(bad, 3), message(good, 0)])).toStrictEqual(OK);
  expect(await values(bad)).toStrictEqual([3]);
  expect(await values(good)).toStrictEqual([0]);
});
