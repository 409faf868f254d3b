/** Tests of compaction: those of a file share a world, and each has a device of its own in it. */
import { test } from 'vitest';
import { startWorld } from './world.ts';

let number = 0;

export const it = test
  /** What is set otherwise than {@link startWorld} sets it. */
  .extend('environment', { scope: 'file' }, (): Record<string, string> => ({}))
  .extend('world', { scope: 'file' }, async ({ environment }, { onCleanup }) => {
    const world = await startWorld(environment);
    onCleanup(() => world.close());
    return world;
  })
  .extend('device', async ({ world }) => {
    const device = `device-${++number}`;
    await world.addDevice(device);
    return device;
  })
  .extend('unwatched', { auto: true }, ({ world }) => {
    world.watch = undefined;
  });
