/** Commands to devices: the function that sends them, takes the replies, and keeps the deadlines. */
import type { Construct } from 'constructs';
import { LIVE_GRANTS } from '../../contracts/live-access.ts';
import { downstream } from '../../contracts/messages/topics.ts';
import { readQueue } from './event-sources.ts';
import type { FunctionQueue } from './function-queue.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

export interface CommandsProps extends CapabilityProps {
  /** What happened to commands, and when to look at them. */
  readonly commands: FunctionQueue;
}

/** `commands`, called with the messages of the queue of commands. */
export class Commands extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage, commands }: CommandsProps) {
    super(scope, id, {
      service: 'commands',
      settings,
      // It sends to its own queue when to look at a command again.
      requeues: true,
    });
    this.usesTable(storage, 'registry', ['BatchGetItem', 'GetItem', 'PutItem', 'UpdateItem']);
    this.usesTable(storage, 'measurements', ['Query']);
    this.publishesTo('Send', 'Every device gets its commands on its own topic.', [
      downstream.command({ site: '*', device: '*' }, '*'),
    ]);
    this.tellsPeople(LIVE_GRANTS.commands);
    this.sendsTo(commands, 'COMMANDS_QUEUE_URL');
    // Each message at once: somebody waits.
    readQueue(this, commands, { batchSize: 10 });
  }
}
