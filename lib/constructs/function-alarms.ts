/** Alarms of every function, whatever it does. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { LambdaFunction } from './lambda-function.ts';
import { type Alarms, FIVE_MINUTES } from './operations-alarm.ts';

/** Share of its time limit that a function should not reach. */
const NEAR_THE_LIMIT = 0.9;
/** A call that takes longer than this is looked for over a longer time, as few of them end. */
const LONG = Duration.minutes(5);

/**
 * A function that the clock calls, and that writes no metric of how late it is: all its calls fail, or nobody calls it.
 * @param period longer than the time between calls
 */
export const addClockAlarm = (
  alarms: Alarms,
  { service, function: lambda }: LambdaFunction,
  period: Duration,
): void => {
  const counted = { statistic: cloudwatch.Stats.SUM, period };
  alarms.add(`${service}-idle`, {
    metric: new cloudwatch.MathExpression({
      expression: 'errors/calls',
      usingMetrics: { errors: lambda.metricErrors(counted), calls: lambda.metricInvocations(counted) },
      period,
      label: 'share of calls that fail',
    }),
    meaning: `The function ${service}, which is called by the clock, fails each time or is not called at all`,
    entry: 'clock-idle',
    threshold: 1,
    bad: 2,
    whenSilent: true,
  });
};

/** Failed calls, refused calls, and calls that come near the time limit. */
export const addFunctionAlarms = (alarms: Alarms, { service, function: lambda, timeout }: LambdaFunction) => {
  const counted = { statistic: cloudwatch.Stats.SUM, period: FIVE_MINUTES };
  // One failed call is tried again, or kept with the dead letters: see the alarms of queues.
  const lasting = { threshold: 1, bad: 2, of: 3 };
  alarms.add(`${service}-errors`, {
    metric: lambda.metricErrors(counted),
    meaning: `Calls of the function ${service} fail`,
    entry: 'function-errors',
    ...lasting,
  });
  alarms.add(`${service}-throttles`, {
    metric: lambda.metricThrottles(counted),
    meaning: `Calls of the function ${service} are refused, as too many run at once`,
    entry: 'function-throttles',
    ...lasting,
  });
  const long = timeout.toSeconds() > LONG.toSeconds();
  alarms.add(`${service}-duration`, {
    metric: lambda.metricDuration({
      statistic: cloudwatch.Stats.MAXIMUM,
      period: long ? Duration.minutes(30) : FIVE_MINUTES,
    }),
    meaning: `Calls of the function ${service} take ${NEAR_THE_LIMIT * 100} % of its time limit or more`,
    entry: 'function-duration',
    threshold: timeout.toMilliseconds() * NEAR_THE_LIMIT,
    bad: 3,
  });
};
