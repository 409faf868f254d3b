/** Days whose blocks DynamoDB has deleted: how they are read, and what comes of them once more. */

import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect } from 'vitest';
import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import { CorruptArchive } from '../../../../lambdas/store/archive/days.ts';
import { readHourSummaries } from '../../../../lambdas/store/measurements/index.ts';
import { KEEP_ALL } from '../../../../series/summaries/kept.ts';
import { addHours, DAY, it, secondsNow, wave } from './days.ts';
import { bulk, column, HOUR, told } from './points.ts';

describe('reading', () => {
  it('goes on when the blocks are gone: whole, cut, by channel, and across the border', async ({
    world,
    device,
    day,
  }) => {
    const expected = await day.add();
    const next = [wave('temp', DAY + MICROS_PER_DAY + 5_000_000)];
    await world.add({ device, columns: next, first: 3 });
    await world.run();
    for (const [key, value] of told(next)) expected.set(key, value);
    await world.passHotDays(device);
    expect((await world.keys(device)).filter((key) => key.startsWith('2026-03-01'))).toStrictEqual([]);
    expect(await world.points(device)).toStrictEqual(expected);
    const cuts = [
      [HOUR + 1, HOUR + 70_000_000],
      [HOUR + 5 * MICROS_PER_HOUR + 13, DAY + MICROS_PER_DAY + 60_000_000],
      [DAY + MICROS_PER_DAY, DAY + MICROS_PER_DAY + 60_000_000],
    ] as const;
    for (const [from, to] of cuts) {
      const inside = [...expected].filter(([key]) => {
        const time = Number(key.split(' ')[1]);
        return time >= from && time < to;
      });
      expect(await world.points(device, from, to)).toStrictEqual(new Map(inside));
    }
  });

  it('finds what goes while it is read: a stream may last a quarter of an hour', async ({
    world,
    device,
    day,
  }) => {
    const expected = await day.add();
    await world.run();
    await world.passHotDays(device);
    await world.aws.dynamo.send(
      new UpdateItemCommand({
        TableName: world.aws.measurementsTable,
        Key: { pk: { S: `${device}#a` }, sk: { S: '2026-03-01' } },
        UpdateExpression: 'SET hotUntil = :soon',
        ExpressionAttributeValues: { ':soon': { N: String(Math.floor(Date.now() / 1000) + 900) } },
      }),
    );
    expect(await world.points(device)).toStrictEqual(expected);
  });

  it('puts what the table still has above the archive', async ({ world, device, day }) => {
    const expected = await day.add();
    await world.run();
    await world.passHotDays(device);
    const late = [column('temp', [[HOUR, -5]])];
    await world.add({ device, columns: late, first: 77, queued: false });
    expected.set(`temp ${HOUR}`, [-5, 0]);
    expect(await world.points(device)).toStrictEqual(expected);
  });

  it('names a file that is not what was archived, or is gone', async ({ world, device, day }) => {
    await day.add();
    await world.run();
    await world.passHotDays(device);
    const bytes = Buffer.from(world.objects.get(day.key) ?? []);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    world.objects.set(day.key, bytes);
    await expect(world.points(device)).rejects.toThrow(CorruptArchive);
    world.objects.delete(day.key);
    await expect(world.points(device)).rejects.toThrow(`${day.key} is gone`);
  });
});

/** Of which no packing makes one item. */
const LARGE = [bulk(250)];

describe('a day whose blocks are gone', () => {
  it('stays with the archive when something comes late', async ({ world, device, day }) => {
    const expected = await day.add();
    await world.run();
    await world.passHotDays(device);
    const late = [column('temp', [[HOUR + 2, 11]])];
    await world.add({ device, columns: late, first: 30 });
    for (const [key, value] of told(late)) expected.set(key, value);
    expect(await world.run()).toMatchObject({ hours: 1, days: 1, failed: 0, done: true });
    expect(await day.points()).toStrictEqual(new Map([...expected].sort()));
    expect(await world.points(device)).toStrictEqual(expected);
  });

  it('has the summaries of all its points, however often something comes late', async ({
    world,
    device,
    day,
  }) => {
    const expected = await day.add();
    await world.run();
    for (const [at, value] of [11, 12, 13].entries()) {
      await world.passHotDays(device);
      const late = [column('temp', [[HOUR + 20 + at, value]])];
      await world.add({ device, columns: late, first: 30 + at });
      for (const [key, point] of told(late)) expected.set(key, point);
      expect(await world.run()).toMatchObject({ hours: 1, days: 1, failed: 0, done: true });
      expect(await world.points(device)).toStrictEqual(expected);
      const [day] = await Array.fromAsync(
        readHourSummaries(world.measurements, device, {
          from: HOUR,
          to: HOUR + MICROS_PER_HOUR,
          channels: undefined,
          kept: KEEP_ALL,
        }),
      );
      const { good, uncertain, bad } = day?.columns.find(({ channel }) => channel === 'temp')?.windows ?? {};
      expect((good?.[10] ?? 0) + (uncertain?.[10] ?? 0) + (bad?.[10] ?? 0)).toBe(201 + at);
    }
  });

  it('is read and written anew while DynamoDB has deleted a part of a block only', async ({
    world,
    device,
    day,
  }) => {
    const expected = told(LARGE);
    await world.add({ device, columns: LARGE, first: 1 });
    await world.run();
    const [head, ...parts] = await day.blocks();
    const first = parts[0]?.['sk']?.S ?? '';
    await world.passHotDays(device, first, `${first}~`);
    expect(await day.blocks()).toHaveLength(parts.length);
    await day.expire(head?.['sk']?.S, secondsNow() - 1);
    expect(await world.points(device)).toStrictEqual(expected);
    const late = [column('temp', [[HOUR + 2, 11]])];
    await world.add({ device, columns: late, first: 30 });
    for (const [key, value] of told(late)) expected.set(key, value);
    expect(await world.run()).toMatchObject({ hours: 1, days: 1, failed: 0, done: true });
    expect(await day.points()).toStrictEqual(new Map([...expected].sort()));
    expect(await world.points(device)).toStrictEqual(expected);
  });
});

describe('an hour whose block is gone', () => {
  it('is written whole again when a message of it comes out of the quarantine', async ({ world, device }) => {
    await addHours(world, device);
    await world.run();
    const before = await world.points(device);
    await world.passHotDays(device);
    const late = [column('temp', [[HOUR + 9, 3]])];
    await world.add({ device, first: 3, columns: late });
    expect(await world.run()).toMatchObject({ hours: 1, points: 3, days: 1, failed: 0, done: true });
    expect(await world.points(device)).toStrictEqual(new Map([...before, ...told(late)].sort()));
    const [head] = (await world.items(device)).filter(({ sk }) => sk?.S === '2026-03-01T10#h');
    expect(head).toMatchObject({ v: { N: '2' }, n: { N: '3' } });
    const [hours] = await world.items(`${device}#r1h`);
    expect(JSON.parse(hours?.['h']?.S ?? '{}')).toMatchObject({ 10: 2, 11: 1, 12: 1 });
  });
});
