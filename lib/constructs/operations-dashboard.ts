/**
 * One page for the eye: the way of the data from top to bottom. Plain widgets of CloudWatch: a library of monitoring
 * constructs would bring alarms with thresholds and texts of its own, and these here have an entry in the runbook each.
 */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { MeteredService, MetricName } from '../../contracts/deployment/metrics.ts';
import type { Settings } from '../settings.ts';
import type { DeadLetters } from './dead-letters.ts';
import { functionMetric } from './function-metric.ts';
import type { FunctionQueue } from './function-queue.ts';
import type { HttpApi } from './http-api.ts';
import type { LambdaFunction } from './lambda-function.ts';
import type { Storage } from './storage.ts';
import type { TopicRule } from './topic-rule.ts';

/** What is watched. */
export interface Watched {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly http: HttpApi;
  readonly functions: readonly LambdaFunction[];
  readonly queues: readonly FunctionQueue[];
  readonly deadLetters: readonly DeadLetters[];
  readonly rules: readonly TopicRule[];
}

export interface OperationsDashboardProps extends Watched {
  readonly alarms: readonly cloudwatch.IAlarm[];
}

const period = Duration.minutes(5);
const sum = { statistic: cloudwatch.Stats.SUM, period };
const maximum = { statistic: cloudwatch.Stats.MAXIMUM, period };
const HALF = 12;

/** A row: a heading, and graphs beside each other. */
const stage = (
  title: string,
  ...graphs: readonly (readonly [title: string, metrics: readonly cloudwatch.IMetric[]])[]
): cloudwatch.IWidget[] => [
  new cloudwatch.TextWidget({ markdown: `## ${title}`, width: 24, height: 1 }),
  ...graphs.map(
    ([name, left]) => new cloudwatch.GraphWidget({ title: name, left: [...left], width: HALF, height: 6 }),
  ),
];

/** The dashboard of a deployment. */
export class OperationsDashboard extends cloudwatch.Dashboard {
  constructor(scope: Construct, id: string, { alarms, ...watched }: OperationsDashboardProps) {
    super(scope, id, { defaultInterval: Duration.hours(12) });
    const { settings, storage, http, functions, queues, deadLetters, rules } = watched;
    const counts = <S extends MeteredService>(service: S, ...names: MetricName<S>[]): cloudwatch.IMetric[] =>
      names.map((name) => functionMetric(settings, service, name, { ...sum, label: name }));
    const most = <S extends MeteredService>(service: S, name: MetricName<S>): cloudwatch.IMetric =>
      functionMetric(settings, service, name, { ...maximum, label: name });
    const ofFunctions = (metric: (of: LambdaFunction['function'], label: string) => cloudwatch.IMetric) =>
      functions.map(({ function: lambda, service }) => metric(lambda, service));
    const ofQueues = <Q extends FunctionQueue | DeadLetters>(
      all: readonly Q[],
      metric: (queue: Q, label: string) => cloudwatch.IMetric,
    ) => all.map((queue) => metric(queue, queue.node.path.split('/').slice(1).join('/')));
    const tables = [storage.registry, storage.measurements];
    const ofTables = (name: string): cloudwatch.IMetric[] =>
      tables.map(
        ({ tableName: TableName, node }) =>
          new cloudwatch.Metric({
            namespace: 'AWS/DynamoDB',
            metricName: name,
            dimensionsMap: { TableName },
            ...sum,
            label: node.id,
          }),
      );
    const { deploymentStage } = http.api;
    const rows = [
      [new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 4 })],
      stage(
        '1. From the broker to the stream',
        [
          'Messages that rules took',
          rules.map(
            ({ rule, node }) =>
              new cloudwatch.Metric({
                namespace: 'AWS/IoT',
                metricName: 'TopicMatch',
                dimensionsMap: { RuleName: rule.ref },
                ...sum,
                label: node.path.split('/').slice(1).join('-'),
              }),
          ),
        ],
        [
          'Records of the stream',
          [
            storage.stream.metric('IncomingRecords', sum),
            storage.stream.metric('WriteProvisionedThroughputExceeded', sum),
          ],
        ],
      ),
      stage(
        '2. Ingest',
        [
          'Points',
          counts('ingest', 'PointsReceived', 'PointsStored', 'PointsDuplicate', 'PointsQuarantined'),
        ],
        ['How far ingest is behind, in milliseconds', [most('ingest', 'IteratorLag')]],
        ['Tried again, set aside', counts('ingest', 'MessagesRetried', 'CallRetries', 'MessagesQuarantined')],
        ['Not delivered', counts('deliveries', 'MessagesRefused', 'MessagesGivenUp', 'ReportsFailed')],
      ),
      stage(
        '3. Tables',
        ['Write units', ofTables('ConsumedWriteCapacityUnits')],
        ['Refused', [...ofTables('ReadThrottleEvents'), ...ofTables('WriteThrottleEvents')]],
      ),
      stage(
        '4. Compaction and archive',
        ['Lag, in seconds', [most('compaction', 'CompactionLag'), most('compaction', 'ArchiveLag')]],
        [
          'Hours and days',
          counts('compaction', 'HoursCompacted', 'HoursFailed', 'DaysArchived', 'DaysFailed', 'DaysWaiting'),
        ],
      ),
      stage(
        '5. Devices: presence and commands',
        ['Presence', counts('presence', 'PresenceApplied', 'PresenceSuperseded', 'PresenceFailed')],
        [
          'Commands',
          counts('commands', 'CommandsSent', 'CommandsEnded', 'CommandsTimedOut', 'CommandsExpired'),
        ],
        [
          'Oldest message of each queue, in seconds',
          ofQueues(queues, (queue, label) =>
            queue.metricApproximateAgeOfOldestMessage({ ...maximum, label }),
          ),
        ],
        [
          'Dead letters',
          ofQueues(deadLetters, (queue, label) =>
            queue.metricApproximateNumberOfMessagesVisible({ ...maximum, label }),
          ),
        ],
      ),
      stage(
        '6. People and programs',
        [
          'Requests',
          [
            deploymentStage.metricCount(sum),
            deploymentStage.metricClientError(sum),
            deploymentStage.metricServerError(sum),
          ],
        ],
        [
          'How long they take, in milliseconds',
          [50, 95, 99].map((percentile) =>
            deploymentStage.metricLatency({
              statistic: cloudwatch.Stats.p(percentile),
              period,
              label: `p${percentile}`,
            }),
          ),
        ],
        ['Live connections', counts('live-authorizer', 'LiveAdmitted', 'LiveRefused')],
      ),
      stage(
        'All functions',
        ['Errors', ofFunctions((lambda, label) => lambda.metricErrors({ ...sum, label }))],
        ['Throttles', ofFunctions((lambda, label) => lambda.metricThrottles({ ...sum, label }))],
        [
          'Longest call, in milliseconds',
          ofFunctions((lambda, label) => lambda.metricDuration({ ...maximum, label })),
        ],
      ),
    ];
    this.addWidgets(...rows.flat());
  }
}
