/** Functions that are called every so many minutes. */
import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { DeadLetters } from './dead-letters.ts';
import type { LambdaFunction } from './lambda-function.ts';
import type { Storage } from './storage.ts';

/** How a function is called. */
export interface CalledEvery {
  readonly minutes: number;
  readonly description: string;
  /** The event. */
  readonly input: object;
  /** What the alarm says when a call fails. */
  readonly failed: string;
}

/** Scheduler calls asynchronously: Lambda would try what fails twice again, and then forget it. */
const keepFailed = (called: LambdaFunction, { key }: Storage, { minutes, failed }: CalledEvery): void => {
  const failures = new DeadLetters(called, 'Failures', { key });
  called.maySend(failures);
  const config = new lambda.CfnEventInvokeConfig(called, 'Asynchronous', {
    functionName: called.function.functionName,
    qualifier: '$LATEST',
    // The next call comes soon, and does what this one did not.
    maximumRetryAttempts: 0,
    maximumEventAgeInSeconds: minutes * 60,
    destinationConfig: { onFailure: { destination: failures.queueArn } },
  });
  // Lambda asks whether the role may send.
  config.node.addDependency(called.role.node.findChild('DefaultPolicy'));
  new cloudwatch.Alarm(called, 'Failed', {
    alarmDescription: failed,
    metric: failures.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
    threshold: 1,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    evaluationPeriods: 1,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
};

/** Has a function called every so many minutes; calls that fail are kept, and raise an alarm. */
export const callEvery = (called: LambdaFunction, storage: Storage, every: CalledEvery): void => {
  keepFailed(called, storage, every);
  const stack = Stack.of(called);
  const group = stack.formatArn({
    service: 'scheduler',
    resource: 'schedule-group',
    resourceName: 'default',
  });
  const role = new iam.Role(called, 'ScheduleRole', {
    assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
      // Scheduler tells the group, never the schedule.
      conditions: { StringEquals: { 'aws:SourceAccount': stack.account, 'aws:SourceArn': group } },
    }),
  });
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: ['lambda:InvokeFunction'],
      resources: [called.function.functionArn],
    }),
  );
  const { minutes } = every;
  new scheduler.CfnSchedule(called, 'Schedule', {
    description: every.description,
    flexibleTimeWindow: { mode: 'OFF' },
    scheduleExpression: minutes === 1 ? 'rate(1 minute)' : `rate(${minutes} minutes)`,
    target: {
      arn: called.function.functionArn,
      roleArn: role.roleArn,
      input: JSON.stringify(every.input),
      // Of handing the event to Lambda: the next one comes soon.
      retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
    },
  });
};
