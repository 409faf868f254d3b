/** Exports: a queue of those that are to be made, and the function that makes them. */
import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { readQueue } from './event-sources.ts';
import { FunctionQueue } from './function-queue.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

/** `exports`, and the queue that tells it what to do. */
export class ExportsWorker extends Construct {
  /** Messages `{"export": id}`. */
  readonly queue: FunctionQueue;

  constructor(scope: Construct, id: string, { settings, storage }: CapabilityProps) {
    super(scope, id);
    this.queue = new FunctionQueue(this, 'Queue', {
      key: storage.key,
      reader: 'exports',
      // One more than the worker tries: with the last it says that it gives up.
      maxReceiveCount: 6,
      retention: Duration.days(14),
    });
    const worker = new LambdaFunction(this, 'Worker', {
      service: 'exports',
      settings,
      // A message a file: an export of many is longer than what Lambda takes for a loop.
      requeues: true,
    });
    worker.usesTable(storage, 'registry', ['GetItem', 'PutItem', 'Query']);
    worker.usesTable(storage, 'measurements', ['Query']);
    worker.usesArchive(storage, { days: ['GetObject'], exports: ['PutObject'] });
    worker.sendsTo(this.queue, 'EXPORTS_QUEUE_URL');
    readQueue(worker, this.queue, { batchSize: 1, scalingConfig: { maximumConcurrency: 5 } });
  }
}
