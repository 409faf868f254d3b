/** What keeps the daily roots of the audit. */
import type { Construct } from 'constructs';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';
import { callEvery } from './schedule.ts';

/** Most calls find nothing to do: the more of them there are, the sooner a day that was missed is made up for. */
const MINUTES = 60;

/** `audit-roots`, which reads the audit alone and puts roots, and cannot delete or lock anything. */
export class AuditRoots extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage }: CapabilityProps) {
    super(scope, id, { service: 'audit-roots', settings });
    this.readsAudit(storage);
    const { auditRoots: bucket, key } = storage;
    this.environment('AUDIT_ROOTS_BUCKET', bucket.bucketName);
    this.allow(['s3:ListBucket'], [bucket.bucketArn]);
    this.allowPattern(
      'Roots',
      'Each day has an object of its own.',
      ['s3:GetObject', 's3:PutObject'],
      [bucket.roots],
    );
    this.usesKey(key, 's3', ['Decrypt', 'GenerateDataKey']);
    callEvery(this, storage, {
      minutes: MINUTES,
      description: 'Keeps the roots of days of the audit that are over',
      retries: 2,
    });
  }
}
