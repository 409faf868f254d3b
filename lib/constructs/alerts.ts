/** Alerts: a queue of those that come or go, and the function that keeps them and looks at the clock. */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { LISTING_INDEX } from '../../contracts/deployment/indexes.ts';
import { LIVE_GRANTS } from '../../contracts/live-access.ts';
import { readQueue } from './event-sources.ts';
import { FunctionQueue } from './function-queue.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';
import { callEvery } from './schedule.ts';

/** `alerts`, called with the messages of its queue and every minute. */
export class Alerts extends LambdaFunction {
  /** Messages of `contracts/messages/alert-work.ts`. */
  readonly queue: FunctionQueue;

  constructor(scope: Construct, id: string, { settings, storage }: CapabilityProps) {
    super(scope, id, {
      service: 'alerts',
      settings,
      // It sends to its own queue when to look at an alert again, and which devices are next.
      requeues: true,
    });
    this.queue = new FunctionQueue(this, 'Queue', {
      key: storage.key,
      reader: 'alerts',
      maxReceiveCount: 10,
      retention: Duration.days(14),
    });
    this.usesTable(storage, 'registry', [
      'BatchGetItem',
      'DeleteItem',
      'GetItem',
      'PutItem',
      'Query',
      'UpdateItem',
    ]);
    this.usesIndex(storage, LISTING_INDEX);
    this.usesTable(storage, 'measurements', ['BatchGetItem']);
    this.tellsPeople(LIVE_GRANTS.alerts);
    this.sendsTo(this.queue, 'ALERTS_QUEUE_URL');
    // Each message at once: somebody waits.
    readQueue(this, this.queue, { batchSize: 10 });
    callEvery(this, storage, {
      minutes: 1,
      description: 'Looks which devices are silent',
      input: { kind: 'check' },
      // The next call comes soon, and does what this one did not.
      retries: 0,
    });
  }
}
