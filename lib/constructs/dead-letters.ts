/** A dead-letter queue, for what a function failed on or could not be called for. */
import { Duration, Validations } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/** What encrypts a queue. */
export const encryptedBy = (key: kms.IKey) => ({
  encryption: sqs.QueueEncryption.KMS,
  encryptionMasterKey: key,
  enforceSSL: true,
});

/** An encrypted queue that keeps for 14 days, the longest that SQS does. */
export class DeadLetters extends sqs.Queue {
  /** Encrypts its messages. */
  readonly key: kms.IKey;

  constructor(scope: Construct, id: string, { key }: { readonly key: kms.IKey }) {
    super(scope, id, { ...encryptedBy(key), retentionPeriod: Duration.days(14) });
    this.key = key;
    for (const rule of ['AwsSolutions-SQS3', 'Serverless-SQSRedrivePolicy'])
      Validations.of(this).acknowledge({
        id: rule,
        reason: 'This queue is itself the dead-letter queue.',
      });
  }
}
