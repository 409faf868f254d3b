/** Chunks of an hour that is still open: merged as they heap up, so that reading costs what is returned. */
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import { MICROS_PER_HOUR, MICROS_PER_SECOND, type Micros } from '../../../../contracts/time.ts';
import { readDirtyHours } from '../../../../lambdas/store/measurements/index.ts';
import type { SeriesColumn } from '../../../../series/points/column.ts';
import { it } from './it.ts';
import { bulk, column, type Told, told } from './points.ts';
import type { World } from './world.ts';

it.override('environment', { ARCHIVE_AFTER_HOURS: '1000000' });

// The hour does not end meanwhile.
beforeEach(() => {
  const hour = Date.now() - (Date.now() % 3_600_000);
  vi.useFakeTimers({ now: hour + 1_800_000, toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Start of the hour that it is now. */
const open = (): Micros => {
  const now = Date.now() * 1000;
  return now - (now % MICROS_PER_HOUR);
};

const second = (hour: Micros, at: number): SeriesColumn[] => [
  column('temp', [[hour + at * MICROS_PER_SECOND, 20 + (at % 7) / 10]]),
];

/** A chunk for each second. @returns their points */
const addSeconds = async (
  world: World,
  device: string,
  hour: Micros,
  from: number,
  to: number,
): Promise<Told> => {
  const all: Told = new Map();
  for (let at = from; at < to; at += 1) {
    const columns = second(hour, at);
    await world.add({ device, columns, first: 1000 + at });
    for (const [key, value] of told(columns)) all.set(key, value);
  }
  return all;
};

/** Read units that a consistent Query of the hour costs. */
const unitsOf = async ({ aws, measurements }: World, device: string, hour: Micros): Promise<number> => {
  const text = new Date(hour / 1000).toISOString().slice(0, 13);
  const { ConsumedCapacity: used } = await aws.dynamo.send(
    new QueryCommand({
      TableName: measurements.table,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :hour)',
      ExpressionAttributeValues: { ':pk': { S: device }, ':hour': { S: text } },
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  return used?.CapacityUnits ?? Number.NaN;
};

describe('an open hour', () => {
  it('of many small chunks is merged, stays open, and reads alike and for less', async ({
    world,
    device,
  }) => {
    const hour = open();
    const expected = await addSeconds(world, device, hour, 0, 200);
    const range = [hour, hour + MICROS_PER_HOUR] as const;
    const before = await unitsOf(world, device, hour);
    expect(await world.run()).toMatchObject({ hours: 0, failed: 0, done: true });
    expect((await world.keys(device)).map((key) => key.slice(13, 15))).toStrictEqual(['#h']);
    expect(await world.points(device, ...range)).toStrictEqual(expected);
    expect(await unitsOf(world, device, hour)).toBeLessThan(before / 8);
    expect([...(await readDirtyHours(world.measurements, device, ...range))]).toEqual([hour]);

    // What comes after, and what was merged already and comes again.
    for (const [key, value] of await addSeconds(world, device, hour, 199, 230)) expected.set(key, value);
    expect(await world.points(device, ...range)).toStrictEqual(expected);
    expect(await world.run()).toMatchObject({ hours: 0, failed: 0 });
    expect((await world.keys(device)).filter((key) => key.includes('#c#')).length).toBeGreaterThan(30);
    expect(await world.points(device, ...range)).toStrictEqual(expected);
  });

  it('of few chunks, or of many points, is left as it is', async ({ world, device }) => {
    const hour = open();
    await addSeconds(world, device, hour, 0, 20);
    await world.add({ device, columns: [bulk(40, hour)], first: 1 });
    await world.add({ device, columns: [bulk(40, hour + 1)], first: 2 });
    const before = await world.keys(device);
    await world.run();
    expect(await world.keys(device)).toStrictEqual(before);
  });

  it('keeps what may still be given up, and what is not deleted in time', async ({ world, device }) => {
    const hour = open();
    const expected = await addSeconds(world, device, hour, 0, 200);
    await world.commit(device, 1000 + 179, 1);
    world.watch = ({ action, body }) =>
      action === 'dynamodb:BatchWriteItem' && body.includes('DeleteRequest') ? 'die' : undefined;
    await world.run().catch(() => undefined);
    world.watch = undefined;
    // The head is there, and no chunk is gone.
    expect((await world.keys(device)).filter((key) => key.includes('#c#'))).toHaveLength(200);
    expect((await world.keys(device)).filter((key) => key.endsWith('#h'))).toHaveLength(1);
    expect(await world.points(device, hour, hour + MICROS_PER_HOUR)).toStrictEqual(expected);
    await addSeconds(world, device, hour, 200, 400).then((more) => {
      for (const [key, value] of more) expected.set(key, value);
    });
    await world.commit(device, 1000 + 399, 2);
    await world.run();
    expect((await world.keys(device)).filter((key) => key.includes('#c#'))).toEqual([]);
    expect(await world.points(device, hour, hour + MICROS_PER_HOUR)).toStrictEqual(expected);
  });
});
