/** The Kinesis API over HTTP (JSON 1.1), for SDK clients. */
import type { AccessRequest, AwsRequest, AwsResponse, AwsService } from '../../types.ts';
import { AwsError } from '../../types.ts';
import type { Fields } from '../json.ts';
import { fields, list, number, parseBody, targetOperation, text } from '../json.ts';
import type { RecordWire } from './describe.ts';
import { describeStream, describeSummary, listShards } from './describe.ts';
import { decodeIterator, encodeIterator } from './iterator.ts';
import { dataBytes } from './segment.ts';
import type { PutEntry, Stream } from './stream.ts';
import type { StreamSet } from './streams.ts';
import { readShard } from './streams.ts';

const MAX_ENTRIES = 500;
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
const MAX_GET_RECORDS = 10_000;

type Operation = (streams: StreamSet, input: Fields) => unknown;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  PutRecord: putRecord,
  PutRecords: putRecords,
  GetShardIterator: getShardIterator,
  GetRecords: getRecords,
  DescribeStream: (streams, input) => describeStream(streamOf(streams, input), input),
  DescribeStreamSummary: (streams, input) => describeSummary(streamOf(streams, input)),
  ListShards: (streams, input) => listShards(streamOf(streams, input), input),
  ListStreams: (streams) => ({
    StreamNames: streams.all().map((s) => s.options.name),
    HasMoreStreams: false,
  }),
};

export class KinesisService implements AwsService {
  readonly #streams: StreamSet;

  constructor(streams: StreamSet) {
    this.#streams = streams;
  }

  access(request: AwsRequest): readonly AccessRequest[] {
    const operation = targetOperation(request.headers['x-amz-target']);
    if (!Object.hasOwn(OPERATIONS, operation)) {
      throw new AwsError('UnknownOperationException', `the local Kinesis does not know ${operation}`);
    }
    if (operation === 'ListStreams') return [{ action: 'kinesis:ListStreams', resource: '*' }];
    return this.#streams.needs(streamOf(this.#streams, parseBody(request.body)), operation);
  }

  async handle(request: AwsRequest): Promise<AwsResponse> {
    const operation = OPERATIONS[targetOperation(request.headers['x-amz-target'])];
    const output = await operation?.(this.#streams, parseBody(request.body));
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: output === undefined ? '' : JSON.stringify(output),
    };
  }
}

/** The stream a request is about: by name, by ARN, or out of its shard iterator. */
function streamOf(streams: StreamSet, input: Fields): Stream {
  const iterator = text(input['ShardIterator']);
  if (iterator !== undefined) return streams.find(decodeIterator(iterator).stream);
  const name = text(input['StreamARN']) ?? text(input['StreamName']);
  if (name === undefined) throw new AwsError('ValidationException', 'StreamName or StreamARN is missing');
  return streams.find(name);
}

async function putRecord(streams: StreamSet, input: Fields): Promise<unknown> {
  const stream = streamOf(streams, input);
  const [place] = await stream.put([putEntry(stream, input)], Date.now());
  return {
    ShardId: place?.shardId,
    SequenceNumber: place?.sequenceNumber,
    EncryptionType: encryption(stream),
  };
}

async function putRecords(streams: StreamSet, input: Fields): Promise<unknown> {
  const stream = streamOf(streams, input);
  const records = list(input['Records']);
  if (records.length === 0 || records.length > MAX_ENTRIES) {
    throw new AwsError(
      'ValidationException',
      `Records has ${records.length} members, 1 to ${MAX_ENTRIES} may be`,
    );
  }
  const entries = records.map((record) => putEntry(stream, fields(record)));
  let bytes = 0;
  for (const entry of entries) bytes += dataBytes(entry.data) + Buffer.byteLength(entry.partitionKey);
  if (bytes > MAX_REQUEST_BYTES) {
    throw new AwsError(
      'InvalidArgumentException',
      `the records have ${bytes} bytes, ${MAX_REQUEST_BYTES} may be`,
    );
  }
  const places = await stream.put(entries, Date.now());
  return {
    FailedRecordCount: 0,
    Records: places.map((place) => ({ ShardId: place.shardId, SequenceNumber: place.sequenceNumber })),
    EncryptionType: encryption(stream),
  };
}

function putEntry(stream: Stream, record: Fields): PutEntry {
  const partitionKey = text(record['PartitionKey']) ?? '';
  const data = text(record['Data']);
  if (partitionKey === '' || partitionKey.length > 256) {
    throw new AwsError('ValidationException', 'PartitionKey must have 1 to 256 characters');
  }
  if (data === undefined) throw new AwsError('ValidationException', 'Data is missing');
  if (dataBytes(data) > stream.options.maxRecordBytes) {
    throw new AwsError(
      'ValidationException',
      `Data has ${dataBytes(data)} bytes, ${stream.options.maxRecordBytes} may be`,
    );
  }
  const hash = text(record['ExplicitHashKey']);
  if (hash !== undefined && !/^(0|[1-9]\d{0,38})$/.test(hash)) {
    throw new AwsError('ValidationException', `ExplicitHashKey ${hash} is no hash key`);
  }
  return { partitionKey, data, explicitHashKey: hash === undefined ? undefined : BigInt(hash) };
}

function getShardIterator(streams: StreamSet, input: Fields): unknown {
  const stream = streamOf(streams, input);
  const shardId = text(input['ShardId']) ?? '';
  const { shard } = stream.shard(shardId);
  const sequence = () => stream.counter(shardId, text(input['StartingSequenceNumber']) ?? '');
  const type = text(input['ShardIteratorType']);
  const counter = {
    TRIM_HORIZON: () => shard.horizon,
    LATEST: () => shard.tip,
    AT_SEQUENCE_NUMBER: sequence,
    AFTER_SEQUENCE_NUMBER: () => sequence() + 1,
    AT_TIMESTAMP: () => shard.atTime((number(input['Timestamp']) ?? 0) * 1000),
  }[type ?? ''];
  if (!counter) throw new AwsError('ValidationException', `ShardIteratorType ${type} is unknown`);
  return { ShardIterator: encodeIterator({ stream: stream.options.name, shardId, counter: counter() }) };
}

function getRecords(streams: StreamSet, input: Fields): unknown {
  const now = Date.now();
  const limit = number(input['Limit']) ?? MAX_GET_RECORDS;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_GET_RECORDS) {
    throw new AwsError('ValidationException', `Limit must be 1 to ${MAX_GET_RECORDS}`);
  }
  const at = decodeIterator(text(input['ShardIterator']) ?? '', now);
  const stream = streams.find(at.stream);
  const batch = readShard(stream, at.shardId, at.counter, limit, now);
  const type = encryption(stream);
  return {
    Records: batch.records.map(
      (record): RecordWire => ({
        SequenceNumber: record.sequenceNumber,
        ApproximateArrivalTimestamp: record.arrival / 1000,
        Data: record.data,
        PartitionKey: record.partitionKey,
        EncryptionType: type,
      }),
    ),
    NextShardIterator: encodeIterator({ ...at, counter: stream.counter(at.shardId, batch.next) + 1 }),
    MillisBehindLatest: batch.millisBehindLatest,
  };
}

const encryption = (stream: Stream) => (stream.options.keyArn === undefined ? 'NONE' : 'KMS');
