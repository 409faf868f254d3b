/** What queries need to know of devices: the channels of their types. */
import type { Channel } from '../../../contracts/resources/instrument-types.ts';
import { allowed, type Principal } from '../../../contracts/roles.ts';
import { visible } from '../../runtime/http/scope.ts';
import { listDevices } from '../../store/registry/devices.ts';
import { deviceListKey, type Registry } from '../../store/registry/keys.ts';
import { type RegistryExtract, readRegistry } from '../../store/registry/lookup.ts';

/** A device and its channels by name. */
export interface Instrument {
  readonly id: string;
  readonly channels: Readonly<Record<string, Channel>>;
}

/** A device with its site. */
interface SitedInstrument extends Instrument {
  readonly site: string;
}

const SEE = 'series:read';

/** The type of each device when it was read last. It is read together with the device: most likely it is the same. */
const usual = new Map<string, string>();
const MOST_USUAL = 10_000;

const remember = (devices: Iterable<{ readonly id: string; readonly type: string }>): void => {
  if (usual.size > MOST_USUAL) usual.clear();
  for (const { id, type } of devices) usual.set(id, type);
};

/** @param known types that are read already */
const withChannels = async (
  registry: Registry,
  devices: readonly { readonly id: string; readonly site: string; readonly type: string }[],
  known: RegistryExtract['types'] = new Map(),
): Promise<SitedInstrument[]> => {
  const missing = devices.flatMap(({ type }) => (known.has(type) ? [] : [type]));
  const { types } = await readRegistry(registry, { devices: [], types: missing });
  return devices.map(({ id, site, type }) => {
    const channels = (known.get(type) ?? types.get(type))?.channels;
    // Types are never deleted: a device without one is a bug.
    if (channels === undefined) throw new Error(`device ${id} is of type ${type}, which does not exist`);
    return { id, site, channels };
  });
};

/**
 * Reads devices that a caller may see, in the order given, and their types. It takes one read where the types are the
 * same as last time.
 * @param ids each once
 * @throws {ProblemError} `not-found` when one is not there or not to be seen
 */
export const instrumentsFor = async (
  registry: Registry,
  ids: readonly string[],
  principal: Principal,
): Promise<SitedInstrument[]> => {
  const guessed = ids.flatMap((id) => usual.get(id) ?? []);
  const { devices, types } = await readRegistry(registry, { devices: ids, types: guessed });
  remember(devices.values());
  return await withChannels(
    registry,
    ids.map((id) => visible(devices.get(id), principal, { see: SEE })),
    types,
  );
};

/** A part of the devices of a site. */
export interface SitePart {
  readonly instruments: readonly Instrument[];
  /** The device to go on after; `undefined` at the end. */
  readonly last: string | undefined;
}

/**
 * Reads devices of a site in order of their identifiers. A site that the caller may not see looks like one without
 * devices.
 * @param after a device, excluded
 * @param limit devices at most
 */
export const instrumentsAt = async (
  registry: Registry,
  {
    site,
    after,
    limit,
  }: { readonly site: string; readonly after: string | undefined; readonly limit: number },
  principal: Principal,
): Promise<SitePart> => {
  if (!allowed(principal, SEE, site)) return { instruments: [], last: undefined };
  const start = after === undefined ? undefined : deviceListKey(site, after);
  // One more is read, to know whether there is a next page at all. A Query may end sooner, and says so.
  const range = { site, after: start, type: undefined, state: undefined, limit: limit + 1 };
  const { devices, seen } = await listDevices(registry, range);
  const given = devices.slice(0, limit);
  return {
    instruments: await withChannels(registry, given),
    last: devices.length > limit || seen !== undefined ? given.at(-1)?.id : undefined,
  };
};
