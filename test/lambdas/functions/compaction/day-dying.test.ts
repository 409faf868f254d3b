/** Archivings of a day that end before they are through. */
import { describe, expect } from 'vitest';
import { Day, it, wave } from './days.ts';
import { column, HOUR, told } from './points.ts';

describe('an archiving anew that dies', () => {
  it.for(['.parquet', 'archive-manifests', 'UpdateItem'])(
    'after %s leaves the day readable, blocks or not',
    async (what, { world, device, day }) => {
      const expected = await day.add();
      await world.run();
      const late = [column('temp', [[HOUR + 4, 42]])];
      await world.add({ device, columns: late, first: 50 });
      for (const [key, value] of told(late)) expected.set(key, value);
      world.watch = (call, when) =>
        when === 'after' && call.writes && call.action.includes(what) ? 'die' : undefined;
      await world.run().catch(() => undefined);
      world.watch = undefined;
      expect(await world.points(device)).toStrictEqual(expected);
      expect(await world.run()).toMatchObject({ failed: 0, done: true });
      await world.passHotDays(device);
      expect(await world.points(device)).toStrictEqual(expected);
    },
  );
});

describe('an archiving that dies', () => {
  it.for(['before', 'after'] as const)(
    '%s any of its writes leaves every point readable, and the next one ends it',
    async (when, { world }) => {
      for (let deadly = 1; ; deadly += 1) {
        const device = `dying-day-${when}-${deadly}`;
        const day = new Day(world, device);
        await world.addDevice(device);
        const columns = [wave('temp', HOUR, 20)];
        const expected = told(columns);
        await world.add({ device, columns, first: 1 });
        let writes = 0;
        // What comes before has its own test.
        world.watch = (call, now) => {
          if (!call.writes || now !== when || (writes === 0 && !call.action.includes('.parquet')))
            return undefined;
          writes += 1;
          return writes === deadly ? 'die' : undefined;
        };
        await world.run().catch(() => undefined);
        world.watch = undefined;
        expect(await world.points(device), `write ${deadly}`).toStrictEqual(expected);
        if (writes < deadly) {
          expect(deadly).toBe(7);
          break;
        }
        expect(await world.run()).toMatchObject({ failed: 0, done: true });
        expect(await day.points(), `after write ${deadly}`).toStrictEqual(expected);
        await world.passHotDays(device);
        expect(await world.points(device)).toStrictEqual(expected);
      }
    },
  );
});
