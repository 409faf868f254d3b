/** What holds data: the stream, the tables, the archive, and the key that encrypts them. */
import { Duration, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { EXPORT_DAYS } from '../contracts/resources/exports.ts';
import { ArchiveCatalog } from './constructs/archive-catalog.ts';
import { removalPolicy } from './constructs/removal.ts';
import type { Storage } from './constructs/storage.ts';
import type { RetentionClass, Settings } from './settings.ts';

export interface StorageStackProps extends StackProps {
  readonly settings: Settings;
}

/** Index of the registry that lists resources of one kind. */
export const LISTING_INDEX = 'listing';

/** Folders of the archive that a retention class speaks of. */
const ARCHIVE_FOLDERS = ['archive', 'archive-manifests'] as const;

/** Files of the archive go when their class says so; those that are kept for ever have no rule. */
const archiveRules = ({ retention }: Settings): s3.LifecycleRule[] => {
  const rule = (name: string, place: string, { archiveDays }: RetentionClass): s3.LifecycleRule[] =>
    archiveDays === 'forever'
      ? []
      : ARCHIVE_FOLDERS.map((folder) => ({
          id: `${folder}-${name}`,
          prefix: `${folder}/${place}`,
          expiration: Duration.days(archiveDays),
        }));
  return [
    ...rule('default', '', retention.default),
    ...Object.entries(retention.sites).flatMap(([site, of]) => rule(`of-${site}`, `site=${site}/`, of)),
  ];
};

export class StorageStack extends Stack implements Storage {
  readonly key: kms.Key;
  readonly stream: kinesis.Stream;
  readonly registry: dynamodb.Table;
  readonly measurements: dynamodb.Table;
  readonly archive: s3.Bucket;
  private readonly archiveArn: string;

  constructor(scope: Construct, id: string, props: StorageStackProps) {
    super(scope, id, props);
    const { settings } = props;
    const removal = removalPolicy(settings);
    const retained = settings.data.onDelete === 'retain';

    this.key = new kms.Key(this, 'Key', {
      description: `labgate ${settings.stage}: measurements and registry at rest`,
      enableKeyRotation: true,
      removalPolicy: removal,
    });

    this.stream = new kinesis.Stream(this, 'Stream', {
      encryption: kinesis.StreamEncryption.KMS,
      encryptionKey: this.key,
      retentionPeriod: Duration.hours(settings.streamRetentionHours),
      removalPolicy: removal,
      ...(settings.stream.mode === 'on-demand'
        ? { streamMode: kinesis.StreamMode.ON_DEMAND }
        : { streamMode: kinesis.StreamMode.PROVISIONED, shardCount: settings.stream.shards }),
    });

    // Table, not TableV2: that one cannot take a customer key without naming the region at synth.
    const table: dynamodb.TableProps = {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: retained,
      removalPolicy: removal,
      timeToLiveAttribute: 'expiresAt',
    };
    this.registry = new dynamodb.Table(this, 'Registry', table);
    this.registry.addGlobalSecondaryIndex({
      indexName: LISTING_INDEX,
      partitionKey: { name: 'kind', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'listKey', type: dynamodb.AttributeType.STRING },
    });
    this.measurements = new dynamodb.Table(this, 'Measurements', table);

    this.archive = new s3.Bucket(this, 'Archive', {
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      removalPolicy: removal,
      lifecycleRules: [
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        // A day longer than an export says that it is there.
        { id: 'exports', prefix: 'exports/', expiration: Duration.days(EXPORT_DAYS + 1) },
        { id: 'versions', noncurrentVersionExpiration: Duration.days(30) },
        ...archiveRules(settings),
      ],
    });
    this.archiveArn = this.exportValue(this.archive.bucketArn);
    new ArchiveCatalog(this, 'Catalog', { settings, archive: this.archive });

    Validations.of(this.stream).acknowledge({
      id: 'AwsSolutions-KDS3',
      reason:
        'One key of our own encrypts everything that holds measurements, so that one key policy guards them.',
    });
    Validations.of(this.archive).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Server access logs would record the functions of this application only; CloudTrail data events do that with the caller.',
    });
  }

  archived(prefix: string): string {
    return `${this.archiveArn}/${prefix}`;
  }
}
