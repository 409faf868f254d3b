/** What turns messages into measurements, and connection events into presence. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Alerts } from './constructs/alerts.ts';
import { AuditRoots } from './constructs/audit-roots.ts';
import { Commands } from './constructs/commands.ts';
import { Compaction } from './constructs/compaction.ts';
import { Deliveries } from './constructs/deliveries.ts';
import { ExportsWorker } from './constructs/exports-worker.ts';
import type { FunctionQueue } from './constructs/function-queue.ts';
import { Ingestion } from './constructs/ingestion.ts';
import { Presence } from './constructs/presence.ts';
import type { DevicesStack } from './devices-stack.ts';
import type { Settings } from './settings.ts';
import type { StorageStack } from './storage-stack.ts';

export interface ProcessingStackProps extends StackProps {
  readonly settings: Settings;
  readonly storage: StorageStack;
  readonly devices: DevicesStack;
}

/** The functions that nobody calls over HTTP. */
export class ProcessingStack extends Stack {
  /** Exports that are to be made. */
  readonly exports: FunctionQueue;
  /** Alerts that come or go. */
  readonly alerts: FunctionQueue;

  constructor(scope: Construct, id: string, props: ProcessingStackProps) {
    super(scope, id, props);
    const { settings, storage, devices } = props;
    this.alerts = new Alerts(this, 'Alerts', { settings, storage }).queue;
    new Ingestion(this, 'Ingest', { settings, storage, alerts: this.alerts });
    new Deliveries(this, 'Deliveries', { settings, storage, undelivered: storage.undelivered });
    const { lifecycle, commands } = devices;
    new Presence(this, 'Presence', { settings, storage, lifecycle, commands });
    new Commands(this, 'Commands', { settings, storage, commands });
    this.exports = new ExportsWorker(this, 'Exports', { settings, storage }).queue;
    new AuditRoots(this, 'AuditRoots', { settings, storage });
    new Compaction(this, 'Compaction', { settings, storage });
  }
}
