import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import { readDirtyHours } from '../../../../lambdas/store/measurements/index.ts';
import { countAt } from '../../../../series/summaries/windows.ts';
import { Hour, it, noise } from './hours.ts';
import { bulk, column, HOUR, type Told, told } from './points.ts';

// Days have their own test.
it.override('environment', { ARCHIVE_AFTER_HOURS: '1000000' });

/** What makes a block that is split. */
const LARGE = [bulk(150)];

describe('an hour', () => {
  it('becomes a block that tells the same, and its chunks go', async ({ world, device, hour }) => {
    const expected = await hour.add();
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await world.run()).toStrictEqual({
      hours: 1,
      chunks: 3,
      points: expected.size,
      days: 0,
      failed: 0,
      done: true,
    });
    expect(await hour.kinds()).toStrictEqual(['h']);
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await hour.isDirty()).toBe(false);
    await hour.expectRollups();
    expect(await world.run()).toMatchObject({ hours: 0, done: true });
  });

  it('keeps the ledger and the numbers of its messages', async ({ world, hour }) => {
    await hour.add();
    const before = await hour.accounts();
    await world.run();
    const [after] = await hour.accounts();
    // One point has another version.
    const found = new Map([[HOUR, { duplicate: 0, overwritten: 1, recovered: 0 }]]);
    expect(after).toStrictEqual({ ...before[0], found });
    expect(before[0]?.ledger).toMatchObject({ messages: 6, stored: 122 });
  });

  it('waits until it is over', async ({ world, device }) => {
    const now = Date.now() * 1000;
    await world.add({ device, columns: [column('temp', [[now, 1]])], first: 1 });
    expect(await world.run()).toMatchObject({ hours: 0, done: true });
    const range = { from: now - MICROS_PER_HOUR, to: now + 1 };
    expect([...(await readDirtyHours(world.measurements, device, range.from, range.to))]).toHaveLength(1);
    expect((await world.points(device, range.from, range.to)).size).toBe(1);
  });

  it('is split where it is large, and read channel by channel', async ({ world, device, hour }) => {
    const expected = await hour.add([], 7_600);
    await world.run();
    expect((await hour.kinds()).filter((kind) => kind === 'p#1').length).toBeGreaterThan(1);
    expect(await world.points(device)).toStrictEqual(expected);
  });

  it('opens again for what comes late, and the later value wins', async ({ world, device, hour }) => {
    const expected = await hour.add();
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
    expect(await hour.kinds()).toStrictEqual(['h']);
    expect((await hour.accounts())[0]?.ledger).toMatchObject({ messages: 7, stored: 124 });
    await hour.expectRollups();
  });

  it('is not moved by a chunk that is written again after it was merged', async ({ world, device, hour }) => {
    const expected = await hour.add();
    await world.run();
    const again = [column('temp', [[HOUR, -1]])];
    await world.add({ device, columns: again, first: 9, count: 2 });
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await world.run()).toMatchObject({ hours: 1, chunks: 0 });
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await hour.kinds()).toStrictEqual(['h']);
    expect((await hour.accounts())[0]?.ledger).toMatchObject({ messages: 6 });
  });

  it('leaves a run alone that may still come again, and counts its records once', async ({
    world,
    device,
    hour,
  }) => {
    await world.add({ device, columns: [column('temp', [[HOUR, 1]])], first: 9, count: 3 });
    await world.commit(device, 8, 1);
    expect(await world.run()).toMatchObject({ hours: 0, chunks: 0 });
    expect(await hour.kinds()).not.toContain('h');
    expect(await hour.isDirty()).toBe(true);
    // It was cut elsewhere when it came again.
    await world.add({ device, columns: [column('temp', [[HOUR, 2]])], first: 9, count: 2 });
    await world.commit(device, 10, 2);
    await world.run();
    expect(await hour.isDirty()).toBe(true);
    await world.add({ device, columns: [column('temp', [[HOUR + 1, 3]])], first: 11, count: 3 });
    await world.commit(device, 13, 3);
    for (const _ of ['before', 'after']) {
      expect([...(await world.points(device)).values()]).toStrictEqual([
        [2, 0],
        [3, 0],
      ]);
      expect((await hour.accounts())[0]?.ledger).toMatchObject({ messages: 5 });
      await world.run();
    }
    expect(await hour.kinds()).not.toContain('c');
    expect(await hour.isDirty()).toBe(false);
  });
});

