/** How devices reach the platform: what they are, what each may do, and where their messages go. */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { CommandQueue } from './constructs/command-queue.ts';
import { DataRule, dataRuleName } from './constructs/data-rule.ts';
import { DeviceIdentity } from './constructs/device-identity.ts';
import type { FunctionQueue } from './constructs/function-queue.ts';
import { LifecycleQueue } from './constructs/lifecycle-queue.ts';
import type { Settings } from './settings.ts';
import type { StorageStack } from './storage-stack.ts';

export interface DevicesStackProps extends StackProps {
  readonly settings: Settings;
  readonly storage: StorageStack;
}

/** The topic rules, and the identity of devices. */
export class DevicesStack extends Stack {
  /** What every registered device gets. */
  readonly identity: DeviceIdentity;
  /** Connections and disconnections of devices. */
  readonly lifecycle: FunctionQueue;
  /** What happened to commands, and when to look at them. */
  readonly commands: FunctionQueue;

  constructor(scope: Construct, id: string, props: DevicesStackProps) {
    super(scope, id, props);
    const { settings, storage } = props;
    new DataRule(this, 'Data', { settings, storage });
    this.identity = new DeviceIdentity(this, 'Device', { dataRule: dataRuleName(settings) });
    new CfnOutput(this, 'DevicePolicy', { value: this.identity.policy.ref });
    new CfnOutput(this, 'ThingType', { value: this.identity.thingType.ref });
    this.lifecycle = new LifecycleQueue(this, 'Lifecycle', { storage }).queue;
    this.commands = new CommandQueue(this, 'Commands', { storage }).queue;
  }
}
