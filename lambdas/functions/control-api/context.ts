/** What the handlers of `control-api` work with. */
import { basicIngest, downstream, upstream } from '../../../contracts/messages/topics.ts';
import type { Device, DeviceTopics } from '../../../contracts/resources/devices.ts';
import type { KeptCertificate } from '../../domain/devices/certificates.ts';
import type { iotClient, iotDataClient } from '../../runtime/clients.ts';
import type { BrokerAddress, Identity } from '../../runtime/iot.ts';
import type { Logger } from '../../runtime/logger.ts';
import { certificatesOf, type StoredDevice } from '../../store/registry/devices.ts';
import type { Registry } from '../../store/registry/keys.ts';

export interface Context {
  readonly registry: Registry;
  readonly iot: ReturnType<typeof iotClient>;
  readonly iotData: ReturnType<typeof iotDataClient>;
  /** Name of the IoT policy of devices. */
  readonly policy: string;
  /** Name of the IoT thing type of new things. */
  readonly thingType: string;
  /** Name of the topic rule that takes measurements. */
  readonly dataRule: string;
  /** Where devices connect; asked once. */
  readonly broker: () => Promise<BrokerAddress>;
  /** PEM bundle that devices trust the broker by; read once. */
  readonly roots: () => Promise<string>;
  readonly logger: Logger;
}

/** Where a device speaks and listens. */
export const topicsOf = ({ dataRule }: Pick<Context, 'dataRule'>, { site, id }: Device): DeviceTopics => {
  const origin = { site, device: id };
  return {
    data: upstream.data(origin),
    basicIngest: basicIngest(dataRule, upstream.data(origin)),
    ack: downstream.ack(origin),
    errors: downstream.errors(origin),
    commands: downstream.command(origin, '+'),
  };
};

/** What a device is in AWS IoT by one of its certificates. */
export const identityBy = (
  { policy }: Pick<Context, 'policy'>,
  thing: string,
  { arn, id }: Pick<KeptCertificate, 'arn' | 'id'>,
): Identity => ({ certificateArn: arn, certificateId: id, thing, policy });

/** What a device is in AWS IoT, by each of its certificates. */
export const identitiesOf = (context: Pick<Context, 'policy'>, stored: StoredDevice): Identity[] =>
  certificatesOf(stored).map((certificate) => identityBy(context, stored.device.id, certificate));
