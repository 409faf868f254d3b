import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Value } from '../../../contracts/payload/message.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../lambdas/series/column.ts';
import { hourOf } from '../../../lambdas/series/rollup.ts';
import { countAt } from '../../../lambdas/series/slots.ts';
import { SlotsBuilder } from '../../../lambdas/series/slots-builder.ts';
import { isNumeric, KEEP_ALL, Summary } from '../../../lambdas/series/summary.ts';
import { encodeSummaries, type SummaryRun } from '../../../lambdas/series/summary-codec.ts';
import {
  readAccounts,
  readDirtyHours,
  readHourSummaries,
  readHours,
} from '../../../lambdas/store/measurements.ts';
import { bulk, column, HOUR, type Point, startWorld, TYPE, told, type World } from './world.ts';

let world: World;
let number = 0;
let device = '';

beforeAll(async () => {
  // Days have their own test.
  world = await startWorld({ ARCHIVE_AFTER_HOURS: '1000000' });
});
afterAll(() => world.close());
beforeEach(async () => {
  device = `device-${++number}`;
  await world.addDevice(device);
  world.watch = undefined;
});

let seed = 88_172_645_463_325_252n;
/** xorshift64 (Marsaglia): numbers that no packing makes small, the same in each run. */
const wild = (): number => {
  seed ^= BigInt.asUintN(64, seed << 13n);
  seed ^= seed >> 7n;
  seed ^= BigInt.asUintN(64, seed << 17n);
  return Number(seed >> 11n) / 2 ** 53;
};
const noise = (channel: string, count: number, start = HOUR, step = 100_000): SeriesColumn =>
  column(
    channel,
    Array.from({ length: count }, (_, at): Point => [start + at * step, wild()]),
  );
const together = (...lists: readonly SeriesColumn[][]): Map<string, readonly [Value, number]> =>
  new Map(lists.flatMap((columns) => [...told(columns)]));
