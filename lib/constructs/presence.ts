/** From lifecycle events of the broker to who is connected. */
import type { Construct } from 'constructs';
import { LIVE_GRANTS } from '../../contracts/live-access.ts';
import { readQueue } from './event-sources.ts';
import type { FunctionQueue } from './function-queue.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

export interface PresenceProps extends CapabilityProps {
  /** Connections and disconnections of devices. */
  readonly lifecycle: FunctionQueue;
  /** Told when a device connects that commands wait for. */
  readonly commands: FunctionQueue;
}

/** `presence`, called with lifecycle events. */
export class Presence extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage, lifecycle, commands }: PresenceProps) {
    super(scope, id, { service: 'presence', settings });
    this.usesTable(storage, 'registry', ['GetItem', 'UpdateItem']);
    this.tellsPeople(LIVE_GRANTS.presence);
    this.sendsTo(commands, 'COMMANDS_QUEUE_URL');
    readQueue(this, lifecycle, { batchSize: 1000, maximumBatchingWindowInSeconds: 1 });
  }
}
