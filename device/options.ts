/** How a device is told to connect. */
import type { Registered } from '../contracts/resources/devices.ts';
import type { CommandHandlers } from './commands/handler.ts';
import type { RateLimits } from './rate-limit.ts';
import type { FileStoreOptions } from './store/file-store.ts';
import type { MessageStore } from './store/message-store.ts';

/** Where a device connects, as whom, and how it behaves. */
export interface DeviceOptions {
  readonly host: string;
  /** 8883, or 443 for MQTT by ALPN. */
  readonly port: number;
  /** PEM: whom to trust as the broker. */
  readonly ca: string;
  /** PEM: the device's certificate and private key. */
  readonly cert: string;
  readonly key: string;
  /** Name of the thing: AWS IoT Core applies the policy of a device to this client id only. */
  readonly clientId: string;
  readonly topics: Pick<Registered['topics'], 'data' | 'ack' | 'errors'>;
  /** Where messages wait until they are acknowledged; closed together with the device. */
  readonly store: FileStoreOptions | MessageStore;
  /**
   * What the device can be told to do, by name. What it was told is kept in the folder of the store, so that nothing is
   * done twice; in memory where the store has none. Absent: it does not listen for commands. Site and device are those
   * of `topics.data`.
   */
  readonly commands?: CommandHandlers;
  /** Publishes without their PUBACK at one time; AWS takes 100. Default 50. */
  readonly inFlight?: number;
  /** Default: the quotas of AWS IoT Core, with room for what comes the other way. */
  readonly rateLimit?: RateLimits;
  /** Wait for the durable acknowledgement before a message is repeated; grows up to 16-fold. Default 30 s. */
  readonly acknowledgeWithinMs?: number;
  /** First and longest bound of the wait before connecting again. Defaults 1 s and 60 s. */
  readonly reconnectBaseMs?: number;
  readonly reconnectMaxMs?: number;
  /** Seconds. Default 60. */
  readonly keepAlive?: number;
  /** How long a connection may take to be made. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** From 0 to below 1, for the jitter. */
  readonly random?: () => number;
}
