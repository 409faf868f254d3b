/** Messages of devices as a stream hands them to `ingest`. */
import type {
  Context,
  KinesisStreamBatchResponse,
  KinesisStreamEvent,
  KinesisStreamRecord,
} from 'aws-lambda';
import { SITE } from './registry.ts';

/** How far the two numbers in the documentation of PutRecords lie apart. */
const STEP = 2_564_131_663_402_632_534_000_926_720n;
let sequence = 49_545_115_243_490_985_018_280_067_714_973_144_582_180_062_593_244_200_961n;

/** @param second of its arrival, since the epoch */
export const recordOf = (device: string, second: number, payload: Uint8Array): KinesisStreamRecord => {
  sequence += STEP;
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: `${SITE}/${device}`,
      sequenceNumber: String(sequence),
      data: Buffer.from(payload).toString('base64'),
      approximateArrivalTimestamp: second,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000000:${sequence}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn',
    awsRegion: 'us-east-1',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/bench',
  };
};

export const CONTEXT = {
  awsRequestId: 'bench',
  functionName: 'bench',
  getRemainingTimeInMillis: () => 600_000,
} as Context;

export type Ingest = (event: KinesisStreamEvent, context: Context) => Promise<KinesisStreamBatchResponse>;

/** @throws when a record is to come again */
export const take = async (ingest: Ingest, Records: KinesisStreamRecord[]): Promise<void> => {
  const { batchItemFailures } = await ingest({ Records }, CONTEXT);
  if (batchItemFailures.length > 0) throw new Error('the bench lost data');
};
