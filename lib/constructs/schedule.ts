/** What calls a function at a rate, and what becomes of a call that fails. */
import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { DeadLetters } from './dead-letters.ts';
import type { LambdaFunction } from './lambda-function.ts';
import type { Storage } from './storage.ts';

export interface ScheduleProps {
  readonly minutes: number;
  /** What the schedule is for. */
  readonly description: string;
  /** How often Lambda tries a call that failed again. */
  readonly retries: 0 | 1 | 2;
  /** The event; empty by default. */
  readonly input?: object;
}

/** Scheduler calls asynchronously: Lambda would try what fails twice again, and then forget it. */
const keepFailed = (target: LambdaFunction, { key }: Storage, { minutes, retries }: ScheduleProps): void => {
  const failures = new DeadLetters(target, 'Failures', { key });
  target.maySend(failures);
  const config = new lambda.CfnEventInvokeConfig(target, 'Asynchronous', {
    functionName: target.function.functionName,
    qualifier: '$LATEST',
    maximumRetryAttempts: retries,
    maximumEventAgeInSeconds: minutes * 60,
    destinationConfig: { onFailure: { destination: failures.queueArn } },
  });
  // Lambda asks whether the role may send.
  config.node.addDependency(target.role.node.findChild('DefaultPolicy'));
};

/** Has a function called every so many minutes; a call that fails for good is kept. */
export const callEvery = (target: LambdaFunction, storage: Storage, props: ScheduleProps): void => {
  keepFailed(target, storage, props);
  const { account } = Stack.of(target);
  const group = Stack.of(target).formatArn({
    service: 'scheduler',
    resource: 'schedule-group',
    resourceName: 'default',
  });
  const role = new iam.Role(target, 'ScheduleRole', {
    assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
      // Scheduler tells the group, never the schedule.
      conditions: { StringEquals: { 'aws:SourceAccount': account, 'aws:SourceArn': group } },
    }),
  });
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: ['lambda:InvokeFunction'],
      resources: [target.function.functionArn],
    }),
  );
  new scheduler.CfnSchedule(target, 'Schedule', {
    description: props.description,
    flexibleTimeWindow: { mode: 'OFF' },
    scheduleExpression: props.minutes === 1 ? 'rate(1 minute)' : `rate(${props.minutes} minutes)`,
    target: {
      arn: target.function.functionArn,
      roleArn: role.roleArn,
      input: JSON.stringify(props.input ?? {}),
      // Of handing the event to Lambda: the next one comes soon.
      retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
    },
  });
};
