/**
 * Registration of a device, resumable after every step: each one can be repeated, and what the next one needs
 * is recorded before it.
 *
 * | step                                   | a crash after it leaves                                  |
 * | -------------------------------------- | -------------------------------------------------------- |
 * | certificate made, inactive             | a certificate that counts for nothing                    |
 * | device `registering`, with certificate | the record that the repeated request goes on from        |
 * | connection item, thing, policy, tie    | nothing new: all are repeated without effect             |
 * | certificate active                     | the one active certificate, tied to its thing            |
 * | device `active`                        | the whole; the repeated request gets the same answer     |
 */

import { renewBefore } from '../../../contracts/resources/certificates.ts';
import type { Device, Registered, Registration } from '../../../contracts/resources/devices.ts';
import { allowed, type Principal } from '../../../contracts/roles.ts';
import { digest } from '../../runtime/digest.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import {
  activateIdentity,
  CertificateGone,
  createThing,
  removeIdentities,
  revokeCertificate,
  ThingTaken,
} from '../../runtime/iot.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import { createDevice, readDevice, replaceDevice, type StoredDevice } from '../../store/registry/devices.ts';
import { createConnection } from '../../store/registry/presence.ts';
import { readType } from '../../store/registry/types.ts';
import { certify, csrOf } from './certify.ts';
import { type Context, identitiesOf, topicsOf } from './context.ts';

const begin = async (
  context: Context,
  { csr, ...described }: Registration,
  by: { readonly requestHash: string; readonly principal: Principal; readonly now: Date },
): Promise<StoredDevice> => {
  const certificate = await certify(context, csrOf(csr));
  const at = by.now.toISOString();
  const stored: StoredDevice = {
    device: {
      ...described,
      state: 'registering',
      certificateId: certificate.id,
      renewBefore: renewBefore(at),
      createdAt: at,
      createdBy: by.principal.name,
      updatedAt: at,
      version: 1,
    },
    enrolment: {
      requestHash: by.requestHash,
      certificateArn: certificate.arn,
      certificatePem: certificate.pem,
    },
    formerSites: [],
  };
  try {
    await createDevice(context.registry, stored);
    return stored;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const winner = await readDevice(context.registry, described.id);
    if (winner === undefined) throw error;
    // Another request was quicker, and this certificate will never count. (Or the write was this one's own, tried
    // again by the SDK after its answer was lost.)
    if (winner.device.certificateId !== certificate.id)
      context.logger.warn('certificate without a device', { certificateId: certificate.id });
    return winner;
  }
};

/** @throws {ProblemError} when what is registered under the identifier is not this very request */
const mine = (found: StoredDevice, requestHash: string, principal: Principal): StoredDevice => {
  const { state, site } = found.device;
  if (found.enrolment.requestHash !== requestHash || state === 'retiring' || state === 'retired') {
    const seen = allowed(principal, 'devices:read', site);
    throw new ProblemError(seen && state.startsWith('retir') ? 'device-retired' : 'conflict', {
      ...(seen && state === 'registering'
        ? { detail: 'another registration of it is unfinished: repeat that one, or retire the device' }
        : {}),
    });
  }
  return found;
};

/** Makes the last step, over whatever others changed meanwhile. */
const activate = async (
  context: Context,
  started: StoredDevice,
  by: { readonly requestHash: string; readonly principal: Principal; readonly now: Date },
): Promise<Device> => {
  let stored = started;
  while (stored.device.state === 'registering') {
    const device: Device = {
      ...stored.device,
      state: 'active',
      updatedAt: by.now.toISOString(),
      version: stored.device.version + 1,
    };
    try {
      await replaceDevice(context.registry, { ...stored, device });
      return device;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const now = await readDevice(context.registry, device.id);
      if (now === undefined) throw error;
      stored = now;
    }
  }
  // It was retired while its certificate was being made active: what was revoked stays revoked.
  if (stored.device.state !== 'active' && stored.device.certificateId !== undefined)
    await revokeCertificate(context.iot, stored.device.certificateId);
  return mine(stored, by.requestHash, by.principal).device;
};

const finish = async (
  context: Context,
  stored: StoredDevice,
  by: { readonly requestHash: string; readonly principal: Principal; readonly now: Date },
): Promise<Device> => {
  const { device } = stored;
  if (device.state === 'active') return device;
  const [identity] = identitiesOf(context, stored);
  if (identity === undefined) throw new Error(`device ${device.id} has no certificate`);
  await createConnection(context.registry, device.id);
  const thing = { name: device.id, site: device.site, thingType: context.thingType };
  await createThing(context.iot, thing).catch((cause: unknown) => {
    throw cause instanceof ThingTaken
      ? new ProblemError('conflict', { detail: 'AWS IoT holds another thing of this name', cause })
      : cause;
  });
  try {
    await activateIdentity(context.iot, identity);
  } catch (error) {
    if (!(error instanceof CertificateGone)) throw error;
    // It was retired meanwhile: what has been made since goes as well.
    await removeIdentities(context.iot, device.id, [identity]);
    return mine((await readDevice(context.registry, device.id)) ?? stored, by.requestHash, by.principal)
      .device;
  }
  return await activate(context, stored, by);
};

/**
 * Registers a device, or goes on where the same request stopped.
 * @throws {ProblemError} `forbidden`, `unknown-type`, `invalid-csr`, `conflict` or `device-retired`
 */
export const register = async (
  context: Context,
  request: Registration,
  principal: Principal,
  now: Date,
): Promise<Registered> => {
  if (!allowed(principal, 'devices:register', request.site))
    throw new ProblemError('forbidden', {
      detail: `the permission devices:register is needed at ${request.site}`,
    });
  const by = { requestHash: digest(request), principal, now };
  const [type, found, broker, roots] = await Promise.all([
    readType(context.registry, request.type),
    readDevice(context.registry, request.id),
    context.broker(),
    context.roots(),
  ]);
  if (type === undefined)
    throw new ProblemError('unknown-type', {
      errors: [{ pointer: '/type', detail: 'no such instrument type' }],
    });
  const stored = mine(found ?? (await begin(context, request, by)), by.requestHash, principal);
  const device = await finish(context, stored, by);
  return {
    device,
    certificate: stored.enrolment.certificatePem,
    ca: roots,
    endpoint: broker,
    clientId: device.id,
    topics: topicsOf(context, device),
  };
};
