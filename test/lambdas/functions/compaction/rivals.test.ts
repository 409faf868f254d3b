/** Two workers on the same day: calls of compaction overlap when one takes longer than its schedule. */
import { describe, expect } from 'vitest';
import { MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import { readAccounts } from '../../../../lambdas/store/measurements/index.ts';
import type { Call } from './door.ts';
import { it } from './it.ts';
import { column, HOUR, told } from './points.ts';

const early = [
  column('temp', [
    [HOUR + 1, 1],
    [HOUR + 2, 2],
  ]),
];
const late = [column('temp', [[HOUR + 9, 42]])];

/** What a slow worker is about to do of a day. */
const STEPS: Readonly<Record<string, (call: Call, device: string) => boolean>> = {
  file: ({ action }) => action.startsWith('s3:PUT /archive/archive/'),
  account: ({ action, body }, device) => action === 'dynamodb:PutItem' && body.includes(`"${device}#l"`),
  minutes: ({ action, body }, device) => action === 'dynamodb:PutItem' && body.includes(`"${device}#r1m"`),
};

describe.each(Object.entries(STEPS))('a worker that is about to put the %s of a day', (_, isStep) => {
  it.for(['lives', 'dies'] as const)(
    'while another archives what came late, and then %s: nothing is missing',
    async (end, { world, device }) => {
      const expected = new Map([...told(early), ...told(late)]);
      await world.add({ device, columns: early, first: 1 });
      const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let isFirst = true;
      let isDeadly = false;
      world.watch = async (call, when) => {
        if (!isStep(call, device)) return undefined;
        if (when === 'after') return isDeadly ? 'die' : undefined;
        if (!isFirst) return undefined;
        isFirst = false;
        reached.resolve();
        await released.promise;
        isDeadly = end === 'dies';
        return undefined;
      };
      const slow = world.run();
      await reached.promise;
      await world.add({ device, columns: late, first: 2 });
      expect(await world.run()).toMatchObject({ hours: 1, days: 1, failed: 0 });
      released.resolve();
      await slow.catch(() => undefined);
      world.watch = undefined;
      expect(await world.points(device)).toStrictEqual(expected);
      expect(await world.run()).toMatchObject({ failed: 0, done: true });
      await world.passHotDays(device);
      expect(await world.points(device)).toStrictEqual(expected);
      const accounts = readAccounts(world.measurements, device, HOUR, HOUR + MICROS_PER_HOUR);
      expect(await Array.fromAsync(accounts)).toMatchObject([{ ledger: { messages: 2, received: 3 } }]);
    },
  );
});
