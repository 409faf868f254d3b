/** The bucket of the daily roots of the audit. */
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { AUDIT_ROOTS_PREFIX } from '../../contracts/deployment/audit-roots.ts';
import type { Settings } from '../settings.ts';
import type { EncryptedDataProps } from './data-key.ts';
import { removalPolicy } from './removal.ts';

const retentionOf = ({ audit: { lock } }: Settings): Partial<s3.BucketProps> => {
  if (lock === undefined) return {};
  const { compliance, governance } = s3.ObjectLockRetention;
  const retention = lock.mode === 'compliance' ? compliance : governance;
  return { objectLockEnabled: true, objectLockDefaultRetention: retention(Duration.days(lock.days)) };
};

/**
 * A bucket of its own, which locks by itself what is put there: the function that puts it has no say in that, and nothing
 * else is there that would have to go one day.
 */
export class AuditRootsBucket extends s3.Bucket {
  private exportedArn: string | undefined;

  constructor(scope: Construct, id: string, { settings, key }: EncryptedDataProps) {
    super(scope, id, {
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      removalPolicy: removalPolicy(settings),
      ...retentionOf(settings),
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Server access logs would record one function and one object a day; CloudTrail data events do that with the caller.',
    });
  }

  /** ARN of all roots, for the policies of other stacks. */
  get roots(): string {
    this.exportedArn ??= Stack.of(this).exportValue(this.bucketArn);
    return `${this.exportedArn}/${AUDIT_ROOTS_PREFIX}*`;
  }
}
