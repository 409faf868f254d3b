/** What turns chunks into blocks and days into files: one function, called on a schedule. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { RetentionClass, Settings } from '../settings.ts';
import { LambdaFunction } from './lambda-function.ts';
import { metricNamespace } from './metric-namespace.ts';
import type { Storage } from './storage.ts';

export interface CompactionProps {
  readonly settings: Settings;
  readonly storage: Storage;
}

/** Retention classes as the function reads them. */
const retentionOf = ({ retention }: Settings): object => {
  const plain = ({ archiveDays, ...periods }: RetentionClass): object => ({
    ...periods,
    archiveDays: archiveDays === 'forever' ? null : archiveDays,
  });
  const sites = Object.entries(retention.sites).map(([site, of]) => [site, plain(of)] as const);
  return { default: plain(retention.default), sites: Object.fromEntries(sites) };
};

const TIMEOUT = Duration.minutes(15);
/** How late days may be archived; blocks stay for two weeks at least. */
const LATE = Duration.hours(12);

export class Compaction extends Construct {
  constructor(scope: Construct, id: string, { settings, storage }: CompactionProps) {
    super(scope, id);
    const { archive, key, measurements, registry } = storage;
    const compaction = new LambdaFunction(this, 'Compaction', {
      handler: 'compaction',
      settings,
      description: 'Merges closed hours into blocks, sums them up, and archives days',
      memoryMegabytes: settings.compaction.memoryMegabytes,
      timeout: TIMEOUT,
    });
    compaction.usesTable('REGISTRY_TABLE', registry, key, ['BatchGetItem']);
    compaction.usesTable('MEASUREMENTS_TABLE', measurements, key, [
      'BatchWriteItem',
      'DeleteItem',
      'PutItem',
      'Query',
      'UpdateItem',
    ]);
    compaction.environment('COMPACT_AFTER_MINUTES', String(settings.compaction.afterMinutes));
    compaction.environment('ARCHIVE_AFTER_HOURS', String(settings.compaction.archiveAfterHours));
    compaction.environment('RETENTION', JSON.stringify(retentionOf(settings)));
    compaction.environment('ARCHIVE_BUCKET', archive.bucketName);
    compaction.allowPattern(
      'Archive',
      'Each day of a device is an object of its own, written anew when data come late.',
      ['s3:GetObject', 's3:PutObject'],
      [storage.archived('archive/*')],
    );
    compaction.allowPattern(
      'Manifests',
      'Each day of a device has a manifest.',
      ['s3:PutObject'],
      [storage.archived('archive-manifests/*')],
    );
    // Otherwise S3 does not tell whether a file is there.
    compaction.allow(['s3:ListBucket'], [archive.bucketArn]);
    compaction.usesKey(key, ['GenerateDataKey']);

    new cloudwatch.Alarm(this, 'ArchiveLate', {
      alarmDescription: `Days are not archived for ${LATE.toHours()} hours after they are due, or compaction does not run: mend it before the hot days of their blocks are over`,
      metric: new cloudwatch.Metric({
        namespace: metricNamespace(settings),
        metricName: 'ArchiveLag',
        dimensionsMap: { service: 'compaction' },
        // The least: what comes late opens a day for a moment.
        statistic: cloudwatch.Stats.MINIMUM,
        period: Duration.hours(1),
      }),
      threshold: LATE.toSeconds(),
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 2,
      treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    });

    const role = new iam.Role(this, 'ScheduleRole', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com'),
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [compaction.function.functionArn],
      }),
    );
    new scheduler.CfnSchedule(this, 'Schedule', {
      description: 'Compacts what has been closed meanwhile',
      flexibleTimeWindow: { mode: 'OFF' },
      scheduleExpression: `rate(${settings.compaction.everyMinutes} minutes)`,
      target: {
        arn: compaction.function.functionArn,
        roleArn: role.roleArn,
        input: '{}',
        // What one call does not do the next one does: marks wait for it.
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      },
    });
  }
}
