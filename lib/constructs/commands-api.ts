/** Commands and leases over HTTP. */
import type { Construct } from 'constructs';
import { LISTING_INDEX } from '../../contracts/deployment/indexes.ts';
import { LIVE_GRANTS } from '../../contracts/live-access.ts';
import type { FunctionQueue } from './function-queue.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

export interface CommandsApiProps extends CapabilityProps {
  /** What happened to commands, and when to look at them. */
  readonly commands: FunctionQueue;
}

/** `commands-api`, which checks and keeps commands; it sends none itself. */
export class CommandsApi extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage, commands }: CommandsApiProps) {
    super(scope, id, { service: 'commands-api', settings });
    this.usesTable(storage, 'registry', [
      'BatchGetItem',
      'DeleteItem',
      'GetItem',
      'PutItem',
      'Query',
      'UpdateItem',
    ]);

    this.usesIndex(storage, LISTING_INDEX);
    this.usesTable(storage, 'measurements', ['Query']);
    this.tellsPeople(LIVE_GRANTS.commands);
    this.sendsTo(commands, 'COMMANDS_QUEUE_URL');
  }
}