describe('rollups', () => {
  it('hold every hour of a day, whichever comes first, of every type of channel', async ({
    world,
    device,
    hour,
  }) => {
    const hours = [5, 0, 3, 1].map((at) => HOUR + (at - 10) * MICROS_PER_HOUR);
    for (const [at, start] of hours.entries())
      await world.add({
        device,
        columns: [
          noise('temp', 90, start, 40_000_000),
          column('door', [
            [start + 5, true],
            [start + 90_000_000, false],
          ]),
          column('note', [[start + 7, 'begun']]),
        ],
        first: at + 1,
      });
    await world.run();
    for (const start of hours) await hour.expectRollups(start);
    const days = await hour.rollups(HOUR - MICROS_PER_DAY, HOUR + MICROS_PER_DAY);
    expect(days).toHaveLength(1);
    const temp = days[0]?.columns.find(({ channel }) => channel === 'temp');
    const counts = [0, 1, 2, 3, 4, 5, 6].map((at) => temp && countAt(temp.windows, at));
    expect(counts).toStrictEqual([90, 90, 0, 90, 0, 90, 0]);
  });
});

describe('a compaction that dies', () => {
  it.for(['before', 'after'] as const)(
    '%s any of its writes loses and doubles nothing, and the next one ends it',
    async (when, { world }) => {
      const devices = Array.from({ length: 16 }, (_, at) => `dying-${when}-${at + 1}`);
      const before = new Map<string, Told>();
      for (const device of devices) {
        await world.addDevice(device);
        before.set(device, await new Hour(world, device).add(LARGE));
      }
      await world.run(); // Blocks with parts are there already,
      for (let deadly = 1; ; deadly += 1) {
        const device = devices[deadly - 1] ?? 'more than there are';
        const hour = new Hour(world, device);
        const expected = before.get(device) ?? new Map();
        const late = [noise('temp', 300, HOUR + 70_000), noise('humidity', 10, HOUR + 71_000)];
        await world.add({ device, columns: late, first: 30 });
        for (const [key, value] of told(late)) expected.set(key, value);
        const account = await hour.accounts();
        let writes = 0;
        world.watch = (call, now) => (call.writes && now === when && ++writes === deadly ? 'die' : undefined);
        const report = await world.run().catch((error: Error) => error.message);
        world.watch = undefined;
        expect(await world.points(device), `write ${deadly}`).toStrictEqual(expected);
        expect(await hour.accounts()).toStrictEqual(account);
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
        expect(await hour.accounts()).toStrictEqual(account);
        await hour.expectRollups();
        expect(new Set(await hour.kinds())).toStrictEqual(new Set(['h', 'p#2']));
        expect(await hour.isDirty()).toBe(false);
      }
    },
  );
});

describe('several at once', () => {
  it('see to it that readers find every point at every step', async ({ world, device, hour }) => {
    const expected = await hour.add(LARGE);
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

  it.for(['PutItem', 'BatchWriteItem', 'DeleteItem', 'Query'])(
    'race: one stops at its first %s until the other has ended',
    async (action, { world, device, hour }) => {
      const expected = await hour.add(LARGE);
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
      expect(await hour.isDirty()).toBe(false);
      expect((await hour.accounts())[0]?.ledger).toMatchObject({ messages: 7 });
      await hour.expectRollups();
    },
  );

  it('do not race for the summaries of a day: one works on all hours of a device', async ({
    world,
    device,
    hour,
  }) => {
    const start = HOUR - 10 * MICROS_PER_HOUR;
    for (let at = 0; at < 24; at += 1)
      await world.add({ device, columns: [noise('temp', 5, start + at * MICROS_PER_HOUR)], first: at + 1 });
    const before = world.calls.length;
    expect(await world.run()).toMatchObject({ hours: 24, failed: 0, done: true });
    const puts = world.calls
      .slice(before)
      .filter(({ action, body }) => action.endsWith(':PutItem') && body.includes(`${device}#r1h`));
    expect(puts).toHaveLength(24);
    const [day] = await hour.rollups(start, start + MICROS_PER_DAY);
    expect([...(day?.columns[0]?.windows.good ?? [])]).toStrictEqual(new Array(24).fill(5));
  });

  it('stops when the time is up and says that something is left; the next run goes on', async ({ world }) => {
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
