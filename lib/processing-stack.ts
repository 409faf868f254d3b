/** What turns messages into measurements and connection events into presence. */
import { Duration, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { downstream } from '../contracts/messages/topics.ts';
import { Compaction } from './constructs/compaction.ts';
import { ExportsWorker } from './constructs/exports-worker.ts';
import { LambdaFunction } from './constructs/lambda-function.ts';
import { type DevicesStack, topicArn } from './devices-stack.ts';
import type { Settings } from './settings.ts';
import type { StorageStack } from './storage-stack.ts';

export interface ProcessingStackProps extends StackProps {
  readonly settings: Settings;
  readonly storage: StorageStack;
  readonly devices: DevicesStack;
}

/** Time limit of the presence function. */
export const PRESENCE_TIMEOUT = Duration.seconds(30);

/** Folder of the archive where the event source mapping leaves batches that outlived the stream. */
const FAILED_BATCHES = 'aws/lambda/*';

export class ProcessingStack extends Stack {
  /** Exports that are to be made. */
  readonly exports: ExportsWorker;

  constructor(scope: Construct, id: string, props: ProcessingStackProps) {
    super(scope, id, props);
    this.ingest(props);
    this.presence(props);
    this.exports = new ExportsWorker(this, 'Exports', props);
    new Compaction(this, 'Compacting', props);
  }

  private ingest({ settings, storage }: ProcessingStackProps): void {
    const { archive, key, measurements, registry, stream } = storage;
    const ingest = new LambdaFunction(this, 'Ingest', {
      handler: 'ingest',
      settings,
      description: 'Decodes, validates, judges and packs measurements',
      memoryMegabytes: settings.ingest.memoryMegabytes,
      timeout: Duration.seconds(settings.ingest.timeoutSeconds),
    });
    ingest.usesTable('REGISTRY_TABLE', registry, key, ['BatchGetItem', 'UpdateItem']);
    ingest.usesTable('MEASUREMENTS_TABLE', measurements, key, ['BatchGetItem', 'BatchWriteItem']);
    ingest.environment('ARCHIVE_BUCKET', archive.bucketName);
    ingest.allowPattern(
      'Quarantine',
      'Each quarantined message is an object of its own, and may be taken again.',
      ['s3:GetObject', 's3:PutObject'],
      [storage.archived('quarantine/*')],
    );
    const keepFailed = ingest.allowPattern(
      'KeepFailed',
      'Lambda names the object of each failed batch itself.',
      ['s3:PutObject'],
      [storage.archived(FAILED_BATCHES)],
    );
    ingest.allow(['s3:ListBucket'], [archive.bucketArn]);
    ingest.usesKey(key, ['GenerateDataKey']);
    const anyDevice = { site: '*', device: '*' };
    ingest.allowPattern(
      'Answer',
      'Every device is answered on its own topic.',
      ['iot:Publish'],
      [downstream.ack(anyDevice), downstream.errors(anyDevice)].map((topic) =>
        topicArn(this, ...topic.split('/').slice(1)),
      ),
    );
    ingest.allow(
      [
        'kinesis:DescribeStream',
        'kinesis:DescribeStreamSummary',
        'kinesis:GetRecords',
        'kinesis:GetShardIterator',
        'kinesis:ListShards',
      ],
      [stream.streamArn],
    );
    const mapping = new lambda.CfnEventSourceMapping(this, 'IngestMapping', {
      functionName: ingest.function.functionName,
      eventSourceArn: stream.streamArn,
      startingPosition: 'TRIM_HORIZON',
      batchSize: settings.ingest.batchSize,
      maximumBatchingWindowInSeconds: settings.ingest.batchingWindowSeconds,
      parallelizationFactor: settings.ingest.parallelizationFactor,
      functionResponseTypes: ['ReportBatchItemFailures'],
      bisectBatchOnFunctionError: true,
      // Until the data expire: a transient fault may last as long as the stream remembers.
      maximumRetryAttempts: -1,
      maximumRecordAgeInSeconds: -1,
      destinationConfig: { onFailure: { destination: archive.bucketArn } },
    });
    mapping.node.addDependency(keepFailed);
  }

  private presence({ settings, storage, devices }: ProcessingStackProps): void {
    const presence = new LambdaFunction(this, 'Presence', {
      handler: 'presence',
      settings,
      description: 'Keeps who is connected from the lifecycle events of the broker',
      memoryMegabytes: 512,
      timeout: PRESENCE_TIMEOUT,
    });
    presence.usesTable('REGISTRY_TABLE', storage.registry, storage.key, ['UpdateItem']);
    presence.allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      [devices.lifecycle.queueArn],
    );
    const mapping = new lambda.CfnEventSourceMapping(this, 'PresenceMapping', {
      functionName: presence.function.functionName,
      eventSourceArn: devices.lifecycle.queueArn,
      batchSize: 1000,
      maximumBatchingWindowInSeconds: 1,
      functionResponseTypes: ['ReportBatchItemFailures'],
    });
    Validations.of(mapping).acknowledge({
      id: 'Serverless-LambdaEventSourceMappingDestination',
      reason: 'Mappings of SQS take no destination: the queue has a dead-letter queue.',
    });
  }
}
