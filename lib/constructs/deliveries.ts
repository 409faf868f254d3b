/** From what was kept of undelivered messages to entries of the quarantine. */
import type { Construct } from 'constructs';
import { readQueue } from './event-sources.ts';
import type { FunctionQueue } from './function-queue.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

export interface DeliveriesProps extends CapabilityProps {
  /** Notifications of objects that keep what was not delivered. */
  readonly undelivered: FunctionQueue;
}

/** `deliveries`, called with notifications of the archive. */
export class Deliveries extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage, undelivered }: DeliveriesProps) {
    super(scope, id, { service: 'deliveries', settings });
    this.usesArchive(storage, {
      refusedMessages: ['GetObject'],
      failedBatches: ['GetObject'],
      quarantine: ['PutObject'],
    });
    readQueue(this, undelivered, { batchSize: 10, scalingConfig: { maximumConcurrency: 5 } });
  }
}
