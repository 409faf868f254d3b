/** What happens to commands, on its way to the function that deals with it: replies of devices, and when to look again. */
import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { upstream } from '../../contracts/messages/topics.ts';
import { FunctionQueue } from './function-queue.ts';
import { keyUse } from './key-use.ts';
import type { Storage } from './storage.ts';
import { TopicRule } from './topic-rule.ts';

export interface CommandQueueProps {
  readonly storage: Storage;
}

/** The queue, and the rule that puts the replies of devices into it. */
export class CommandQueue extends Construct {
  /** Messages of `contracts/messages/command-work.ts`. */
  readonly queue: FunctionQueue;

  constructor(scope: Construct, id: string, { storage }: CommandQueueProps) {
    super(scope, id);
    const { key } = storage;
    this.queue = new FunctionQueue(this, 'Queue', {
      key,
      reader: 'commands',
      maxReceiveCount: 5,
      retention: Duration.days(14),
    });
    const { queueArn, queueUrl } = this.queue;
    new TopicRule(this, 'Replies', {
      description: 'What devices say of commands, with the topic that proves who says it',
      sql: `SELECT 'reply' AS kind, topic() AS topic, encode(*, 'base64') AS payload, timestamp() AS at FROM '${upstream.reply({ site: '+', device: '+' }, '+', '+')}'`,
      action: (roleArn) => ({ sqs: { queueUrl, useBase64: false, roleArn } }),
      statements: [
        new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queueArn] }),
        keyUse(this, key, 'sqs', ['GenerateDataKey', 'Decrypt']),
      ],
      storage,
      errorFolder: 'commands',
    });
  }
}
