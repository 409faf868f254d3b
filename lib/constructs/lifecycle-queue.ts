/** Connections and disconnections: from the broker to the queue of the function that keeps presence. */
import { Construct } from 'constructs';
import { PERSON_CLIENTS } from '../../contracts/live-access.ts';
import { FunctionQueue } from './function-queue.ts';
import { QueueRule } from './queue-rule.ts';
import type { Storage } from './storage.ts';

export interface LifecycleQueueProps {
  readonly storage: Storage;
}

/** The queue, and the rule that fills it. */
export class LifecycleQueue extends Construct {
  /** Lifecycle events, as the broker publishes them. */
  readonly queue: FunctionQueue;

  constructor(scope: Construct, id: string, { storage }: LifecycleQueueProps) {
    super(scope, id);
    const { key } = storage;
    this.queue = new FunctionQueue(this, 'Queue', { key, reader: 'presence', maxReceiveCount: 5 });
    new QueueRule(this, 'Events', {
      description: 'Connections and disconnections to the queue of the presence function',
      // Browsers come and go often, and are no devices.
      // Events of refused connections come on the same topics; they do not change the presence of a device.
      sql: `SELECT * FROM '$aws/events/presence/+/+' WHERE (eventType = 'connected' OR eventType = 'disconnected') AND NOT startswith(clientId, '${PERSON_CLIENTS}')`,
      queue: this.queue,
      storage,
      errorFolder: 'presence',
    });
  }
}
