/**
 * Move of a device to another site, resumable after every step.
 *
 * | step                                      | a crash after it leaves                                        |
 * | ----------------------------------------- | -------------------------------------------------------------- |
 * | registry: the new site, the old one open  | a device of the new site whose data of both sites are taken      |
 * | AWS IoT: the thing is of the new site     | the old topics are refused                                      |
 * | its connection cut                        | it has to connect anew                                          |
 * | registry: the old one closed              | the whole: what arrived at the old site until then is taken      |
 */
import type { Device } from '../../../contracts/resources/devices.ts';
import type { Principal } from '../../../contracts/roles.ts';
import { isOver } from '../../domain/commands/kept-command.ts';
import { movingFrom, withMoveBegun, withMoveDone } from '../../domain/devices/former-sites.ts';
import { requireMatch } from '../../runtime/http/etag.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { disconnect, moveThing } from '../../runtime/iot.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import { readOpen } from '../../store/registry/command-places.ts';
import { readCommands } from '../../store/registry/commands.ts';
import { readDevice, replaceDevice, type StoredDevice } from '../../store/registry/devices.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { readLease } from '../../store/registry/leases.ts';
import type { Context } from './context.ts';

/** Every site that a move is about: where the device was, is, and is to be. */
export const sitesOfMove = ({ device, formerSites }: StoredDevice, to: string): string[] => [
  ...new Set([movingFrom(formerSites) ?? device.site, device.site, to]),
];

const busy = (detail: string): ProblemError => new ProblemError('device-busy', { detail });

/** @throws {ProblemError} `device-busy` or `leased` while somebody works with the device */
const requireIdle = async (
  registry: Registry,
  { id }: Device,
  { principal, now }: { readonly principal: Principal; readonly now: Date },
): Promise<void> => {
  const [places, lease] = await Promise.all([readOpen(registry, id), readLease(registry, id, now)]);
  const open = (await readCommands(registry, places)).filter((command) => !isOver(command));
  // It would be sent where the device does not listen any more.
  if (open.length > 0)
    throw busy(
      `commands are open: wait for them or cancel them: ${open.map(({ command }) => command.id).join(', ')}`,
    );
  if (lease !== undefined && lease.holder.subject !== principal.subject) throw new ProblemError('leased');
};

const begin = async (
  registry: Registry,
  found: StoredDevice,
  to: string,
  now: Date,
): Promise<StoredDevice> => {
  const { device, formerSites } = found;
  const next = {
    ...found,
    device: { ...device, site: to, updatedAt: now.toISOString(), version: device.version + 1 },
    formerSites: withMoveBegun(formerSites, device.site),
  };
  try {
    await replaceDevice(registry, next);
  } catch (cause) {
    throw cause instanceof ConditionFailed ? new ProblemError('precondition-failed', { cause }) : cause;
  }
  return next;
};

/** Closes the old site, over whatever others changed meanwhile. */
const finish = async (registry: Registry, begun: StoredDevice, now: Date): Promise<Device> => {
  let stored = begun;
  while (movingFrom(stored.formerSites) !== undefined) {
    const device = { ...stored.device, version: stored.device.version + 1 };
    const formerSites = withMoveDone(stored.formerSites, now.getTime() * 1000);
    try {
      await replaceDevice(registry, { ...stored, device, formerSites });
      return device;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const found = await readDevice(registry, device.id);
      if (found === undefined) throw error;
      stored = found;
    }
  }
  return stored.device;
};

/**
 * Moves a device, or goes on where an earlier request stopped: that needs no newer ETag than the one it began with.
 * @throws {ProblemError} `precondition-required`, `precondition-failed`, `device-retired`, `device-busy` or `leased`
 */
export const moveDevice = async (
  { registry, iot, iotData }: Context,
  found: StoredDevice,
  to: string,
  by: { readonly ifMatch: string | undefined; readonly principal: Principal; readonly now: Date },
): Promise<Device> => {
  const { device, formerSites } = found;
  const isUnderWay = movingFrom(formerSites) !== undefined;
  if (device.state === 'retiring' || device.state === 'retired') throw new ProblemError('device-retired');
  if (device.site === to && !isUnderWay) return device;
  if (device.site !== to) {
    requireMatch(by.ifMatch, device.version);
    if (isUnderWay) throw busy(`its move to ${device.site} is unfinished: repeat that one first`);
    if (device.state !== 'active') throw busy('its registration is unfinished');
    await requireIdle(registry, device, by);
  }
  const begun = device.site === to ? found : await begin(registry, found, to, by.now);
  await moveThing(iot, device.id, to);
  await disconnect(iotData, device.id);
  return await finish(registry, begun, by.now);
};
