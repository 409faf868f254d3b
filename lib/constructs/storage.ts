/** What holds data, as those see it who put something there or take something from it. */
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as kinesis from 'aws-cdk-lib/aws-kinesis';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Archive } from './archive.ts';
import type { AuditRootsBucket } from './audit-roots-bucket.ts';

/** Where the data of a deployment are. */
export interface Storage {
  /** Encrypts all of it. */
  readonly key: kms.IKey;
  /** Messages from devices, in the order of each device. */
  readonly stream: kinesis.IStream;
  readonly registry: dynamodb.ITable;
  readonly measurements: dynamodb.ITable;
  readonly archive: Archive;
  /** Daily roots of the audit. */
  readonly auditRoots: AuditRootsBucket;
}
