/** Days whose blocks DynamoDB has deleted: what is still known of them, and what comes of them once more. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MICROS_PER_DAY, MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import { addLedgers, EMPTY_LEDGER, type Ledger } from '../../../lambdas/domain/ledger.ts';
import { mergeStretches, type Stretch } from '../../../lambdas/series/stretches.ts';
import { readAccounts } from '../../../lambdas/store/measurements.ts';
import { column, HOUR, startWorld, told, type World } from './world.ts';

let world: World;
let number = 0;
let device = '';

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  device = `gone-${++number}`;
  await world.addDevice(device);
});

const DAY = HOUR - (HOUR % MICROS_PER_DAY);

const accountOf = async (
  from: Micros = DAY,
  to: Micros = DAY + MICROS_PER_DAY,
): Promise<{ ledger: Ledger; numbered: readonly Stretch[] }> => {
  const accounts = await Array.fromAsync(readAccounts(world.measurements, device, from, to));
  return {
    ledger: accounts.reduce((sum, { ledger }) => addLedgers(sum, ledger), EMPTY_LEDGER),
    numbered: mergeStretches(accounts.map(({ stretches }) => stretches)).numbered,
  };
};

/** Messages in hours of their own, numbered; those of a day with number 3 missing unless others are named. */
const addDay = async (numbers: readonly number[] = [1, 2, 4]): Promise<void> => {
  for (const [at, seq] of numbers.entries()) {
    const hour = HOUR + at * MICROS_PER_HOUR;
    await world.add({
      device,
      first: seq,
      columns: [
        column('temp', [
          [hour + 1, seq],
          [hour + 2, seq],
        ]),
      ],
    });
  }
};

describe('the account of a day', () => {
  it('is the same when its blocks are gone, also of a part of the day', async () => {
    await addDay();
    expect(await world.run()).toMatchObject({ days: 1, done: true });
    const [whole, hour] = [await accountOf(), await accountOf(HOUR, HOUR + MICROS_PER_HOUR)];
    expect(whole).toMatchObject({ ledger: { messages: 3, received: 6, stored: 6 } });
    expect(whole.numbered.map(({ from, to }) => [from, to])).toStrictEqual([
      [1, 2],
      [4, 4],
    ]);
    expect(hour).toMatchObject({ ledger: { messages: 1, received: 2 } });
    await world.passHotDays(device);
    expect(await accountOf()).toStrictEqual(whole);
    expect(await accountOf(HOUR, HOUR + MICROS_PER_HOUR)).toStrictEqual(hour);
    expect(await accountOf(DAY + MICROS_PER_DAY, DAY + 2 * MICROS_PER_DAY)).toStrictEqual({
      ledger: EMPTY_LEDGER,
      numbered: [],
    });
  });

  it('counts once what came late, before and after it is merged and archived again', async () => {
    await addDay();
    await world.run();
    await world.passHotDays(device);
    await world.add({ device, first: 3, columns: [column('temp', [[HOUR + 9, 3]])] });
    const expected = { ledger: { messages: 4, received: 7, stored: 7 }, numbered: [{ from: 1, to: 4 }] };
    expect(await accountOf()).toMatchObject(expected);
    expect(await world.run()).toMatchObject({ hours: 1, days: 1, failed: 0, done: true });
    expect(await accountOf()).toMatchObject(expected);
    await world.passHotDays(device);
    expect(await accountOf()).toMatchObject(expected);
  });

  it.each(['before', 'after'] as const)('is right %s any write of an archiving that dies', async (when) => {
    const devices = Array.from({ length: 20 }, (_, at) => `gone-${when}-${at + 1}`);
    for (device of devices) {
      await world.addDevice(device);
      await addDay([1]);
    }
    await world.run();
    for (const each of devices) await world.passHotDays(each);
    for (let deadly = 1; ; deadly += 1) {
      device = devices[deadly - 1] ?? 'more than there are';
      await world.add({ device, first: 2, columns: [column('temp', [[HOUR + 9, 3]])] });
      const expected = { ledger: { messages: 2, received: 3, stored: 3 }, numbered: [{ from: 1, to: 2 }] };
      let writes = 0;
      world.watch = (call, now) => {
        if (!call.writes || now !== when) return undefined;
        writes += 1;
        return writes === deadly ? 'die' : undefined;
      };
      await world.run().catch(() => undefined);
      world.watch = undefined;
      expect(await accountOf(), `write ${deadly}`).toMatchObject(expected);
      expect(await world.run(), `write ${deadly}`).toMatchObject({ failed: 0, done: true });
      await world.passHotDays(device);
      expect(await accountOf(), `write ${deadly}`).toMatchObject(expected);
      if (writes < deadly) {
        expect(deadly).toBeGreaterThan(8);
        return;
      }
    }
  });
});

describe('the account of a device that counts in twos', () => {
  it('is kept whole, however many gaps its days have', async () => {
    const [hours, runs, count] = [6, 4, 3000];
    for (let run = 0; run < hours * runs; run += 1) {
      const at = HOUR + Math.floor(run / runs) * MICROS_PER_HOUR + run;
      await world.add({
        device,
        first: 1 + run * count,
        count,
        seq: 2 * run * count,
        step: 2,
        columns: [column('temp', [[at, run]])],
      });
    }
    expect(await world.run()).toMatchObject({ hours, days: 1, failed: 0, done: true });
    const whole = await accountOf();
    expect(whole.ledger.messages).toBe(hours * runs * count);
    expect(whole.numbered).toHaveLength(hours * runs * count);
    await world.passHotDays(device);
    expect(await accountOf()).toStrictEqual(whole);
    await world.add({ device, first: 1_000_000, columns: [column('temp', [[HOUR + 999, 3]])] });
    expect(await world.run()).toMatchObject({ hours: 1, days: 1, failed: 0, done: true });
    await world.passHotDays(device);
    expect((await accountOf()).numbered).toHaveLength(hours * runs * count + 1);
  });
});

describe('an hour whose block is gone', () => {
  it('is written whole again when a message of it comes out of the quarantine', async () => {
    await addDay();
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
