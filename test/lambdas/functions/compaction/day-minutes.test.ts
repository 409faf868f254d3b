/** Summaries by the minute, which a day is given when it is archived. */

import { DeleteItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect } from 'vitest';
import { MICROS_PER_DAY } from '../../../../contracts/time.ts';
import {
  MinuteReader,
  readHours,
  type WantedSummaries,
} from '../../../../lambdas/store/measurements/index.ts';
import { mergeColumns } from '../../../../series/points/merge.ts';
import { KEEP_SUMS } from '../../../../series/summaries/kept.ts';
import { minutesOf, minutesOfDay } from '../../../../series/summaries/rollup.ts';
import type { SummaryRun } from '../../../../series/summaries/run.ts';
import { encodeSummaries } from '../../../../series/summaries/summary-codec.ts';
import { DAY, it, wave } from './days.ts';
import { column, HOUR, TYPE } from './points.ts';
import type { World } from './world.ts';

const wanted = { channels: undefined, kept: KEEP_SUMS };
const minutesIn = async (world: World, device: string, of: WantedSummaries = wanted): Promise<SummaryRun[]> =>
  await Array.fromAsync(
    new MinuteReader(world.measurements, of).read(device, DAY, DAY + MICROS_PER_DAY, new Set()),
  );
const kindOf = (channel: string) => TYPE.channels[channel]?.kind;
const bytes = (run: SummaryRun | undefined) => run && encodeSummaries(run);
/** Those that are stored are those of the points. */
const expectMinutes = async (world: World, device: string): Promise<void> => {
  const range = { from: DAY, to: DAY + MICROS_PER_DAY };
  const hours = await Array.fromAsync(readHours(world.measurements, device, range));
  const columns = mergeColumns(hours.map((hour) => hour.columns));
  const right = columns.map((each) => minutesOf(each, DAY, kindOf));
  const stored = await minutesIn(world, device);
  expect(stored).toHaveLength(1);
  expect(bytes(stored[0])).toStrictEqual(bytes({ ...minutesOfDay(DAY), columns: right }));
};
const many = Array.from({ length: 64 }, (_, at) =>
  wave(`c${String(at).padStart(2, '0')}`, HOUR, 300, 30_000_000),
);

describe('the minutes of a day', () => {
  it('are summarized when it is archived, and again with what came late', async ({ world, device, day }) => {
    await day.add();
    expect(await minutesIn(world, device)).toStrictEqual([]);
    await world.run();
    await expectMinutes(world, device);
    await world.add({ device, columns: [column('temp', [[HOUR + 3, 98]])], first: 9 });
    await world.run();
    await expectMinutes(world, device);
  });

  it('are split by channel where they are large, and read by channel', async ({ world, device }) => {
    await world.add({ device, columns: many, first: 1 });
    await world.run();
    const keys = await world.keys(`${device}#r1m`);
    expect(keys.length).toBeGreaterThan(3);
    await expectMinutes(world, device);
    await world.add({ device, columns: [column('c07', [[HOUR + 1, 5]])], first: 2 });
    await world.run();
    await expectMinutes(world, device);
    expect(await world.keys(`${device}#r1m`)).toHaveLength(keys.length);
    const [run] = await minutesIn(world, device, { ...wanted, channels: new Set(['c07', 'none']) });
    expect(run?.columns.map(({ channel }) => channel)).toStrictEqual(['c07']);
  });

  it('are not there while a part of them is missing', async ({ world, device }) => {
    await world.add({ device, columns: many, first: 1 });
    await world.run();
    const [pk, sk] = [{ S: `${device}#r1m` }, { S: (await world.keys(`${device}#r1m`)).at(-1) ?? '' }];
    const TableName = world.aws.measurementsTable;
    await world.aws.dynamo.send(new DeleteItemCommand({ TableName, Key: { pk, sk } }));
    expect(await minutesIn(world, device)).toStrictEqual([]);
    expect(await minutesIn(world, device, { ...wanted, channels: new Set(['c00']) })).toHaveLength(1);
  });

  it('are those of the newest version of the day, whoever comes last', async ({ world, device, day }) => {
    await day.add();
    await world.run();
    const TableName = world.aws.measurementsTable;
    const Key = { pk: { S: `${device}#r1m` }, sk: { S: '2026-03-01' } };
    const set = { UpdateExpression: 'SET v = :v', ExpressionAttributeValues: { ':v': { N: '3' } } };
    await world.aws.dynamo.send(new UpdateItemCommand({ TableName, Key, ...set }));
    const before = bytes((await minutesIn(world, device))[0]);
    await world.add({ device, columns: [column('temp', [[HOUR + 3, 98]])], first: 9 });
    // Versions 2 and 3 of the day are not newer: it stays queued.
    expect(await world.run()).toMatchObject({ days: 0 });
    expect(await world.run()).toMatchObject({ days: 0 });
    expect(bytes((await minutesIn(world, device))[0])).toStrictEqual(before);
    expect(await world.run()).toMatchObject({ days: 1 });
    await expectMinutes(world, device);
  });
});
