/** What every alarm of the platform has: a text that says what it means and where to read on, and somebody who is told. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

/** Where each kind of alarm has its entry. */
const RUNBOOK = 'docs/runbook.md';

/** Over what most alarms look. */
export const FIVE_MINUTES = Duration.minutes(5);

export interface AlarmProps {
  readonly metric: cloudwatch.IMetric;
  /** One sentence that says what it means, without its full stop. */
  readonly meaning: string;
  /** Heading of the entry in the runbook. */
  readonly entry: string;
  /** It is raised at this value and above. */
  readonly threshold: number;
  /** Of the last `of` periods so many have to be bad: one and one when absent. */
  readonly bad?: number;
  readonly of?: number;
  /** Tells also when there are no values any more. One that never had values is quiet. */
  readonly whenSilent?: boolean;
}

/**
 * Makes alarms that tell a topic when they are raised. They do not tell when they are over: CloudWatch would then tell
 * of every new alarm that finds all well, some 85 mails after a first deployment.
 */
export class Alarms extends Construct {
  /** In the order in which they were made. */
  readonly all: cloudwatch.Alarm[] = [];
  private readonly action: SnsAction;

  constructor(scope: Construct, id: string, { topic }: { readonly topic: sns.ITopic }) {
    super(scope, id);
    this.action = new SnsAction(topic);
  }

  /**
   * Adds an alarm. No data is a good sign to most: what nobody uses has no errors. Those that live by data tell
   * when it ends.
   */
  add(id: string, props: AlarmProps): void {
    const { metric, meaning, entry, threshold, bad = 1, of = bad, whenSilent = false } = props;
    const { BREACHING, MISSING, NOT_BREACHING } = cloudwatch.TreatMissingData;
    // BREACHING would raise it in a deployment that has just begun: MISSING has a state of its own, which tells when
    // it is entered, and a new alarm begins with it.
    const silent: Exclude<cloudwatch.TreatMissingData, typeof BREACHING> = whenSilent
      ? MISSING
      : NOT_BREACHING;
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription: `${meaning}. See ${RUNBOOK}#${entry}`,
      metric,
      threshold,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: of,
      datapointsToAlarm: bad,
      treatMissingData: silent,
    });
    alarm.addAlarmAction(this.action);
    if (whenSilent) alarm.addInsufficientDataAction(this.action);
    this.all.push(alarm);
  }
}
