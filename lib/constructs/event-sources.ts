/** What Lambda reads for a function: a queue, or the stream. Each gives the grants that reading needs. */
import { Stack, Validations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ARCHIVE_PREFIXES } from '../../contracts/deployment/archive-prefixes.ts';
import type { FunctionQueue } from './function-queue.ts';
import type { LambdaFunction } from './lambda-function.ts';
import type { Storage } from './storage.ts';

type MappingProps = Omit<
  lambda.CfnEventSourceMappingProps,
  'functionName' | 'eventSourceArn' | 'functionResponseTypes'
>;

/**
 * Has a function called with the messages of a queue; it reports those that failed.
 * @param props size of a batch, how long it gathers, how many run at once
 */
export const readQueue = (reader: LambdaFunction, queue: FunctionQueue, props: MappingProps): void => {
  reader.allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], [queue.queueArn]);
  reader.usesKey(queue.key, 'sqs', ['Decrypt']);
  const mapping = new lambda.CfnEventSourceMapping(reader, 'Mapping', {
    ...props,
    functionName: reader.function.functionName,
    eventSourceArn: queue.queueArn,
    functionResponseTypes: ['ReportBatchItemFailures'],
  });
  Validations.of(mapping).acknowledge({
    id: 'Serverless-LambdaEventSourceMappingDestination',
    reason: 'Mappings of SQS take no destination: the queue has a dead-letter queue.',
  });
};

/** Well below the 24 hours of the stream: what is given up is still there to be looked at. */
const MAX_AGE_SECONDS = 20 * 3600;

/**
 * Has a function called with the records of the stream, from the oldest on; it reports the first that failed. What
 * outlives the stream goes to the archive whole.
 * @param props size of a batch, how long it gathers, how many of a shard run at once
 */
export const readStream = (
  reader: LambdaFunction,
  { stream, archive, key }: Storage,
  props: MappingProps,
): void => {
  reader.allow(
    [
      'kinesis:DescribeStream',
      'kinesis:DescribeStreamSummary',
      'kinesis:GetRecords',
      'kinesis:GetShardIterator',
      'kinesis:ListShards',
    ],
    [stream.streamArn],
  );
  reader.allow(['s3:ListBucket'], [archive.bucketArn]);
  reader.usesKey(key, 'kinesis', ['Decrypt']);
  reader.usesKey(key, 's3', ['GenerateDataKey']);
  const keepFailed = reader.allowPattern(
    'KeepFailed',
    'Lambda names the object of each failed batch itself.',
    ['s3:PutObject'],
    [archive.objects(ARCHIVE_PREFIXES.failedBatches)],
    // Another account may own a bucket of this name one day.
    { StringEquals: { 'aws:ResourceAccount': Stack.of(reader).account } },
  );
  const mapping = new lambda.CfnEventSourceMapping(reader, 'Mapping', {
    ...props,
    functionName: reader.function.functionName,
    eventSourceArn: stream.streamArn,
    startingPosition: 'TRIM_HORIZON',
    functionResponseTypes: ['ReportBatchItemFailures'],
    bisectBatchOnFunctionError: true,
    // A transient fault may last for most of what the stream remembers; what lasts longer goes to the archive.
    maximumRetryAttempts: -1,
    maximumRecordAgeInSeconds: MAX_AGE_SECONDS,
    destinationConfig: { onFailure: { destination: archive.bucketArn } },
  });
  mapping.node.addDependency(keepFailed);
};
