import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_LEDGER } from '../../../../lambdas/domain/ledger/ledger.ts';
import { type Call, fault, NOW, record, rows, startWorld, type World } from './world.ts';

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
const newDevice = async (): Promise<string> => {
  const id = `dev-${++used}`;
  await world.register(id);
  return id;
};
const writesOf = (call: Call, what: 'chunks' | 'states'): boolean =>
  call.action === 'dynamodb:BatchWriteItem' && call.body.includes('"latest#') === (what === 'states');
const message = (device: string, at: number) =>
  record({ device, payload: rows([at], { session: 's', seq: at, ack: true }, NOW - 600e6 + at * 1e6) });
const values = async (device: string) => (await world.points(device)).map(([, , value]) => value);

describe('ingest under faults', () => {
  it('tries again what DynamoDB leaves undone', async () => {
    const device = await newDevice();
    let left = 3;
    world.intercept = (call) => {
      if (!writesOf(call, 'chunks') || left-- <= 0) return undefined;
      return { status: 200, body: JSON.stringify({ UnprocessedItems: JSON.parse(call.body).RequestItems }) };
    };
    expect(await world.take([message(device, 0)])).toStrictEqual(OK);
    expect(await values(device)).toStrictEqual([0]);
  });

  it('outlasts throttling, server faults and unread keys', async () => {
    const device = await newDevice();
    const faults = [
      fault('ProvisionedThroughputExceededException'),
      fault('InternalServerError', 500),
      fault('ThrottlingException'),
    ];
    let unread = false;
    world.intercept = (call) => {
      if (call.action === 'dynamodb:BatchGetItem' && call.body.includes('latest#') && !unread) {
        unread = true;
        const UnprocessedKeys = JSON.parse(call.body).RequestItems;
        return { status: 200, body: JSON.stringify({ Responses: {}, UnprocessedKeys }) };
      }
      return call.action === 'dynamodb:BatchWriteItem' ? faults.pop() : undefined;
    };
    expect(await world.take([message(device, 0), message(device, 1)])).toStrictEqual(OK);
    expect(await values(device)).toStrictEqual([0, 1]);
  });

  it('sends again from the first record of a device whose chunk cannot be written, and stores the others once', async () => {
    const [bad, good] = [await newDevice(), await newDevice()];
    const batch = [message(good, 0), message(bad, 0), message(good, 1), message(bad, 1)];
    world.intercept = (call) => {
      if (!writesOf(call, 'chunks')) return undefined;
      const { RequestItems } = JSON.parse(call.body);
      const items: { PutRequest: { Item: { pk: { S: string } } } }[] = RequestItems.measurements;
      const of = (own: boolean) => items.filter(({ PutRequest }) => (PutRequest.Item.pk.S === bad) === own);
      if (of(true).length === 0) return undefined;
      const unprocessed = JSON.stringify({ UnprocessedItems: { measurements: of(true) } });
      if (of(false).length === 0) return { status: 200, body: unprocessed };
      return {
        forward: JSON.stringify({ RequestItems: { measurements: of(false) } }),
        map: () => unprocessed,
      };
    };
    expect(await world.take(batch, 1000)).toStrictEqual({
      batchItemFailures: [{ itemIdentifier: batch[1]?.kinesis.sequenceNumber }],
    });
    expect(await values(good)).toStrictEqual([0, 1]);
    expect(world.acks().map(({ device }) => device)).toStrictEqual([good]);
    world.intercept = undefined;
    // Lambda sends all again from there; a batch may be cut elsewhere.
    expect(await world.take([...batch.slice(1), message(good, 2)])).toStrictEqual(OK);
    expect(await values(bad)).toStrictEqual([0, 1]);
    expect(await values(good)).toStrictEqual([0, 1, 2]);
    expect((await world.latest(good))?.ledger).toStrictEqual({
      ...EMPTY_LEDGER,
      messages: 3,
      received: 3,
      stored: 3,
    });
    expect((await world.latest(bad))?.ledger).toStrictEqual({
      ...EMPTY_LEDGER,
      messages: 2,
      received: 2,
      stored: 2,
    });
  });

  it('says nothing to the device before all is durable', async () => {
    const device = await newDevice();
    world.intercept = (call) => (writesOf(call, 'states') ? fault('InternalServerError', 500) : undefined);
    const batch = [message(device, 0)];
    const outcome = await world.take(batch, 600);
    expect(outcome.batchItemFailures).toHaveLength(1);
    expect(world.acks()).toStrictEqual([]);
    expect(await world.latest(device)).toBeUndefined();
    world.intercept = undefined;
    expect(await world.take([...batch, message(device, 1)])).toStrictEqual(OK);
    expect(await values(device)).toStrictEqual([0, 1]);
    expect((await world.latest(device))?.ledger).toMatchObject({ received: 2, stored: 2, duplicate: 0 });
  });

  it('does not go past a message that the quarantine did not take', async () => {
    const [device, other] = [await newDevice(), await newDevice()];
    const batch = [message(other, 0), record({ device, payload: 'nonsense' }), message(device, 1)];
    world.intercept = ({ action }) => (action === 's3:PutObject' ? fault('InternalError', 500) : undefined);
    expect(await world.take(batch, 1000)).toStrictEqual({
      batchItemFailures: [{ itemIdentifier: batch[1]?.kinesis.sequenceNumber }],
    });
    expect(await values(other)).toStrictEqual([0]);
    expect(world.objects.size).toBe(0);
    world.intercept = undefined;
    expect(await world.take(batch.slice(1))).toStrictEqual(OK);
    expect(world.objects.size).toBe(1);
    expect(await values(device)).toStrictEqual([1]);
    expect((await world.latest(device))?.ledger).toMatchObject({
      messages: 2,
      rejected: { 'unknown-format': 1 },
    });
  });

  it('goes on when a device cannot be told', async () => {
    const device = await newDevice();
    world.intercept = ({ action }) =>
      action === 'iotdata:Publish' ? fault('ForbiddenException', 403) : undefined;
    expect(await world.take([message(device, 0)])).toStrictEqual(OK);
    expect(await values(device)).toStrictEqual([0]);
  });

  it('reports the whole batch when it may not read what it needs', async () => {
    const device = await newDevice();
    world.intercept = ({ action }) =>
      action === 'dynamodb:BatchGetItem' ? fault('AccessDeniedException') : undefined;
    const batch = [message(device, 0), message(device, 1)];
    expect(await world.take(batch)).toStrictEqual({
      batchItemFailures: [{ itemIdentifier: batch[0]?.kinesis.sequenceNumber }],
    });
  });

  it('loses nothing to a write of a dead invocation that lands late', async () => {
    const device = await newDevice();
    const records = [0, 1, 2, 3, 4, 5].map((at) => message(device, at));
    // An invocation takes three records and dies with its writes on the way: they are kept for later.
    const late: Call[] = [];
    world.intercept = (call) => {
      if (!writesOf(call, 'chunks') && !writesOf(call, 'states')) return undefined;
      late.push(call);
      return { status: 200, body: '{"UnprocessedItems":{}}' };
    };
    await world.take(records.slice(0, 3));
    // The chunk, the task of its hour, and the state.
    expect(late).toHaveLength(3);
    world.intercept = undefined;
    await world.fresh();
    // Lambda sends them again, cut differently.
    await world.take(records.slice(0, 4));
    await world.take(records.slice(4, 5));
    for (const { body } of late) {
      const command = new BatchWriteItemCommand({
        RequestItems: reviveBinary(JSON.parse(body).RequestItems),
      });
      await world.measurements.client.send(command);
    }
    for (const environment of ['the same', 'a new']) {
      if (environment === 'a new') await world.fresh();
      await world.take(records.slice(5));
      expect(await values(device), environment).toStrictEqual([0, 1, 2, 3, 4, 5]);
      expect((await world.latest(device))?.ledger, environment).toMatchObject({
        received: 6,
        stored: 6,
        duplicate: 0,
      });
    }
  });

  it('is right after any faults, when batches are cut anywhere and sent again from the reported record', async () => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    const devices = await Promise.all(Array.from({ length: 5 }, newDevice));
    const records = Array.from({ length: 150 }, (_, at) =>
      message(devices[Math.floor(random() * devices.length)] ?? '', at),
    );
    world.intercept = (call) => {
      if (!call.action.startsWith('dynamodb:')) return undefined;
      const chance = random();
      if (chance < 0.1) return fault('InternalServerError', 500);
      if (chance < 0.2) return fault('ProvisionedThroughputExceededException');
      // It ran, but its answer says that it did not.
      if (chance < 0.25) return { forward: call.body, map: () => 'broken' };
      return undefined;
    };
    let next = 0;
    for (let round = 0; next < records.length; round += 1) {
      if (round > 400) throw new Error(`stuck at ${next}`);
      if (random() < 0.3) await world.fresh();
      const batch = records.slice(next, next + 1 + Math.floor(random() * 30));
      const { batchItemFailures } = await world.take(batch, 60 + random() * 400);
      const [failed] = batchItemFailures;
      const stopped = batch.findIndex(({ kinesis }) => kinesis.sequenceNumber === failed?.itemIdentifier);
      next += stopped < 0 ? batch.length : stopped;
    }
    world.intercept = undefined;
    const expected = new Map<string, number[]>(devices.map((device) => [device, []]));
    for (const [at, { kinesis }] of records.entries())
      expected.get(kinesis.partitionKey.split('/')[1] ?? '')?.push(at);
    for (const [device, own] of expected) {
      expect(await values(device)).toStrictEqual(own);
      const ledger = (await world.latest(device))?.ledger;
      expect(ledger).toStrictEqual({
        ...EMPTY_LEDGER,
        messages: own.length,
        received: own.length,
        stored: own.length,
      });
      const acked = new Set(
        world
          .acks()
          .filter((one) => one.device === device)
          .flatMap(({ ack }) =>
            ack.ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, at) => from + at)),
          ),
      );
      expect([...acked].filter((seq) => !own.includes(seq))).toStrictEqual([]);
    }
  }, 60_000);
});

