/**
 * Clients of AWS services, with time limits. The environment gives region, credentials and, on one's own
 * computer, `AWS_ENDPOINT_URL`: the code is the same everywhere. Made once per environment, at module level;
 * the clients hold no state of a request and tolerate concurrent use.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IoTClient } from '@aws-sdk/client-iot';
import { IoTDataPlaneClient } from '@aws-sdk/client-iot-data-plane';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** How long and how often a client tries. */
export interface ClientLimits {
  /** Tries of one call, the first included. */
  readonly maxAttempts?: number;
  /** Milliseconds for a whole request. */
  readonly requestMillis?: number;
  /** Connections kept at most. */
  readonly sockets?: number;
}

const settings = ({ maxAttempts = 4, requestMillis = 5000, sockets = 50 }: ClientLimits) => ({
  maxAttempts,
  requestHandler: new NodeHttpHandler({
    connectionTimeout: 1000,
    requestTimeout: requestMillis,
    // Without this the SDK only logs a warning when the time is up.
    throwOnRequestTimeout: true,
    httpAgent: { keepAlive: true, maxSockets: sockets },
    httpsAgent: { keepAlive: true, maxSockets: sockets },
  }),
});

export const dynamoClient = (limits: ClientLimits = {}): DynamoDBClient => {
  const client = new DynamoDBClient(settings(limits));
  // It copies every item for a log that nobody reads: a tenth of the time of a batch.
  client.middlewareStack.remove('loggerMiddleware');
  return client;
};

export const iotClient = (limits: ClientLimits = {}): IoTClient => new IoTClient(settings(limits));

/** Its default endpoint, `data-ats.iot.{region}.amazonaws.com`, is the account's own: no look-up. */
export const iotDataClient = (limits: ClientLimits = {}): IoTDataPlaneClient =>
  new IoTDataPlaneClient(settings(limits));