const kinds = async (): Promise<string[]> =>
  (await world.keys(device)).map((key) => key.replace(/^[^#]*#(\w)(#\d+)?.*$/, '$1$2').replace(/^c.*/, 'c'));
const ledger = async () => {
  const found = [];
  for await (const account of readAccounts(world.measurements, device, HOUR, HOUR + MICROS_PER_HOUR))
    found.push(account);
  return found;
};
const isDirty = async (): Promise<boolean> =>
  (await readDirtyHours(world.measurements, device, HOUR, HOUR + MICROS_PER_HOUR)).size > 0;

const kindOf = (channel: string) => TYPE.channels[channel]?.kind;
const rollups = async (from: Micros, to: Micros): Promise<SummaryRun[]> =>
  await Array.fromAsync(
    readHourSummaries(world.measurements, device, { from, to, channels: undefined, kept: KEEP_ALL }),
  );
/** The slot of an hour, whatever else is in the run. */
const slotOf = (run: SummaryRun, hour: Micros): SummaryRun => ({
  start: hour,
  width: run.width,
  slots: 1,
  columns: run.columns.flatMap((column) => {
    const numeric = isNumeric(column.type);
    const summary = new Summary(column.kind, numeric);
    summary.merge(column.slots, (hour - run.start) / run.width);
    const slots = new SlotsBuilder(1, numeric, numeric);
    slots.put(0, summary);
    return [{ ...column, slots: slots.build() }];
  }),
});
/** Summaries that are stored of an hour are those of its points. */
const expectRollups = async (hour = HOUR): Promise<void> => {
  const [points] = await Array.fromAsync(
    readHours(world.measurements, device, { from: hour, to: hour + MICROS_PER_HOUR }),
  );
  const [day] = await rollups(hour, hour + MICROS_PER_HOUR);
  expect(day && encodeSummaries(slotOf(day, hour))).toStrictEqual(
    encodeSummaries(hourOf(points?.columns ?? [], hour, kindOf)),
  );
};

/** What makes a block that is split. */
const LARGE = [bulk(150)];
/** Three runs; the second says otherwise of a point of the first, the third lies between. */
const addThree = async (
  more: readonly SeriesColumn[] = [],
  size = 50,
): Promise<Map<string, readonly [Value, number]>> => {
  const first = [noise('humidity', size), ...more, noise('temp', size)];
  const second = [
    column('temp', [
      [HOUR, 5],
      [HOUR + 3_000_000_000, 7, 1],
    ]),
  ];
  const third = [noise('temp', 20, HOUR + 50_000)];
  await world.add({ device, columns: first, first: 9, count: 2 });
  await world.add({ device, columns: second, first: 11 });
  await world.add({ device, columns: third, first: 12, count: 3 });
  return together(first, second, third);
};

describe('an hour', () => {
  it('becomes a block that tells the same, and its chunks go', async () => {
    const expected = await addThree();
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await world.run()).toStrictEqual({
      hours: 1,
      chunks: 3,
      points: expected.size,
      days: 0,
      failed: 0,
      done: true,
    });
    expect(await kinds()).toStrictEqual(['h']);
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await isDirty()).toBe(false);
    await expectRollups();
    expect(await world.run()).toMatchObject({ hours: 0, done: true });
  });

  it('keeps the ledger and the numbers of its messages', async () => {
    await addThree();
    const before = await ledger();
    await world.run();
    expect(await ledger()).toStrictEqual(before);
    expect(before[0]?.ledger).toMatchObject({ messages: 6, stored: 122 });
  });

  it('waits until it is over', async () => {
    const now = Date.now() * 1000;
    await world.add({ device, columns: [column('temp', [[now, 1]])], first: 1 });
    expect(await world.run()).toMatchObject({ hours: 0, done: true });
    const range = { from: now - MICROS_PER_HOUR, to: now + 1 };
    expect([...(await readDirtyHours(world.measurements, device, range.from, range.to))]).toHaveLength(1);
    expect((await world.points(device, range.from, range.to)).size).toBe(1);
  });

  it('is split where it is large, and read channel by channel', async () => {
    const expected = await addThree([], 7_600);
    await world.run();
    expect((await kinds()).filter((kind) => kind === 'p#1').length).toBeGreaterThan(1);
    expect(await world.points(device)).toStrictEqual(expected);
  });

  it('opens again for what comes late, and the later value wins', async () => {
    const expected = await addThree();
    await world.run();
    const late = [
      column('temp', [
        [HOUR, 99],
        [HOUR + 1, 98],
      ]),
    ];
    await world.add({ device, columns: late, first: 20 });
    for (const [key, value] of told(late)) expected.set(key, value);
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await world.run()).toMatchObject({ hours: 1, chunks: 1 });
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await kinds()).toStrictEqual(['h']);
    expect((await ledger())[0]?.ledger).toMatchObject({ messages: 7, stored: 124 });
    await expectRollups();
  });

  it('is not moved by a chunk that is written again after it was merged', async () => {
    const expected = await addThree();
    await world.run();
    const again = [column('temp', [[HOUR, -1]])];
    await world.add({ device, columns: again, first: 9, count: 2 });
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await world.run()).toMatchObject({ hours: 1, chunks: 0 });
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await kinds()).toStrictEqual(['h']);
    expect((await ledger())[0]?.ledger).toMatchObject({ messages: 6 });
  });

  it('takes the longer of two runs with the same start as the later, and counts its records once', async () => {
    await world.add({ device, columns: [column('temp', [[HOUR, 1]])], first: 9, count: 2 });
    await world.run();
    await world.add({ device, columns: [column('temp', [[HOUR, 2]])], first: 9, count: 5 });
    for (const _ of ['before', 'after']) {
      expect([...(await world.points(device)).values()]).toStrictEqual([[2, 0]]);
      expect((await ledger())[0]?.ledger).toMatchObject({ messages: 5 });
      await world.run();
    }
  });
});

describe('rollups', () => {
  it('hold every hour of a day, whichever comes first, of every type of channel', async () => {
    const hours = [5, 0, 3, 1].map((at) => HOUR + (at - 10) * MICROS_PER_HOUR);
    for (const [at, hour] of hours.entries())
      await world.add({
        device,
        columns: [
          noise('temp', 90, hour, 40_000_000),
          column('door', [
            [hour + 5, true],
            [hour + 90_000_000, false],
          ]),
          column('note', [[hour + 7, 'begun']]),
        ],
        first: at + 1,
      });
    await world.run();
    for (const hour of hours) await expectRollups(hour);
    const days = await rollups(HOUR - MICROS_PER_DAY, HOUR + MICROS_PER_DAY);
    expect(days).toHaveLength(1);
    const temp = days[0]?.columns.find(({ channel }) => channel === 'temp');
    const counts = [0, 1, 2, 3, 4, 5, 6].map((at) => temp && countAt(temp.slots, at));
    expect(counts).toStrictEqual([90, 90, 0, 90, 0, 90, 0]);
  });
});

