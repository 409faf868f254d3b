/** The platform watches itself: alarms and who is told of them, a dashboard, saved questions to the logs, a budget. */
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { LISTING_INDEX } from '../contracts/deployment/indexes.ts';
import type { ApiStack } from './api-stack.ts';
import { AlarmTopic } from './constructs/alarm-topic.ts';
import { Alerts } from './constructs/alerts.ts';
import { addApiAlarms, addLiveAlarms } from './constructs/api-alarms.ts';
import { AuditRoots } from './constructs/audit-roots.ts';
import { CostBudget } from './constructs/cost-budget.ts';
import {
  addAlertAlarms,
  addCompactionAlarms,
  addDeliveryAlarms,
  addIngestAlarms,
  addRuleAlarms,
  addStreamAlarms,
  addTableAlarms,
} from './constructs/data-alarms.ts';
import { DataRule } from './constructs/data-rule.ts';
import { DeadLetters } from './constructs/dead-letters.ts';
import { addClockAlarm, addFunctionAlarms } from './constructs/function-alarms.ts';
import { FunctionQueue } from './constructs/function-queue.ts';
import { Ingestion } from './constructs/ingestion.ts';
import { LambdaFunction } from './constructs/lambda-function.ts';
import { Alarms } from './constructs/operations-alarm.ts';
import { OperationsDashboard, type Watched } from './constructs/operations-dashboard.ts';
import { addDeadLetterAlarm, addQueueAlarms } from './constructs/queue-alarms.ts';
import { SavedQueries } from './constructs/saved-queries.ts';
import { TopicRule } from './constructs/topic-rule.ts';
import type { DevicesStack } from './devices-stack.ts';
import type { ProcessingStack } from './processing-stack.ts';
import type { Settings } from './settings.ts';
import type { StorageStack } from './storage-stack.ts';

export interface OperationsStackProps extends StackProps {
  readonly settings: Settings;
  readonly storage: StorageStack;
  readonly devices: DevicesStack;
  readonly processing: ProcessingStack;
  readonly api: ApiStack;
}

/**
 * Alarms, and what somebody looks at who was told of one. Functions, queues and rules are those that the other stacks
 * have: a new one is watched as soon as it is there.
 */
export class OperationsStack extends Stack {
  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    super(scope, id, props);
    const { settings, storage, devices, processing, api } = props;
    const { mails, monthlyBudgetDollars } = settings.operations;
    const parts = [storage, devices, processing, api].flatMap((stack) => stack.node.findAll());
    const all = <T>(kind: abstract new (...args: never[]) => T): T[] =>
      parts.filter((part): part is typeof part & T => part instanceof kind);
    const watched: Watched = {
      settings,
      storage,
      http: api.http,
      functions: all(LambdaFunction),
      queues: all(FunctionQueue),
      deadLetters: all(DeadLetters),
      rules: all(TopicRule),
    };
    const topic = new AlarmTopic(this, 'Topic', { key: storage.key, mails });
    const alarms = new Alarms(this, 'Alarms', { topic });
    // `deliveries` tells of what the stream refuses; nobody else does so of the other rules.
    for (const rule of watched.rules) addRuleAlarms(alarms, rule, rule instanceof DataRule);
    addStreamAlarms(alarms, storage);
    for (const ingest of all(Ingestion)) addIngestAlarms(alarms, settings, ingest);
    addAlertAlarms(alarms, settings);
    addDeliveryAlarms(alarms, settings);
    addTableAlarms(alarms, 'registry', storage.registry, [LISTING_INDEX.name]);
    addTableAlarms(alarms, 'measurements', storage.measurements);
    addCompactionAlarms(alarms, settings);
    for (const queue of watched.queues) addQueueAlarms(alarms, queue);
    for (const queue of watched.deadLetters) addDeadLetterAlarm(alarms, queue);
    for (const each of watched.functions) addFunctionAlarms(alarms, each);
    addApiAlarms(alarms, api.http);
    addLiveAlarms(alarms, settings);
    for (const clocked of all(Alerts)) addClockAlarm(alarms, clocked, Duration.minutes(15));
    for (const clocked of all(AuditRoots)) addClockAlarm(alarms, clocked, Duration.hours(3));
    new OperationsDashboard(this, 'Dashboard', { ...watched, alarms: alarms.all });
    new SavedQueries(this, 'Queries', {
      settings,
      functions: watched.functions.map(({ logGroup }) => logGroup),
      requests: api.http.accessLogs,
    });
    if (monthlyBudgetDollars !== undefined)
      new CostBudget(this, 'Budget', { dollars: monthlyBudgetDollars, mails });
    new CfnOutput(this, 'AlarmTopic', { value: topic.topicArn });
  }
}
