/** Connections and disconnections: from the broker to the queue of the function that keeps presence. */
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { FunctionQueue } from './function-queue.ts';
import { keyUse } from './key-use.ts';
import type { Storage } from './storage.ts';
import { TopicRule } from './topic-rule.ts';

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
    const { queueArn, queueUrl } = this.queue;
    new TopicRule(this, 'Events', {
      description: 'Connections and disconnections to the queue of the presence function',
      // Events of refused connections come on the same topics; they do not change the presence of a device.
      sql: "SELECT * FROM '$aws/events/presence/+/+' WHERE eventType = 'connected' OR eventType = 'disconnected'",
      action: (roleArn) => ({ sqs: { queueUrl, useBase64: false, roleArn } }),
      statements: [
        new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queueArn] }),
        keyUse(this, key, 'sqs', ['GenerateDataKey', 'Decrypt']),
      ],
      storage,
      errorFolder: 'presence',
    });
  }
}
