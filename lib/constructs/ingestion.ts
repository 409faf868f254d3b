/** From the stream to the tables: the function that stores or quarantines each message. */
import type { Construct } from 'constructs';
import { downstream } from '../../contracts/messages/topics.ts';
import { readStream } from './event-sources.ts';
import type { FunctionQueue } from './function-queue.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

export interface IngestionProps extends CapabilityProps {
  /** Alerts that come or go. */
  readonly alerts: FunctionQueue;
}

/** `ingest`, called with batches of the stream. */
export class Ingestion extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage, alerts }: IngestionProps) {
    const { memoryMegabytes, timeoutSeconds, ...mapping } = settings.ingest;
    super(scope, id, {
      service: 'ingest',
      settings,
      memoryMegabytes,
      timeoutSeconds,
      reservedConcurrency: settings.concurrency.ingest,
    });
    this.usesTable(storage, 'registry', ['BatchGetItem', 'UpdateItem']);
    this.usesTable(storage, 'measurements', ['BatchGetItem', 'BatchWriteItem']);
    this.usesArchive(storage, { quarantine: ['GetObject', 'PutObject'] });
    this.listsArchive(storage);
    const anyDevice = { site: '*', device: '*' };
    this.publishesTo('Answer', 'Every device is answered on its own topic.', [
      downstream.ack(anyDevice),
      downstream.errors(anyDevice),
    ]);
    this.sendsTo(alerts, 'ALERTS_QUEUE_URL');
    readStream(this, storage, {
      batchSize: mapping.batchSize,
      maximumBatchingWindowInSeconds: mapping.batchingWindowSeconds,
      parallelizationFactor: mapping.parallelizationFactor,
    });
  }
}
