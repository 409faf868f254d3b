/** From chunks to blocks, summaries and archived days. */
import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import type { Period, Retention } from '../../contracts/deployment/retention.ts';
import type { RetentionClass, Settings } from '../settings.ts';
import { DeadLetters } from './dead-letters.ts';
import { functionMetric } from './function-metric.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';
import type { Storage } from './storage.ts';

/** Retention classes as the function reads them. */
const retentionOf = ({ retention }: Settings): Retention => {
  const plain = ({ archiveDays, ...periods }: RetentionClass): Period => ({
    ...periods,
    archiveDays: archiveDays === 'forever' ? null : archiveDays,
  });
  const sites = Object.entries(retention.sites).map(([site, of]) => [site, plain(of)] as const);
  return { default: plain(retention.default), sites: Object.fromEntries(sites) };
};

/** How late days may be archived; blocks stay for two weeks at least. */
const LATE = Duration.hours(12);

/** `compaction`, called on a schedule, and the alarm when days are not archived. */
export class Compaction extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage }: CapabilityProps) {
    const { afterMinutes, archiveAfterHours, everyMinutes, memoryMegabytes } = settings.compaction;
    super(scope, id, { service: 'compaction', settings, memoryMegabytes });
    this.usesTable(storage, 'registry', ['BatchGetItem']);
    this.usesTable(storage, 'measurements', [
      'BatchWriteItem',
      'DeleteItem',
      'PutItem',
      'Query',
      'UpdateItem',
    ]);
    this.usesArchive(storage, { days: ['GetObject', 'PutObject'], manifests: ['PutObject'] });
    this.listsArchive(storage);
    this.environment('COMPACT_AFTER_MINUTES', String(afterMinutes));
    this.environment('INGEST_WINDOW_SECONDS', String(settings.ingest.batchingWindowSeconds));
    this.environment('ARCHIVE_AFTER_HOURS', String(archiveAfterHours));
    this.environment('RETENTION', JSON.stringify(retentionOf(settings)));
    this.alarmWhenLate(settings);
    this.keepFailed(storage, everyMinutes);
    this.runEvery(everyMinutes);
  }

  private alarmWhenLate(settings: Settings): void {
    new cloudwatch.Alarm(this, 'ArchiveLate', {
      alarmDescription: `Days are not archived for ${LATE.toHours()} hours after they are due, or compaction does not run: mend it before the hot days of their blocks are over`,
      metric: functionMetric(settings, 'compaction', 'ArchiveLag', {
        // The minimum: a late message queues an old day again for some minutes, and that is no reason for an alarm.
        statistic: cloudwatch.Stats.MINIMUM,
        period: Duration.hours(1),
      }),
      threshold: LATE.toSeconds(),
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 2,
      treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    });
  }

  /** Scheduler calls asynchronously: Lambda would try what fails twice again, and then forget it. */
  private keepFailed({ key }: Storage, minutes: number): void {
    const failures = new DeadLetters(this, 'Failures', { key });
    this.maySend(failures);
    const config = new lambda.CfnEventInvokeConfig(this, 'Asynchronous', {
      functionName: this.function.functionName,
      qualifier: '$LATEST',
      // What one call does not do the next one does: its tasks wait.
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: minutes * 60,
      destinationConfig: { onFailure: { destination: failures.queueArn } },
    });
    // Lambda asks whether the role may send.
    config.node.addDependency(this.role.node.findChild('DefaultPolicy'));
    new cloudwatch.Alarm(this, 'Failed', {
      alarmDescription: 'A call of compaction failed: the queue of its failures has the error',
      metric: failures.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
      threshold: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }

  private runEvery(minutes: number): void {
    const { account } = Stack.of(this);
    const group = Stack.of(this).formatArn({
      service: 'scheduler',
      resource: 'schedule-group',
      resourceName: 'default',
    });
    const role = new iam.Role(this, 'ScheduleRole', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        // Scheduler tells the group, never the schedule.
        conditions: { StringEquals: { 'aws:SourceAccount': account, 'aws:SourceArn': group } },
      }),
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [this.function.functionArn],
      }),
    );
    new scheduler.CfnSchedule(this, 'Schedule', {
      description: 'Compacts what has been closed meanwhile',
      flexibleTimeWindow: { mode: 'OFF' },
      scheduleExpression: `rate(${minutes} minutes)`,
      target: {
        arn: this.function.functionArn,
        roleArn: role.roleArn,
        input: '{}',
        // Of handing the event to Lambda: the next one comes soon.
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      },
    });
  }
}
