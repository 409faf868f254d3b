/** What a stream says of itself. */
import { AwsError } from '../../types.ts';
import type { Fields } from '../json.ts';
import { number, text } from '../json.ts';
import { hashRange, sequenceNumber } from './sequence.ts';
import type { Stream } from './stream.ts';

/** A record in a GetRecords reply. */
export interface RecordWire {
  readonly SequenceNumber: string;
  /** Seconds since the epoch. */
  readonly ApproximateArrivalTimestamp: number;
  readonly Data: string;
  readonly PartitionKey: string;
  readonly EncryptionType: string;
}

function common(stream: Stream) {
  const { name, arn, mode, retentionHours, keyArn } = stream.options;
  return {
    StreamName: name,
    StreamARN: arn,
    StreamStatus: 'ACTIVE',
    StreamModeDetails: { StreamMode: mode },
    RetentionPeriodHours: retentionHours,
    StreamCreationTimestamp: stream.createdAt / 1000,
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: keyArn === undefined ? 'NONE' : 'KMS',
    ...(keyArn === undefined ? {} : { KeyId: keyArn }),
  };
}

function shardList(stream: Stream) {
  return stream.shards.map((shard, index) => {
    const { start, end } = hashRange(index, stream.shards.length);
    return {
      ShardId: shard.id,
      HashKeyRange: { StartingHashKey: String(start), EndingHashKey: String(end) },
      SequenceNumberRange: { StartingSequenceNumber: sequenceNumber(stream.prefix(index), 0) },
    };
  });
}

type ShardDescription = ReturnType<typeof shardList>[number];

function page(shards: readonly ShardDescription[], after: string | undefined, limit: number) {
  const rest = after === undefined ? shards : shards.filter((shard) => shard.ShardId > after);
  return { shards: rest.slice(0, limit), more: rest.length > limit };
}

/**
 * The answer to DescribeStreamSummary.
 * @throws {AwsError} while it cannot write, so that whoever watches over streams learns of it
 */
export function describeSummary(stream: Stream) {
  if (stream.failing) throw new AwsError('InternalError', 'the stream cannot write', 500);
  return {
    StreamDescriptionSummary: { ...common(stream), OpenShardCount: stream.shards.length, ConsumerCount: 0 },
  };
}

/** The answer to DescribeStream: a page of the shards. */
export function describeStream(stream: Stream, input: Fields) {
  const { shards, more } = page(
    shardList(stream),
    text(input['ExclusiveStartShardId']),
    number(input['Limit']) ?? 100,
  );
  return { StreamDescription: { ...common(stream), Shards: shards, HasMoreShards: more } };
}

/** The next token is the last shard id given, since streams do not change while the gateway runs. */
export function listShards(stream: Stream, input: Fields) {
  if (input['ShardFilter'] !== undefined) {
    throw new AwsError('InvalidArgumentException', 'the local Kinesis does not know ShardFilter');
  }
  const after = text(input['NextToken']) ?? text(input['ExclusiveStartShardId']);
  const { shards, more } = page(shardList(stream), after, number(input['MaxResults']) ?? 1000);
  return { Shards: shards, ...(more ? { NextToken: shards.at(-1)?.ShardId } : {}) };
}
