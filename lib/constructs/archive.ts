/** The bucket of archived days, exports and quarantined messages. */
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ARCHIVE_PREFIXES, type ArchivePrefix } from '../../contracts/deployment/archive-prefixes.ts';
import { EXPORT_DAYS } from '../../contracts/resources/exports.ts';
import type { RetentionClass, Settings } from '../settings.ts';
import type { EncryptedDataProps } from './data-key.ts';
import type { FunctionQueue } from './function-queue.ts';
import { removalPolicy } from './removal.ts';

/** Rules for archived days: they go when their class says so; those that are kept for ever have no rule. */
const dayRules = ({ retention }: Settings): s3.LifecycleRule[] => {
  const rules = (name: string, below: string, { archiveDays }: RetentionClass): s3.LifecycleRule[] =>
    archiveDays === 'forever'
      ? []
      : [ARCHIVE_PREFIXES.days, ARCHIVE_PREFIXES.manifests].map((prefix) => ({
          id: `${prefix.slice(0, -1)}-${name}`,
          prefix: `${prefix}${below}`,
          expiration: Duration.days(archiveDays),
        }));
  return [
    ...rules('default', '', retention.default),
    ...Object.entries(retention.sites).flatMap(([site, of]) => rules(`of-${site}`, `site=${site}/`, of)),
  ];
};

/** Where the rules engine and Lambda keep what they could not deliver. */
const UNDELIVERED = [ARCHIVE_PREFIXES.refusedMessages, ARCHIVE_PREFIXES.failedBatches] as const;
const UNDELIVERED_DAYS = 90;

export interface ArchiveProps extends EncryptedDataProps {
  /** Is told of each object that keeps what was not delivered. */
  readonly undelivered: FunctionQueue;
}

/** The archive: encrypted, versioned, for the functions of the platform alone. */
export class Archive extends s3.Bucket {
  private exportedArn: string | undefined;

  constructor(scope: Construct, id: string, { settings, key, undelivered }: ArchiveProps) {
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
      lifecycleRules: [
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        // A day longer than an export says that it is there.
        { id: 'exports', prefix: ARCHIVE_PREFIXES.exports, expiration: Duration.days(EXPORT_DAYS + 1) },
        { id: 'versions', noncurrentVersionExpiration: Duration.days(30) },
        // By then `deliveries` has put their messages into the quarantine.
        ...UNDELIVERED.map((prefix) => ({
          id: prefix.slice(0, -1).replaceAll('/', '-'),
          prefix,
          expiration: Duration.days(UNDELIVERED_DAYS),
        })),
        ...dayRules(settings),
      ],
    });
    this.tellOfUndelivered(undelivered);
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Server access logs would record the functions of this application only; CloudTrail data events do that with the caller.',
    });
  }

  /** In the template itself: what CDK has for it is a function of its own, with more rights than all of ours. */
  private tellOfUndelivered(queue: FunctionQueue): void {
    const byS3 = {
      principals: [new iam.ServicePrincipal('s3.amazonaws.com')],
      // Not the bucket's name: it is made after the policies that it needs.
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    };
    queue.key.addToResourcePolicy(
      new iam.PolicyStatement({ ...byS3, actions: ['kms:GenerateDataKey', 'kms:Decrypt'], resources: ['*'] }),
    );
    const { policyDependable } = queue.addToResourcePolicy(
      new iam.PolicyStatement({ ...byS3, actions: ['sqs:SendMessage'], resources: [queue.queueArn] }),
    );
    const bucket = this.node.defaultChild as s3.CfnBucket;
    bucket.notificationConfiguration = {
      queueConfigurations: UNDELIVERED.map((value) => ({
        event: 's3:ObjectCreated:*',
        queue: queue.queueArn,
        filter: { s3Key: { rules: [{ name: 'prefix', value }] } },
      })),
    };
    // S3 tries whether it may send when it is told where to.
    if (policyDependable !== undefined) bucket.node.addDependency(policyDependable);
  }

  /** ARN of all objects under a prefix, for the policies of other stacks. */
  objects(prefix: `${ArchivePrefix}${string}`): string {
    this.exportedArn ??= Stack.of(this).exportValue(this.bucketArn);
    return `${this.exportedArn}/${prefix}*`;
  }
}
