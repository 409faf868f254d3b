/** A batch of a stream as runs: the records of each device, in the order of the shard. */
import { crc32 } from 'node:zlib';
import type { KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import { type Origin, parsePartitionKey } from '../../../contracts/messages/topics.ts';
import type { Arrival } from '../../domain/ingestion/arrival.ts';

/** The records of one partition key. */
export interface DeviceRun {
  readonly partitionKey: string;
  /** `undefined` where the key names no site and device. */
  readonly origin: Origin | undefined;
  readonly stream: string;
  readonly shard: string;
  /** Names the shard and its stream in keys and tasks. */
  readonly shardKey: string;
  /** Place in the batch of its first record. */
  readonly place: number;
  readonly arrivals: Arrival[];
}

/** Such as `1a2b3c4d.7`: with a hash of the stream's name, because a new stream counts its shards from 0 again. */
const shardKeyOf = (stream: string, shard: string): string =>
  `${crc32(stream).toString(16).padStart(8, '0')}.${shard.replace(/^shardId-0*(?=\d)/, '')}`;

const EMPTY = Buffer.alloc(0);

/** The bytes of all records, one after the other in one piece of memory: a thousand small ones cost more. */
const unpackAll = (records: readonly KinesisStreamRecord[]): Buffer[] => {
  let size = 0;
  for (const { kinesis } of records) size += Math.ceil((kinesis.data.length * 3) / 4);
  const memory = Buffer.allocUnsafeSlow(size);
  let end = 0;
  return records.map(({ kinesis }) => {
    const start = end;
    end += memory.write(kinesis.data, start, 'base64');
    return memory.subarray(start, end);
  });
};

/**
 * Records of one device that are taken at once. What is kept of a message is up to 79 bytes, when each begins a
 * session of its own, and has to fit an item of 400 KB together with up to 100 KB of points.
 */
const MAX_ARRIVALS = 3000;

/**
 * Groups a batch by partition key, up to the record with which one of them would have too many: that and all after it
 * are to come again.
 * @returns also the place of that record; `undefined` when all are taken
 */
export const toRuns = ({
  Records,
}: KinesisStreamEvent): { readonly runs: DeviceRun[]; readonly left: number | undefined } => {
  const runs = new Map<string, DeviceRun>();
  const contents = unpackAll(Records);
  let place = -1;
  for (const record of Records) {
    place += 1;
    const bytes = contents[place] ?? EMPTY;
    const { partitionKey, sequenceNumber: sequence, approximateArrivalTimestamp } = record.kinesis;
    let run = runs.get(partitionKey);
    if (run === undefined) {
      const stream = record.eventSourceARN;
      const shard = record.eventID.slice(0, record.eventID.indexOf(':'));
      const shardKey = shardKeyOf(stream, shard);
      run = {
        partitionKey,
        origin: parsePartitionKey(partitionKey),
        stream,
        shard,
        shardKey,
        place,
        arrivals: [],
      };
      runs.set(partitionKey, run);
    }
    if (run.arrivals.length === MAX_ARRIVALS) return { runs: [...runs.values()], left: place };
    // Seconds with milliseconds after the point.
    const arrived = Math.round(approximateArrivalTimestamp * 1000) * 1000;
    run.arrivals.push({ sequence, arrived, bytes });
  }
  return { runs: [...runs.values()], left: undefined };
};
