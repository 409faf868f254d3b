/**
 * Retirement of a device, resumable after every step: `retiring` is recorded first, then the certificate is
 * revoked, then the connection cut (a client with a revoked certificate cannot come back), then `retired`
 * recorded.
 */
import type { Device } from '../../../contracts/resources/devices.ts';
import { requireMatch } from '../../runtime/http/etag.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { disconnect, setCertificate } from '../../runtime/iot.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import { replaceDevice, type StoredDevice } from '../../store/registry/devices.ts';
import type { Context } from './context.ts';

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
  const { id, certificateId } = retiring.device;
  if (certificateId !== undefined) await setCertificate(context.iot, certificateId, 'REVOKED');
  await disconnect(context.iotData, id);
  return (await advance(context, retiring, 'retired', now)).device;
};
