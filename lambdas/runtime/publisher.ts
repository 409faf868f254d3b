/** Messages to devices. */
import { PublishCommand } from '@aws-sdk/client-iot-data-plane';
import { type ClientLimits, iotDataClient } from './clients.ts';

/** Publishes a JSON document to a topic with QoS 1. */
export type Publish = (topic: string, document: unknown, signal?: AbortSignal) => Promise<void>;

export const createPublisher = (limits: ClientLimits = {}): Publish => {
  const client = iotDataClient(limits);
  return async (topic, document, signal) => {
    await client.send(
      new PublishCommand({ topic, qos: 1, payload: Buffer.from(JSON.stringify(document)) }),
      signal === undefined ? {} : { abortSignal: signal },
    );
  };
};
