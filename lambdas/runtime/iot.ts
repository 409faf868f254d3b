/** The identity of a device in AWS IoT: its certificate, its thing, and its connection. */
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  DescribeEndpointCommand,
  type IoTClient,
  UpdateCertificateCommand,
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

/** Ties a certificate to its thing and to the policy of devices. Repeating it changes nothing. */
export const attachCertificate = async (
  iot: IoTClient,
  { certificateArn, thing, policy }: { certificateArn: string; thing: string; policy: string },
): Promise<void> => {
  await iot.send(new AttachPolicyCommand({ policyName: policy, target: certificateArn }));
  await iot.send(new AttachThingPrincipalCommand({ thingName: thing, principal: certificateArn }));
};

/** Makes a certificate count, or never again. */
export const setCertificate = async (
  iot: IoTClient,
  certificateId: string,
  status: 'ACTIVE' | 'REVOKED',
): Promise<void> => {
  await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: status }));
};

/** Cuts the connection of a client; one that is not connected is fine. */
export const disconnect = async (iotData: IoTDataPlaneClient, clientId: string): Promise<void> => {
  try {
    await iotData.send(new DeleteConnectionCommand({ clientId }));
  } catch (error) {
    if (!named(error, 'ResourceNotFoundException')) throw error;
  }
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
