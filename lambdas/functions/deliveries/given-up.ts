/** What the failure destination of the stream's event source mapping keeps: a batch that was given up, whole. */
import * as z from 'zod';
import { parsePartitionKey } from '../../../contracts/messages/topics.ts';
import type { QuarantineEntry } from '../../store/objects/quarantine.ts';
import { entryOf } from './entry.ts';

const event = z.object({
  Records: z
    .array(
      z.object({
        eventID: z.string(),
        eventSourceARN: z.string(),
        kinesis: z.object({
          partitionKey: z.string(),
          sequenceNumber: z.string().regex(/^\d{1,129}$/),
          data: z.base64(),
          approximateArrivalTimestamp: z.number(),
        }),
      }),
    )
    .min(1),
});

/**
 * Source: "Retain discarded batch records for a Kinesis Data Streams event source in Lambda", AWS Lambda developer
 * guide. That shows the event as text; the service has been seen to write it as an object.
 */
const invocation = z.object({
  requestContext: z.object({ condition: z.string() }),
  payload: z.union([event, z.string().transform((text) => event.parse(JSON.parse(text)))]),
});

/**
 * The messages of a batch that was given up.
 * @throws {z.ZodError} or {@link SyntaxError} for what is no such batch
 */
export const givenUpEntries = (text: string): readonly QuarantineEntry[] => {
  const { requestContext, payload } = invocation.parse(JSON.parse(text));
  return payload.Records.map(({ eventID, eventSourceARN: stream, kinesis }) =>
    entryOf(
      {
        origin: parsePartitionKey(kinesis.partitionKey),
        partitionKey: kinesis.partitionKey,
        stream,
        shard: eventID.slice(0, eventID.indexOf(':')),
        sequence: kinesis.sequenceNumber,
        // Seconds with milliseconds after the point.
        arrived: Math.round(kinesis.approximateArrivalTimestamp * 1000) * 1000,
        bytes: Buffer.from(kinesis.data, 'base64'),
      },
      'delivery-gave-up',
      requestContext.condition,
    ),
  );
};
