/** What holds data, as those see it who put something there or take something from it. */
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';

export interface Storage {
  /** Encrypts all of it. */
  readonly key: kms.IKey;
  readonly registry: dynamodb.ITable;
  readonly measurements: dynamodb.ITable;
  readonly archive: s3.IBucket;
  /** ARN of the objects of the archive under a prefix, for the policies of other stacks. */
  archived(prefix: string): string;
}
