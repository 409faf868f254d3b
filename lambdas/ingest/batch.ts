/** A batch of a stream as runs: the records of each device, in the order of the shard. */
import { crc32 } from 'node:zlib';
import type { KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import { type Origin, parsePartitionKey } from '../../contracts/topics.ts';
import type { Arrival } from '../domain/run.ts';

/** The records of one partition key. */
export interface DeviceRun {
  readonly partitionKey: string;
  /** `undefined` where the key names no site and device. */
  readonly origin: Origin | undefined;
  readonly stream: string;
  readonly shard: string;
  /** Names the shard and its stream in keys and marks. */
  readonly lane: string;
  /** Place in the batch of its first record. */
  readonly place: number;
  readonly arrivals: Arrival[];
}

/** `1a2b3c4d.7`: a stream made anew under another name is another lane. */
const laneOf = (stream: string, shard: string): string =>
  `${crc32(stream).toString(16).padStart(8, '0')}.${shard.replace(/^shardId-0*(?=\d)/, '')}`;

const toArrival = ({ kinesis }: KinesisStreamRecord): Arrival => ({
  sequence: kinesis.sequenceNumber,
  // Seconds with milliseconds after the point.
  arrived: Math.round(kinesis.approximateArrivalTimestamp * 1000) * 1000,
  bytes: Buffer.from(kinesis.data, 'base64'),
});

/** Groups a batch by partition key. */
export const toRuns = ({ Records }: KinesisStreamEvent): DeviceRun[] => {
  const runs = new Map<string, DeviceRun>();
  for (const [place, record] of Records.entries()) {
    const { partitionKey } = record.kinesis;
    let run = runs.get(partitionKey);
    if (run === undefined) {
      const stream = record.eventSourceARN;
      const shard = record.eventID.slice(0, record.eventID.indexOf(':'));
      const lane = laneOf(stream, shard);
      run = {
        partitionKey,
        origin: parsePartitionKey(partitionKey),
        stream,
        shard,
        lane,
        place,
        arrivals: [],
      };
      runs.set(partitionKey, run);
    }
    run.arrivals.push(toArrival(record));
  }
  return [...runs.values()];
};
