/** What queries need to know of devices: site, and the channels of their types. */
import type { Channel } from '../../contracts/instrument-types.ts';
import type { Principal } from '../../contracts/roles.ts';
import { visible } from '../runtime/http/scope.ts';
import { readDevice } from '../store/registry/devices.ts';
import type { Registry } from '../store/registry/keys.ts';
import { readType } from '../store/registry/types.ts';

/** A device and its channels by name. */
export interface Instrument {
  readonly id: string;
  readonly channels: Readonly<Record<string, Channel>>;
}

/**
 * Reads devices that a caller may see, in the order given.
 * @throws {ProblemError} `not-found` when one is not there or not to be seen
 */
export const instrumentsFor = async (
  registry: Registry,
  ids: readonly string[],
  principal: Principal,
): Promise<Instrument[]> => {
  const devices = await Promise.all(
    ids.map(async (id) =>
      visible((await readDevice(registry, id))?.device, principal, { see: 'series:read' }),
    ),
  );
  const types = new Map(
    await Promise.all(
      [...new Set(devices.map(({ type }) => type))].map(
        async (id) => [id, await readType(registry, id)] as const,
      ),
    ),
  );
  return devices.map(({ id, type }) => {
    const channels = types.get(type)?.channels;
    // Types are never taken away: a device without one is a fault of ours.
    if (channels === undefined) throw new Error(`device ${id} is of type ${type}, which does not exist`);
    return { id, channels };
  });
};
