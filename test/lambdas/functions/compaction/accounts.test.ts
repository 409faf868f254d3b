/** What is known of a day's messages while its blocks are there, and once DynamoDB has deleted them. */
import { describe, expect } from 'vitest';
import { MICROS_PER_DAY, MICROS_PER_HOUR, type Micros } from '../../../../contracts/time.ts';
import { addLedgers, EMPTY_LEDGER, type Ledger } from '../../../../lambdas/domain/ledger/ledger.ts';
import { mergeRanges, type SequenceRange } from '../../../../lambdas/domain/ledger/sequence-ranges.ts';
import { readAccounts } from '../../../../lambdas/store/measurements/index.ts';
import { addHours, DAY } from './days.ts';
import { it } from './it.ts';
import { column, HOUR } from './points.ts';
import type { World } from './world.ts';

const accountOf = async (
  world: World,
  device: string,
  from: Micros = DAY,
  to: Micros = DAY + MICROS_PER_DAY,
): Promise<{ ledger: Ledger; numbered: readonly SequenceRange[] }> => {
  const accounts = await Array.fromAsync(readAccounts(world.measurements, device, from, to));
  return {
    ledger: accounts.reduce((sum, { ledger }) => addLedgers(sum, ledger), EMPTY_LEDGER),
    numbered: mergeRanges(accounts.map(({ ranges }) => ranges)).numbered,
  };
};

describe('the account of a day', () => {
  it('is the same when its blocks are gone, also of a part of the day', async ({ world, device }) => {
    await addHours(world, device);
    expect(await world.run()).toMatchObject({ days: 1, done: true });
    const [whole, hour] = [
      await accountOf(world, device),
      await accountOf(world, device, HOUR, HOUR + MICROS_PER_HOUR),
    ];
    expect(whole).toMatchObject({ ledger: { messages: 3, received: 6, stored: 6 } });
    expect(whole.numbered.map(({ from, to }) => [from, to])).toStrictEqual([
      [1, 2],
      [4, 4],
    ]);
    expect(hour).toMatchObject({ ledger: { messages: 1, received: 2 } });
    await world.passHotDays(device);
    expect(await accountOf(world, device)).toStrictEqual(whole);
    expect(await accountOf(world, device, HOUR, HOUR + MICROS_PER_HOUR)).toStrictEqual(hour);
    expect(await accountOf(world, device, DAY + MICROS_PER_DAY, DAY + 2 * MICROS_PER_DAY)).toStrictEqual({
      ledger: EMPTY_LEDGER,
      numbered: [],
    });
  });

  it('counts once what came late, before and after it is merged and archived again', async ({
    world,
    device,
  }) => {
    await addHours(world, device);
    await world.run();
    await world.passHotDays(device);
    await world.add({ device, first: 3, columns: [column('temp', [[HOUR + 9, 3]])] });
    const expected = { ledger: { messages: 4, received: 7, stored: 7 }, numbered: [{ from: 1, to: 4 }] };
    expect(await accountOf(world, device)).toMatchObject(expected);
    expect(await world.run()).toMatchObject({ hours: 1, days: 1, failed: 0, done: true });
    expect(await accountOf(world, device)).toMatchObject(expected);
    await world.passHotDays(device);
    expect(await accountOf(world, device)).toMatchObject(expected);
  });

  it.for(['before', 'after'] as const)(
    'is right %s any write of an archiving that dies',
    async (when, { world }) => {
      const devices = Array.from({ length: 20 }, (_, at) => `gone-${when}-${at + 1}`);
      for (const device of devices) {
        await world.addDevice(device);
        await addHours(world, device, [1]);
      }
      await world.run();
      for (const each of devices) await world.passHotDays(each);
      for (let deadly = 1; ; deadly += 1) {
        const device = devices[deadly - 1] ?? 'more than there are';
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
        expect(await accountOf(world, device), `write ${deadly}`).toMatchObject(expected);
        expect(await world.run(), `write ${deadly}`).toMatchObject({ failed: 0, done: true });
        await world.passHotDays(device);
        expect(await accountOf(world, device), `write ${deadly}`).toMatchObject(expected);
        if (writes < deadly) {
          expect(deadly).toBeGreaterThan(8);
          return;
        }
      }
    },
  );
});

describe('the account of a device that counts in twos', () => {
  it('is kept whole, however many gaps its days have', async ({ world, device }) => {
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
    const whole = await accountOf(world, device);
    expect(whole.ledger.messages).toBe(hours * runs * count);
    expect(whole.numbered).toHaveLength(hours * runs * count);
    await world.passHotDays(device);
    expect(await accountOf(world, device)).toStrictEqual(whole);
    await world.add({ device, first: 1_000_000, columns: [column('temp', [[HOUR + 999, 3]])] });
    expect(await world.run()).toMatchObject({ hours: 1, days: 1, failed: 0, done: true });
    await world.passHotDays(device);
    expect((await accountOf(world, device)).numbered).toHaveLength(hours * runs * count + 1);
  });
});
