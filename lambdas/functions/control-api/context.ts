/** What the handlers of `control-api` work with. */
import type { iotClient, iotDataClient } from '../../runtime/clients.ts';
import type { BrokerAddress } from '../../runtime/iot.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../store/registry/keys.ts';

export interface Context {
  readonly registry: Registry;
  readonly iot: ReturnType<typeof iotClient>;
  readonly iotData: ReturnType<typeof iotDataClient>;
  /** Name of the IoT policy of devices. */
  readonly policy: string;
  /** Name of the IoT thing type of new things. */
  readonly thingType: string;
  /** Where devices connect; asked once. */
  readonly broker: () => Promise<BrokerAddress>;
  /** PEM bundle that devices trust the broker by; read once. */
  readonly roots: () => Promise<string>;
  readonly logger: Logger;
}
