/**
 * Retirement of a device, resumable after every step: `retiring` is recorded first, then its certificates are
 * revoked, then the connection cut (a client with a revoked certificate cannot come back), then certificate and thing
 * are removed, then `retired` recorded. What certified the device stays in the registry.
 */
import type { Device } from '../../../contracts/resources/devices.ts';
import { requireMatch } from '../../runtime/http/etag.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { disconnect, removeIdentities, revokeCertificate, StillAttached } from '../../runtime/iot.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import { replaceDevice, type StoredDevice } from '../../store/registry/devices.ts';
import { type Context, identitiesOf } from './context.ts';

const advance = async (
  context: Context,
  stored: StoredDevice,
  state: Device['state'],
  now: Date,
): Promise<StoredDevice> => {
  const { device } = stored;
  const next = {
    ...stored,
    device: { ...device, state, updatedAt: now.toISOString(), version: device.version + 1 },
  };
  try {
    await replaceDevice(context.registry, next);
  } catch (cause) {
    throw cause instanceof ConditionFailed ? new ProblemError('precondition-failed', { cause }) : cause;
  }
  return next;
};

/** @throws {ProblemError} `unavailable` while AWS IoT does not know yet that certificate and thing are apart */
export const whenApart = async (remove: () => Promise<void>): Promise<void> => {
  try {
    await remove();
  } catch (cause) {
    if (!(cause instanceof StillAttached)) throw cause;
    throw new ProblemError('unavailable', { headers: { 'retry-after': '5' }, cause });
  }
};

/**
 * Retires a device, or goes on where an earlier request stopped. Retiring is for good, so once it has begun the
 * repeated request needs no newer ETag than the one it began with.
 * @throws {ProblemError} `precondition-required` or `precondition-failed`
 */
export const retire = async (
  context: Context,
  found: StoredDevice,
  ifMatch: string | undefined,
  now: Date,
): Promise<Device> => {
  const { state, version } = found.device;
  if (state === 'retired') return found.device;
  requireMatch(state === 'retiring' && ifMatch !== undefined ? '*' : ifMatch, version);
  const retiring = state === 'retiring' ? found : await advance(context, found, 'retiring', now);
  const identities = identitiesOf(context, retiring);
  for (const { certificateId } of identities) await revokeCertificate(context.iot, certificateId);
  await disconnect(context.iotData, retiring.device.id);
  await whenApart(() => removeIdentities(context.iot, retiring.device.id, identities));
  return (await advance(context, retiring, 'retired', now)).device;
};
