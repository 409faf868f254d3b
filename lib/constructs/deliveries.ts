/** From what was kept of undelivered messages to entries of the quarantine. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { MetricName } from '../../contracts/deployment/metrics.ts';
import type { Settings } from '../settings.ts';
import { readQueue } from './event-sources.ts';
import { functionMetric } from './function-metric.ts';
import type { FunctionQueue } from './function-queue.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

export interface DeliveriesProps extends CapabilityProps {
  /** Notifications of objects that keep what was not delivered. */
  readonly undelivered: FunctionQueue;
}

/** `deliveries`, called with notifications of the archive, and the alarms when there is anything. */
export class Deliveries extends LambdaFunction {
  constructor(scope: Construct, id: string, { settings, storage, undelivered }: DeliveriesProps) {
    super(scope, id, { service: 'deliveries', settings });
    this.usesArchive(storage, {
      refusedMessages: ['GetObject'],
      failedBatches: ['GetObject'],
      quarantine: ['PutObject'],
    });
    readQueue(this, undelivered, { batchSize: 10, scalingConfig: { maximumConcurrency: 5 } });
    const there = 'they are in the quarantine. Mend the cause, then take them again';
    this.alarm(settings, 'MessagesRefused', `The stream refuses messages: ${there}`);
    this.alarm(settings, 'MessagesGivenUp', `Lambda has given up messages of the stream: ${there}`);
    this.alarm(
      settings,
      'ReportsFailed',
      'Undelivered messages cannot be put into the quarantine: mend the cause, then redrive the dead letters',
    );
  }

  private alarm(settings: Settings, metric: MetricName<'deliveries'>, description: string): void {
    new cloudwatch.Alarm(this, metric, {
      alarmDescription: description,
      metric: functionMetric(settings, 'deliveries', metric, {
        statistic: cloudwatch.Stats.SUM,
        period: Duration.minutes(5),
      }),
      threshold: 0,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }
}