/** Binary attributes as the SDK takes them: on the wire they are base64. */
const reviveBinary = (value: unknown): never => {
  const revive = (one: unknown): unknown => {
    if (typeof one !== 'object' || one === null) return one;
    if (Array.isArray(one)) return one.map(revive);
    return Object.fromEntries(
      Object.entries(one).map(([name, inner]) => [
        name,
        name === 'B' && typeof inner === 'string' ? Buffer.from(inner, 'base64') : revive(inner),
      ]),
    );
  };
  return revive(value) as never;
};

it('does not let a device stop its shard that names a new session with each message', async () => {
  const [strange, usual] = [await newDevice(), await newDevice()];
  const records = Array.from({ length: 6000 }, (_, at) => {
    const session = `${String(at).padStart(8, '0')}${'x'.repeat(56)}`;
    return record({ device: strange, payload: rows([at], { session, seq: 0 }, NOW - 600e6 + at * 1e3) });
  });
  let left = [message(usual, 0), ...records, message(usual, 1)];
  for (let turns = 0; left.length > 0; turns += 1) {
    expect(turns).toBeLessThan(5);
    const { batchItemFailures } = await world.take(left);
    const from = batchItemFailures[0]?.itemIdentifier;
    left =
      from === undefined ? [] : left.slice(left.findIndex(({ kinesis }) => kinesis.sequenceNumber === from));
  }
  expect(await values(usual)).toStrictEqual([0, 1]);
  expect(await values(strange)).toHaveLength(6000);
}, 60_000);
