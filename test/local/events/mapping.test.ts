import { expect, test } from 'vitest';
import { readMappings } from '../../../local/events/mapping.ts';
import type { JsonObject } from '../../../local/types.ts';
import { World } from '../../support/functions.ts';

const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/measurements';
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:lifecycle';

const read = (properties: JsonObject) => {
  using world = new World();
  world.function('ingest', '', { Timeout: 60 });
  world.resource('AWS::Kinesis::Stream', 'measurements', STREAM, { RetentionPeriodHours: 48 });
  world.resource('AWS::SQS::Queue', 'lifecycle', QUEUE, { VisibilityTimeout: 60 });
  world.resource('AWS::SQS::Queue', 'hasty', `${QUEUE}-hasty`, { VisibilityTimeout: 59 });
  world.resource('AWS::Lambda::EventSourceMapping', 'mapping', 'arn:mapping', properties);
  return readMappings(world.assembly);
};

const stream = { FunctionName: 'ingest', EventSourceArn: STREAM, StartingPosition: 'TRIM_HORIZON' };
const queue = { FunctionName: 'ingest', EventSourceArn: QUEUE };

test('a stream’s mapping has Lambda’s defaults; nothing is kept longer than the stream keeps it', () => {
  expect(read({ ...stream, MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1 }).streams).toMatchObject([
    {
      start: 'TRIM_HORIZON',
      batchSize: 100,
      windowMs: 0,
      processors: 1,
      bisect: false,
      reportsFailures: false,
      maxRetries: Number.POSITIVE_INFINITY,
      maxAgeMs: 48 * 3_600_000,
      onFailure: undefined,
    },
  ]);
});

test('the id of a mapping is a UUID and stays the same', () => {
  const [first, second] = [read(stream), read(stream)].map(({ streams }) => streams[0]?.id);
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(second).toBe(first);
});

test('a mapping that is not enabled is read but does not run', () => {
  expect(read({ ...stream, Enabled: false }).streams).toEqual([]);
});

test('AT_TIMESTAMP takes seconds since the epoch', () => {
  const [mapping] = read({
    ...stream,
    StartingPosition: 'AT_TIMESTAMP',
    StartingPositionTimestamp: 1.5,
  }).streams;
  expect(mapping?.start).toEqual(new Date(1500));
});

test.each([
  [{ ...stream, FilterCriteria: { Filters: [] } }, 'FilterCriteria'],
  [{ ...stream, TumblingWindowInSeconds: 30 }, 'TumblingWindowInSeconds'],
  [{ ...stream, BatchSize: 10_001 }, 'BatchSize'],
  [{ ...stream, ParallelizationFactor: 11 }, 'ParallelizationFactor'],
  [{ ...stream, StartingPosition: 'NOW' }, 'StartingPosition'],
  [{ ...stream, FunctionName: 'nobody' }, 'nobody'],
  [{ ...stream, EventSourceArn: `${STREAM}-of-others` }, 'of-others'],
  [{ ...stream, EventSourceArn: 'arn:aws:dynamodb:us-east-1:0:table/t/stream/s' }, 'dynamodb'],
  [
    { ...stream, DestinationConfig: { OnFailure: { Destination: 'arn:aws:sns:us-east-1:0:t' } } },
    'destination',
  ],
  [{ ...queue, StartingPosition: 'LATEST' }, 'StartingPosition'],
  [{ ...queue, BatchSize: 11 }, 'MaximumBatchingWindowInSeconds'],
  [{ ...queue, EventSourceArn: `${QUEUE}-hasty` }, 'visibility timeout: 59 seconds'],
])('%j is refused by name', (properties, named) => {
  expect(() => read(properties)).toThrow(named);
});
