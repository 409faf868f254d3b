/** Exports: a queue of those that are to be made, and the function that makes them. */
import { Duration, Validations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';
import { LambdaFunction } from './lambda-function.ts';
import type { Storage } from './storage.ts';

export interface ExportsWorkerProps {
  readonly settings: Settings;
  readonly storage: Storage;
}

/** A file takes seconds; a worker that dies is missed after the visibility timeout. */
const TIMEOUT = Duration.minutes(3);

export class ExportsWorker extends Construct {
  /** Messages `{"export": id}`. */
  readonly queue: sqs.Queue;

  constructor(scope: Construct, id: string, { settings, storage }: ExportsWorkerProps) {
    super(scope, id);
    const { archive, key, measurements, registry } = storage;
    const encrypted = {
      encryption: sqs.QueueEncryption.KMS,
      encryptionMasterKey: key,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    };
    const deadLetters = new sqs.Queue(this, 'DeadLetters', encrypted);
    this.queue = new sqs.Queue(this, 'Queue', {
      ...encrypted,
      // Six times the function's time limit, as Lambda advises for a queue that it reads.
      visibilityTimeout: Duration.seconds(TIMEOUT.toSeconds() * 6),
      // One more than the worker tries: with the last it says that it gives up.
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 6 },
    });
    const worker = new LambdaFunction(this, 'Worker', {
      handler: 'exports',
      settings,
      description: 'Writes the points of devices into files',
      memoryMegabytes: 1769,
      timeout: TIMEOUT,
    });
    worker.usesTable('REGISTRY_TABLE', registry, key, ['GetItem', 'PutItem', 'Query']);
    worker.usesTable('MEASUREMENTS_TABLE', measurements, key, ['Query']);
    worker.environment('ARCHIVE_BUCKET', archive.bucketName);
    worker.allowPattern(
      'Archive',
      'Each archived day of a device is an object of its own.',
      ['s3:GetObject'],
      [storage.archived('archive/*')],
    );
    worker.allowPattern(
      'Files',
      'Each file of an export is an object of its own.',
      ['s3:PutObject'],
      [storage.archived('exports/*')],
    );
    worker.usesKey(key, ['GenerateDataKey']);
    worker.environment('EXPORTS_QUEUE_URL', this.queue.queueUrl);
    worker.allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:SendMessage'],
      [this.queue.queueArn],
    );
    const mapping = new lambda.CfnEventSourceMapping(this, 'Mapping', {
      functionName: worker.function.functionName,
      eventSourceArn: this.queue.queueArn,
      batchSize: 1,
      functionResponseTypes: ['ReportBatchItemFailures'],
      scalingConfig: { maximumConcurrency: 5 },
    });
    Validations.of(mapping).acknowledge({
      id: 'Serverless-LambdaEventSourceMappingDestination',
      reason: 'Mappings of SQS take no destination: the queue has a dead-letter queue.',
    });
    for (const rule of ['AwsSolutions-SQS3', 'Serverless-SQSRedrivePolicy']) {
      Validations.of(deadLetters).acknowledge({
        id: rule,
        reason: 'This queue is itself the dead-letter queue.',
      });
    }
  }
}
