/** One call at a time works: the schedule calls whether or not an earlier one is still at it. */
import { expect, onTestFinished, vi } from 'vitest';
import { it } from './it.ts';
import { column, HOUR } from './points.ts';

const NOTHING = { hours: 0, days: 0, failed: 0, done: false };
const temp = [column('temp', [[HOUR + 1, 1]])];

it('a call that comes while another is at work ends at once, and leaves it all the work', async ({
  world,
  device,
}) => {
  await world.add({ device, columns: temp, first: 1 });
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isFirst = true;
  world.watch = async ({ action }, when) => {
    if (when === 'after' || !isFirst || action !== 'dynamodb:PutItem') return undefined;
    isFirst = false;
    reached.resolve();
    await released.promise;
    return undefined;
  };
  const slow = world.call();
  await reached.promise;
  expect(await world.call()).toEqual(expect.objectContaining(NOTHING));
  released.resolve();
  expect(await slow).toMatchObject({ hours: 1, days: 1, failed: 0, done: true });
  world.watch = undefined;
  // It has given the lease back.
  await world.add({ device, columns: temp, first: 2 });
  expect(await world.call()).toMatchObject({ hours: 1, failed: 0 });
});

it('a call that has died holds the next one up no longer than it could have lived', async ({
  world,
  device,
}) => {
  await world.add({ device, columns: temp, first: 1 });
  world.watch = ({ action }) => (action === 'dynamodb:PutItem' ? 'die' : undefined);
  const begun = Date.now();
  vi.useFakeTimers({ now: begun, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  await world.call(20_000).catch(() => undefined);
  world.watch = undefined;
  vi.setSystemTime(begun + 19_000);
  expect(await world.call()).toMatchObject(NOTHING);
  vi.setSystemTime(begun + 21_000);
  expect(await world.call()).toMatchObject({ hours: 1, failed: 0, done: true });
});
