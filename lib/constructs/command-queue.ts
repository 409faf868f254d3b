/** What happens to commands, on its way to the function that deals with it: replies of devices, and when to look again. */
import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { upstream } from '../../contracts/messages/topics.ts';
import { FunctionQueue } from './function-queue.ts';
import { QueueRule } from './queue-rule.ts';
import type { Storage } from './storage.ts';

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
    new QueueRule(this, 'Replies', {
      description: 'What devices say of commands, with the topic that proves who says it',
      sql: `SELECT 'reply' AS kind, topic() AS topic, encode(*, 'base64') AS payload, timestamp() AS at FROM '${upstream.reply({ site: '+', device: '+' }, '+', '+')}'`,
      queue: this.queue,
      storage,
      errorFolder: 'commands',
    });
  }
}
