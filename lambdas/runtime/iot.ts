/** The identity of a device in AWS IoT: its certificate, its thing, and its connection. */

import { setTimeout as delay } from 'node:timers/promises';
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  DeleteCertificateCommand,
  DeleteThingCommand,
  DescribeEndpointCommand,
  DetachPolicyCommand,
  DetachThingPrincipalCommand,
  type IoTClient,
  UpdateCertificateCommand,
  UpdateThingCommand,
} from '@aws-sdk/client-iot';
import { DeleteConnectionCommand, type IoTDataPlaneClient } from '@aws-sdk/client-iot-data-plane';

export interface Certificate {
  readonly arn: string;
  readonly id: string;
  readonly pem: string;
}

/** AWS IoT does not take the certificate signing request. */
export class InvalidCsr extends Error {
  override readonly name = 'InvalidCsr';
}

/** A thing of this name exists with other attributes: it is not ours. */
export class ThingTaken extends Error {
  override readonly name = 'ThingTaken';
}

const named = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

/**
 * Has a certificate made. It is inactive, and so worth nothing, until everything about it is recorded: a crash
 * in between leaves no second certificate that could be used.
 * @throws {InvalidCsr}
 */
export const createCertificate = async (iot: IoTClient, csr: string): Promise<Certificate> => {
  try {
    const answer = await iot.send(
      new CreateCertificateFromCsrCommand({ certificateSigningRequest: csr, setAsActive: false }),
    );
    const { certificateArn: arn, certificateId: id, certificatePem: pem } = answer;
    if (!arn || !id || !pem) throw new Error('AWS IoT answered without a certificate');
    return { arn, id, pem };
  } catch (cause) {
    if (named(cause, 'InvalidRequestException')) throw new InvalidCsr('no valid PKCS #10 request', { cause });
    throw cause;
  }
};

/**
 * Gives a device its thing; the policy of devices reads the attribute `site`. Repeating it changes nothing.
 * @throws {ThingTaken}
 */
export const createThing = async (
  iot: IoTClient,
  thing: { readonly name: string; readonly site: string; readonly thingType: string },
): Promise<void> => {
  try {
    await iot.send(
      new CreateThingCommand({
        thingName: thing.name,
        attributePayload: { attributes: { site: thing.site } },
        thingTypeName: thing.thingType,
      }),
    );
  } catch (cause) {
    if (named(cause, 'ResourceAlreadyExistsException')) throw new ThingTaken(thing.name, { cause });
    throw cause;
  }
};

/** Tells AWS IoT where a device is now: the policy of devices lets it speak there, and nowhere else. */
export const moveThing = async (iot: IoTClient, thing: string, site: string): Promise<void> => {
  const attributePayload = { attributes: { site }, merge: true };
  await iot.send(new UpdateThingCommand({ thingName: thing, attributePayload }));
};

/** The certificate is not there any more. */
export class CertificateGone extends Error {
  override readonly name = 'CertificateGone';
}

/**
 * Ties a certificate to its thing and to the policy of devices, and makes it count. Repeating it changes nothing.
 * @throws {CertificateGone}
 */
export const activateIdentity = async (
  iot: IoTClient,
  { certificateArn, certificateId, thing, policy }: Identity,
): Promise<void> => {
  try {
    await iot.send(new AttachPolicyCommand({ policyName: policy, target: certificateArn }));
    await iot.send(new AttachThingPrincipalCommand({ thingName: thing, principal: certificateArn }));
    await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: 'ACTIVE' }));
  } catch (cause) {
    throw named(cause, 'ResourceNotFoundException') ? new CertificateGone(certificateId, { cause }) : cause;
  }
};

/** What a device is in AWS IoT. */
export interface Identity {
  readonly certificateArn: string;
  readonly certificateId: string;
  readonly thing: string;
  /** Of all devices. */
  readonly policy: string;
}

/** Whatever is not there any more needs no taking away. */
const unlessGone = async (call: Promise<unknown>): Promise<void> => {
  try {
    await call;
  } catch (error) {
    if (!named(error, 'ResourceNotFoundException')) throw error;
  }
};

/** Makes a certificate count never again. */
export const revokeCertificate = (iot: IoTClient, certificateId: string): Promise<void> =>
  unlessGone(iot.send(new UpdateCertificateCommand({ certificateId, newStatus: 'REVOKED' })));

/** What was detached is still attached, for some seconds elsewhere in AWS IoT, or again. */
export class StillAttached extends Error {
  override readonly name = 'StillAttached';
}

/** Errors that say so: of a certificate with a policy or a thing, of an active one, and of a thing. */
const STILL_ATTACHED = ['DeleteConflictException', 'CertificateStateException', 'InvalidRequestException'];
const TRIES = 5;
const FIRST_PAUSE_MILLIS = 200;

const tryToRemove = async (iot: IoTClient, device: Identity): Promise<void> => {
  const { certificateArn, certificateId, thing, policy } = device;
  await revokeCertificate(iot, certificateId);
  await unlessGone(iot.send(new DetachPolicyCommand({ policyName: policy, target: certificateArn })));
  const tie = { thingName: thing, principal: certificateArn };
  await unlessGone(iot.send(new DetachThingPrincipalCommand(tie)));
  await unlessGone(iot.send(new DeleteCertificateCommand({ certificateId })));
};

const untilApart = async (thing: string, remove: () => Promise<void>): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await remove();
    } catch (cause) {
      if (!STILL_ATTACHED.some((name) => named(cause, name))) throw cause;
      if (tries === TRIES) throw new StillAttached(thing, { cause });
      await delay(FIRST_PAUSE_MILLIS * 2 ** (tries - 1));
    }
  }
};

/**
 * Revokes a certificate of a device, takes it from its policy and its thing, and removes it. Repeating it changes nothing.
 * @throws {StillAttached} when it has to be repeated later
 */
export const removeCertificate = (iot: IoTClient, device: Identity): Promise<void> =>
  untilApart(device.thing, () => tryToRemove(iot, device));

/**
 * Does that with all certificates of a device, and removes its thing. Repeating it changes nothing.
 * @throws {StillAttached} when it has to be repeated later
 */
export const removeIdentities = async (
  iot: IoTClient,
  thing: string,
  certificates: readonly Identity[],
): Promise<void> => {
  for (const certificate of certificates) await removeCertificate(iot, certificate);
  await untilApart(thing, () => unlessGone(iot.send(new DeleteThingCommand({ thingName: thing }))));
};

/** Cuts the connection of a client; one that is not connected is fine. */
export const disconnect = async (iotData: IoTDataPlaneClient, clientId: string): Promise<void> => {
  await unlessGone(iotData.send(new DeleteConnectionCommand({ clientId })));
};

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

const MQTT_TLS_PORT = 8883;

/** Where devices connect. The address carries a port only where the broker does not listen on 8883. */
export const brokerAddress = async (iot: IoTClient): Promise<BrokerAddress> => {
  const { endpointAddress } = await iot.send(new DescribeEndpointCommand({ endpointType: 'iot:Data-ATS' }));
  if (!endpointAddress) throw new Error('AWS IoT answered without an endpoint');
  const { hostname, port } = new URL(`mqtts://${endpointAddress}`);
  return { host: hostname, port: port === '' ? MQTT_TLS_PORT : Number(port) };
};
