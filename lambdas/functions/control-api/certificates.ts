/**
 * Another certificate for a device, and the end of one. Both are resumable after every step.
 *
 * | step                                     | a crash after it leaves                                     |
 * | ---------------------------------------- | ----------------------------------------------------------- |
 * | certificate made, inactive               | a certificate that counts for nothing                       |
 * | recorded as `pending`                    | the record that a request of the same key goes on from      |
 * | policy, tie, active                      | nothing new: all are repeated without effect                |
 * | recorded as `active`                     | the whole                                                   |
 * | revoked, connection cut, removed         | one that counts no more; the repeated request goes on       |
 * | recorded as `revoked`                    | the whole                                                   |
 */
import { X509Certificate } from 'node:crypto';
import { renewBefore } from '../../../contracts/resources/certificates.ts';
import type { Principal } from '../../../contracts/roles.ts';
import {
  currentOf,
  isLive,
  type KeptCertificate,
  MOST_CERTIFICATES,
  withCertificate,
} from '../../domain/devices/certificates.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import {
  activateIdentity,
  CertificateGone,
  disconnect,
  removeCertificate,
  revokeCertificate,
} from '../../runtime/iot.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import {
  certificatesOf,
  readDevice,
  replaceDevice,
  type StoredDevice,
} from '../../store/registry/devices.ts';
import { readConnectedBy } from '../../store/registry/presence.ts';
import { certify, csrOf } from './certify.ts';
import { type Context, identityBy } from './context.ts';
import { keyOfCsr } from './csr.ts';
import { whenApart } from './retire.ts';

interface By {
  readonly principal: Principal;
  readonly now: Date;
}

/** A device with other certificates. */
const holding = (
  { device, enrolment, ...rest }: StoredDevice,
  certificates: readonly KeptCertificate[],
  now: Date,
): StoredDevice => {
  const { certificateId: _id, renewBefore: _before, ...others } = device;
  const current = currentOf(certificates);
  return {
    ...rest,
    device: {
      ...others,
      ...(current === undefined
        ? {}
        : { certificateId: current.id, renewBefore: renewBefore(current.createdAt) }),
      updatedAt: now.toISOString(),
      version: device.version + 1,
    },
    enrolment: { ...enrolment, certificates: [...certificates] },
  };
};

/**
 * Records a change of the certificates, over whatever others change meanwhile.
 * @param change what they are then; throws when it may not be made any more
 */
const record = async (
  { registry }: Context,
  found: StoredDevice,
  now: Date,
  change: (stored: StoredDevice) => readonly KeptCertificate[],
): Promise<StoredDevice> => {
  let stored = found;
  for (;;) {
    const next = holding(stored, change(stored), now);
    try {
      await replaceDevice(registry, next);
      return next;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const latest = await readDevice(registry, found.device.id);
      if (latest === undefined) throw error;
      stored = latest;
    }
  }
};

/** @throws {ProblemError} `device-retired` or `device-busy` */
const requireActive = ({ device: { state } }: StoredDevice): void => {
  if (state === 'retiring' || state === 'retired') throw new ProblemError('device-retired');
  if (state !== 'active') throw new ProblemError('device-busy', { detail: 'its registration is unfinished' });
};

/** The certificates with another one that is being made. */
const withPending = (stored: StoredDevice, pending: KeptCertificate): readonly KeptCertificate[] => {
  requireActive(stored);
  const all = certificatesOf(stored);
  if (all.filter(isLive).length >= MOST_CERTIFICATES) throw new ProblemError('too-many-certificates');
  return withCertificate(all, pending);
};

const begin = async (
  context: Context,
  found: StoredDevice,
  csr: string,
  { principal, now }: By,
): Promise<{ readonly stored: StoredDevice; readonly pending: KeptCertificate }> => {
  // Before a certificate is made for nothing.
  if (certificatesOf(found).filter(isLive).length >= MOST_CERTIFICATES)
    throw new ProblemError('too-many-certificates');
  const { id, arn, pem } = await certify(context, csr);
  const pending: KeptCertificate = {
    id,
    arn,
    pem,
    state: 'pending',
    createdAt: now.toISOString(),
    createdBy: principal.name,
  };
  try {
    return { stored: await record(context, found, now, (stored) => withPending(stored, pending)), pending };
  } catch (error) {
    if (error instanceof ProblemError)
      await removeCertificate(context.iot, identityBy(context, found.device.id, pending));
    throw error;
  }
};

/**
 * Gives a device another certificate, or goes on where a request of the same key stopped.
 * @throws {ProblemError} `device-retired`, `device-busy`, `too-many-certificates`, `invalid-csr`, or `conflict` for a key
 * whose certificate was revoked
 */
export const issueCertificate = async (
  context: Context,
  found: StoredDevice,
  text: string,
  by: By,
): Promise<KeptCertificate> => {
  requireActive(found);
  const csr = csrOf(text);
  const key = keyOfCsr(csr);
  const same = certificatesOf(found).find(({ pem }) => new X509Certificate(pem).publicKey.equals(key));
  if (same?.state === 'active') return same;
  if (same?.state === 'revoked')
    throw new ProblemError('conflict', {
      detail: 'the certificate of this key was revoked: make another key',
    });
  const { stored, pending } =
    same === undefined ? await begin(context, found, csr, by) : { stored: found, pending: same };
  const identity = identityBy(context, found.device.id, pending);
  try {
    await activateIdentity(context.iot, identity);
  } catch (cause) {
    throw cause instanceof CertificateGone
      ? new ProblemError('conflict', { detail: 'it was revoked meanwhile', cause })
      : cause;
  }
  const active: KeptCertificate = { ...pending, state: 'active' };
  try {
    await record(context, stored, by.now, (latest) => {
      requireActive(latest);
      const now = certificatesOf(latest).find(({ id }) => id === pending.id);
      if (now === undefined || now.state === 'revoked')
        throw new ProblemError('conflict', { detail: 'it was revoked meanwhile' });
      return withCertificate(certificatesOf(latest), active);
    });
  } catch (error) {
    // What was revoked or retired while it was being made active stays so.
    if (error instanceof ProblemError) await revokeCertificate(context.iot, pending.id);
    throw error;
  }
  return active;
};

/**
 * Revokes a certificate, or goes on where an earlier request stopped.
 * @throws {ProblemError} `not-found`, or `unavailable` while AWS IoT does not know yet that it is apart from its thing
 */
export const revoke = async (
  context: Context,
  found: StoredDevice,
  id: string,
  { principal, now }: By,
): Promise<KeptCertificate> => {
  const kept = certificatesOf(found).find((each) => each.id === id);
  if (kept === undefined) throw new ProblemError('not-found', { site: found.device.site });
  if (kept.state === 'revoked') return kept;
  const thing = found.device.id;
  await revokeCertificate(context.iot, id);
  const { isOnline, certificateId } = await readConnectedBy(context.registry, thing);
  // A device that has come back by another certificate is left alone.
  if (!isOnline || certificateId === undefined || certificateId === id)
    await disconnect(context.iotData, thing);
  await whenApart(() => removeCertificate(context.iot, identityBy(context, thing, kept)));
  const revoked: KeptCertificate = {
    ...kept,
    state: 'revoked',
    revokedAt: now.toISOString(),
    revokedBy: principal.name,
  };
  await record(context, found, now, (stored) => withCertificate(certificatesOf(stored), revoked));
  return revoked;
};
