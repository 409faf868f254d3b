/** Messages of a device that is moved from one site to another, whatever arrives when. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Device } from '../../../../contracts/resources/devices.ts';
import type { FormerSite } from '../../../../lambdas/domain/devices/former-sites.ts';
import { marshalValue } from '../../../../lambdas/store/dynamodb/attributes.ts';
import { deviceToItem } from '../../../../lambdas/store/registry/items.ts';
import { NOW, record, rows, startWorld, TYPE, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.calls.length = 0;
  world.objects.clear();
});

const put = async (id: string, site: string, formerSites: FormerSite[] = []): Promise<void> => {
  const at = '2026-01-01T00:00:00Z';
  const times = { createdAt: at, createdBy: 'test', updatedAt: at };
  const device: Device = { id, site, type: TYPE.id, state: 'active', version: 1, ...times };
  await world.put({ ...deviceToItem(device), formerSites: marshalValue(formerSites) });
};
let second = 0;
/** A message with one value, which is its number. */
const message = (id: string, site: string, seq: number, arrived = NOW) => {
  second += 1;
  const payload = rows([seq], { session: 's', seq, ack: true }, NOW - 60e6 + second * 1e6);
  return record({ key: `${site}/${id}`, arrived, payload });
};
const valuesOf = async (id: string) => (await world.points(id)).map(([, , value]) => value);
const OK = { batchItemFailures: [] };

it('takes what was under way when the device was moved, and refuses what came after', async () => {
  await put('late', 'paris', [{ site: 'berlin', until: NOW }]);
  const batch = [message('late', 'berlin', 0), message('late', 'berlin', 1, NOW + 1000)];
  expect(await world.take(batch)).toStrictEqual(OK);
  expect(await valuesOf('late')).toEqual([0]);
  expect([...world.objects.keys()]).toEqual([expect.stringContaining('quarantine/berlin/late/')]);
  expect(world.errors()).toMatchObject([{ note: { codes: [{ code: 'unknown-device' }] } }]);
});

it('takes what comes from both sites in the order of the shard, once', async () => {
  await put('both', 'paris', [{ site: 'berlin', until: null }]);
  const batch = [0, 1, 2, 3, 4].map((seq) => message('both', seq % 2 === 0 ? 'paris' : 'berlin', seq));
  expect(await world.take(batch)).toStrictEqual(OK);
  expect(await valuesOf('both')).toEqual([0, 1, 2, 3, 4]);
  expect(await world.settled('both')).toMatchObject({ messages: 5, received: 5, stored: 5, duplicate: 0 });
  // The stream gives the batch again, with one more.
  await world.fresh();
  expect(await world.take([...batch, message('both', 'berlin', 5)])).toStrictEqual(OK);
  expect(await valuesOf('both')).toEqual([0, 1, 2, 3, 4, 5]);
  expect(await world.settled('both')).toMatchObject({ messages: 6, received: 6, stored: 6, duplicate: 0 });
  expect(world.objects.size).toBe(0);
});

it('gives all of both sites back when they cannot be stored', async () => {
  await put('fails', 'paris', [{ site: 'berlin', until: null }]);
  const batch = [message('fails', 'berlin', 0), message('fails', 'paris', 1)];
  world.intercept = ({ action, body }) =>
    action === 'dynamodb:BatchWriteItem' && body.includes('fails')
      ? { status: 500, body: '{"__type":"InternalServerError"}' }
      : undefined;
  const { batchItemFailures } = await world.take(batch, 2000);
  world.intercept = undefined;
  expect(batchItemFailures).toEqual([{ itemIdentifier: batch[0]?.kinesis.sequenceNumber }]);
  expect(await world.take(batch)).toStrictEqual(OK);
  expect(await valuesOf('fails')).toEqual([0, 1]);
});

it('looks again when a device is not where it was', async () => {
  await put('moving', 'berlin');
  await world.take([message('moving', 'berlin', 0)]);
  await put('moving', 'paris', [{ site: 'berlin', until: NOW }]);
  await world.take([message('moving', 'paris', 1)]);
  expect(await valuesOf('moving')).toEqual([0, 1]);
  expect(world.acks().map(({ ack }) => ack.seq)).toEqual([0, 1]);
  // It is known by now: nobody is asked.
  world.calls.length = 0;
  await world.take([message('moving', 'paris', 2)]);
  expect(world.calls.filter(({ body }) => body.includes('DEVICE#'))).toEqual([]);
  // Of a site where it never was it is not.
  await world.take([message('moving', 'rome', 3)]);
  expect(await valuesOf('moving')).toEqual([0, 1, 2]);
});
