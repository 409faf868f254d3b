/** What holds data: the stream, the tables, the archive, and the key that encrypts them. */
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Archive } from './constructs/archive.ts';
import { ArchiveCatalog } from './constructs/archive-catalog.ts';
import { AuditRootsBucket } from './constructs/audit-roots-bucket.ts';
import { DataKey } from './constructs/data-key.ts';
import { FunctionQueue } from './constructs/function-queue.ts';
import { MessageStream } from './constructs/message-stream.ts';
import type { Storage } from './constructs/storage.ts';
import { DataTable, RegistryTable } from './constructs/tables.ts';
import type { Settings } from './settings.ts';

export interface StorageStackProps extends StackProps {
  readonly settings: Settings;
}

/** What the other stacks write to and read from. */
export class StorageStack extends Stack implements Storage {
  readonly key: DataKey;
  readonly stream: MessageStream;
  readonly registry: RegistryTable;
  readonly measurements: DataTable;
  readonly archive: Archive;
  readonly auditRoots: AuditRootsBucket;
  /** Notifications of objects of the archive that keep what was not delivered. */
  readonly undelivered: FunctionQueue;

  constructor(scope: Construct, id: string, props: StorageStackProps) {
    super(scope, id, props);
    const { settings } = props;
    this.key = new DataKey(this, 'Key', { settings });
    const encrypted = { settings, key: this.key };
    this.stream = new MessageStream(this, 'Stream', encrypted);
    this.registry = new RegistryTable(this, 'Registry', encrypted);
    this.measurements = new DataTable(this, 'Measurements', encrypted);
    this.undelivered = new FunctionQueue(this, 'Undelivered', {
      key: this.key,
      reader: 'deliveries',
      maxReceiveCount: 5,
      retention: Duration.days(14),
    });
    this.archive = new Archive(this, 'Archive', { ...encrypted, undelivered: this.undelivered });
    new CfnOutput(this, 'ArchiveBucket', { value: this.archive.bucketName });
    this.auditRoots = new AuditRootsBucket(this, 'AuditRoots', encrypted);
    new CfnOutput(this, 'AuditRootsBucket', { value: this.auditRoots.bucketName });
    new ArchiveCatalog(this, 'Catalog', { settings, archive: this.archive });
  }
}