describe('a compaction that dies', () => {
  it.each(['before', 'after'] as const)(
    '%s any of its writes loses and doubles nothing, and the next one ends it',
    async (when) => {
      const devices = Array.from({ length: 16 }, (_, at) => `dying-${when}-${at + 1}`);
      const before = new Map<string, Map<string, readonly [Value, number]>>();
      for (device of devices) {
        await world.addDevice(device);
        before.set(device, await addThree(LARGE));
      }
      await world.run(); // Blocks with parts are there already,
      for (let deadly = 1; ; deadly += 1) {
        device = devices[deadly - 1] ?? 'more than there are';
        const expected = before.get(device) ?? new Map();
        const late = [noise('temp', 300, HOUR + 70_000), noise('humidity', 10, HOUR + 71_000)];
        await world.add({ device, columns: late, first: 30 });
        for (const [key, value] of told(late)) expected.set(key, value);
        const account = await ledger();
        let writes = 0;
        world.watch = (call, now) => (call.writes && now === when && ++writes === deadly ? 'die' : undefined);
        const report = await world.run().catch((error: Error) => error.message);
        world.watch = undefined;
        expect(await world.points(device), `write ${deadly}`).toStrictEqual(expected);
        expect(await ledger()).toStrictEqual(account);
        if (writes < deadly) {
          expect(deadly).toBeGreaterThan(6);
          break;
        }
        expect(report).toSatisfy(
          (one) =>
            (typeof one === 'string' && one.endsWith('dead')) || (typeof one === 'object' && !one.done),
        );
        await world.run();
        expect(await world.points(device), `after write ${deadly}`).toStrictEqual(expected);
        expect(await ledger()).toStrictEqual(account);
        await expectRollups();
        expect(new Set(await kinds())).toStrictEqual(new Set(['h', 'p#2']));
        expect(await isDirty()).toBe(false);
      }
    },
    60_000,
  );
});

describe('several at once', () => {
  it('see to it that readers find every point at every step', async () => {
    const expected = await addThree(LARGE);
    let steps = 0;
    world.watch = async (call) => {
      if (!call.writes) return undefined;
      steps += 1;
      expect(await world.points(device), call.action).toStrictEqual(expected);
      return undefined;
    };
    expect(await world.run()).toMatchObject({ hours: 1, failed: 0 });
    expect(steps).toBeGreaterThan(6);
  });

  it.each(['PutItem', 'BatchWriteItem', 'DeleteItem', 'Query'])(
    'race: one stops at its first %s until the other has ended',
    async (action) => {
      const expected = await addThree(LARGE);
      const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      let first = true;
      world.watch = async (call, when) => {
        const halts =
          first &&
          when === 'before' &&
          call.action === `dynamodb:${action}` &&
          (action !== 'Query' || call.body.includes(device));
        if (!halts) return undefined;
        first = false;
        stop();
        await released;
        return undefined;
      };
      const slow = world.run();
      await stopped;
      // Something comes in between, so that the two know different things.
      const late = [column('temp', [[HOUR + 7, 1]])];
      await world.add({ device, columns: late, first: 40 });
      for (const [key, value] of told(late)) expected.set(key, value);
      await world.run();
      release();
      await slow;
      expect(await world.points(device)).toStrictEqual(expected);
      world.watch = undefined;
      await world.run();
      expect(await world.points(device)).toStrictEqual(expected);
      expect(await isDirty()).toBe(false);
      expect((await ledger())[0]?.ledger).toMatchObject({ messages: 7 });
      await expectRollups();
    },
  );

  it('do not race for the summaries of a day: one works on all hours of a device', async () => {
    const start = HOUR - 10 * MICROS_PER_HOUR;
    for (let at = 0; at < 24; at += 1)
      await world.add({ device, columns: [noise('temp', 5, start + at * MICROS_PER_HOUR)], first: at + 1 });
    const before = world.calls.length;
    expect(await world.run()).toMatchObject({ hours: 24, failed: 0, done: true });
    const puts = world.calls
      .slice(before)
      .filter(({ action, body }) => action.endsWith(':PutItem') && body.includes(`${device}#r1h`));
    expect(puts).toHaveLength(24);
    const [day] = await rollups(start, start + MICROS_PER_DAY);
    expect([...(day?.columns[0]?.slots.good ?? [])]).toStrictEqual(new Array(24).fill(5));
  });

  it('stops when the time is up and says that something is left; the next run goes on', async () => {
    const devices = Array.from({ length: 12 }, (_, at) => `many-${at}`);
    for (const [at, id] of devices.entries()) {
      await world.addDevice(id);
      await world.add({ device: id, columns: [noise('temp', 10)], first: at + 1 });
    }
    let total = 0;
    let reports = 0;
    world.watch = async ({ action }) => {
      if (action.endsWith(':PutItem')) await delay(300);
      return undefined;
    };
    // More time with each run, so that on any machine the last one gets through; the first one cannot.
    for (let done = false; !done; reports += 1) {
      const report = await world.run(600 * 2 ** reports);
      done = report.done;
      total += report.hours;
    }
    expect(reports).toBeGreaterThan(1);
    expect(total).toBeGreaterThanOrEqual(12);
    for (const id of devices) expect((await world.points(id)).size).toBe(10);
  }, 30_000);
});
