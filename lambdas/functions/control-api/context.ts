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
  readonly thingType: string | undefined;
  /** Where devices connect; asked once. */
  readonly broker: () => Promise<BrokerAddress>;
  /** PEM bundle that devices trust the broker by; read once. */
  readonly roots: () => Promise<string>;
  readonly logger: Logger;
}

/** Keeps what an asynchronous read gave; a failure is not kept, the next call tries again. */
export const once = <T>(read: () => Promise<T>): (() => Promise<T>) => {
  let kept: Promise<T> | undefined;
  return () => {
    kept ??= read().catch((error: unknown) => {
      kept = undefined;
      throw error;
    });
    return kept;
  };
};
