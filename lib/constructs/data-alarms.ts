/** Alarms of the way of a measurement: rules, stream, ingest, tables, compaction and archive. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { MeteredService, MetricName } from '../../contracts/deployment/metrics.ts';
import type { Settings } from '../settings.ts';
import { functionMetric } from './function-metric.ts';
import type { LambdaFunction } from './lambda-function.ts';
import { type Alarms, FIVE_MINUTES } from './operations-alarm.ts';
import type { Storage } from './storage.ts';
import type { TopicRule } from './topic-rule.ts';

/** How late days may be archived; blocks stay for two weeks at least. */
const ARCHIVE_LATE = Duration.hours(12);
/** How late hours may be compacted: until then reading them costs more, and nothing else. */
const COMPACTION_LATE = Duration.hours(2);
/** How far ingest may be behind, besides the time that a batch gathers. */
const INGEST_LATE = Duration.minutes(5);

const counted = { statistic: cloudwatch.Stats.SUM, period: FIVE_MINUTES };

/**
 * What the rules engine counts of a rule. Its metrics of actions have the type of the action as a second dimension,
 * whose values are not documented: so it is asked by the rule alone.
 */
const ofRule = ({ rule }: TopicRule, name: 'Failure' | 'ErrorActionFailure'): cloudwatch.IMetric =>
  new cloudwatch.MathExpression({
    expression: `SELECT SUM("${name}") FROM "AWS/IoT" WHERE RuleName = '${rule.ref}'`,
    usingMetrics: {},
    period: FIVE_MINUTES,
    label: name,
  });

/** Messages that the action of a rule refused; those that even the error action could not keep. */
export const addRuleAlarms = (alarms: Alarms, rule: TopicRule, told: boolean): void => {
  const id = rule.node.path.split('/').slice(1).join('-');
  alarms.add(`${id}-lost`, {
    metric: ofRule(rule, 'ErrorActionFailure'),
    meaning: `Messages of the rule ${id} are lost: neither its action nor its error action took them`,
    entry: 'rule-lost',
    threshold: 1,
  });
  if (told) return;
  alarms.add(`${id}-failures`, {
    metric: ofRule(rule, 'Failure'),
    meaning: `The action of the rule ${id} refuses messages, which are kept below rule-errors/ of the archive`,
    entry: 'rule-failures',
    threshold: 1,
  });
};

/** The stream has less room than devices send. */
export const addStreamAlarms = (alarms: Alarms, { stream }: Storage): void =>
  alarms.add('stream-throttled', {
    metric: stream.metric('WriteProvisionedThroughputExceeded', counted),
    meaning: 'The stream refuses records, as more comes than its shards take',
    entry: 'stream-throttled',
    threshold: 1,
    bad: 2,
    of: 3,
  });

/** Ingest is behind what comes. */
export const addIngestAlarms = (alarms: Alarms, settings: Settings, ingest: LambdaFunction): void =>
  alarms.add('ingest-late', {
    metric: ingest.function.metric('IteratorAge', {
      statistic: cloudwatch.Stats.MAXIMUM,
      period: FIVE_MINUTES,
    }),
    meaning: 'Measurements wait in the stream: ingest is behind',
    entry: 'ingest-late',
    threshold: INGEST_LATE.toMilliseconds() + settings.ingest.batchingWindowSeconds * 1000,
    bad: 2,
  });

/** A table, or an index of it, refuses reads or writes. */
export const addTableAlarms = (
  alarms: Alarms,
  name: string,
  { tableName: TableName }: dynamodb.ITable,
  indexes: readonly string[] = [],
): void => {
  const places = [{ TableName }, ...indexes.map((index) => ({ TableName, GlobalSecondaryIndexName: index }))];
  const metrics = places.flatMap((dimensionsMap) =>
    ['ReadThrottleEvents', 'WriteThrottleEvents'].map(
      (metricName) =>
        new cloudwatch.Metric({ namespace: 'AWS/DynamoDB', metricName, dimensionsMap, ...counted }),
    ),
  );
  const named = Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric]));
  alarms.add(`${name}-throttled`, {
    metric: new cloudwatch.MathExpression({
      // Each is only there when something was refused.
      expression: Object.keys(named)
        .map((id) => `FILL(${id},0)`)
        .join('+'),
      usingMetrics: named,
      period: FIVE_MINUTES,
      label: `refused by ${name}`,
    }),
    meaning: `The table ${name} refuses reads or writes, as more comes than it has grown for`,
    entry: 'table-throttled',
    threshold: 1,
    bad: 2,
    of: 3,
  });
};

/** Hours and days that are not worked off in time. */
export const addCompactionAlarms = (alarms: Alarms, settings: Settings): void => {
  const lag = (metric: 'ArchiveLag' | 'CompactionLag'): cloudwatch.Metric =>
    functionMetric(settings, 'compaction', metric, {
      // The minimum: a late message queues an old hour and day again for some minutes, and that is no reason for an alarm.
      statistic: cloudwatch.Stats.MINIMUM,
      period: Duration.hours(1),
    });
  alarms.add('compaction-late', {
    metric: lag('CompactionLag'),
    meaning: `Hours are compacted ${COMPACTION_LATE.toHours()} hours too late, or compaction does not run at all`,
    entry: 'compaction-late',
    threshold: COMPACTION_LATE.toSeconds() + settings.compaction.afterMinutes * 60,
    bad: 2,
    whenSilent: true,
  });
  alarms.add('archive-late', {
    metric: lag('ArchiveLag'),
    meaning: `Days are not archived ${ARCHIVE_LATE.toHours()} hours after they are due`,
    entry: 'archive-late',
    threshold: ARCHIVE_LATE.toSeconds(),
    bad: 2,
  });
  const fails = (metric: 'HoursFailed' | 'DaysFailed', what: string): void =>
    alarms.add(`compaction-${what}-failed`, {
      metric: functionMetric(settings, 'compaction', metric, { ...counted, period: Duration.minutes(15) }),
      meaning: `Compaction fails on ${what} again and again`,
      entry: 'compaction-failed',
      threshold: 1,
      bad: 2,
      of: 3,
    });
  fails('HoursFailed', 'hours');
  fails('DaysFailed', 'days');
};

/** A count of a function that should stay zero. */
const alarmOnAny = <S extends MeteredService>(
  alarms: Alarms,
  settings: Settings,
  [service, metric]: readonly [S, MetricName<S>],
  entry: string,
  meaning: string,
): void =>
  alarms.add(entry, {
    metric: functionMetric(settings, service, metric, counted),
    meaning,
    entry,
    threshold: 1,
  });

/** Alerts about measurements that ingest could not judge. */
export const addAlertAlarms = (alarms: Alarms, settings: Settings): void =>
  alarmOnAny(
    alarms,
    settings,
    ['ingest', 'AlertsFailed'],
    'alerts-failed',
    'Ingest could not hold measurements against the alert rules of a device',
  );

/** Measurements that were not delivered: they are kept, and somebody has to say when they are taken again. */
export const addDeliveryAlarms = (alarms: Alarms, settings: Settings): void => {
  const there = 'they are in the quarantine';
  const alarm = (metric: MetricName<'deliveries'>, entry: string, meaning: string): void =>
    alarmOnAny(alarms, settings, ['deliveries', metric], entry, meaning);
  alarm('MessagesRefused', 'messages-refused', `The stream refused messages: ${there}`);
  alarm('MessagesGivenUp', 'messages-given-up', `Lambda has given up messages of the stream: ${there}`);
  alarm('ReportsFailed', 'reports-failed', 'Undelivered messages cannot be put into the quarantine');
};
