/** Alarms of queues: of what waits too long, and of what was given up. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SERVICES } from '../../contracts/routes/services.ts';
import type { DeadLetters } from './dead-letters.ts';
import { type FunctionQueue, VISIBILITY_TIMES } from './function-queue.ts';
import { type Alarms, FIVE_MINUTES } from './operations-alarm.ts';

/** The longest that a message may be delayed: 15 minutes, which functions use to be called again. */
const DELAY = Duration.minutes(15);

const nameOf = (queue: DeadLetters | FunctionQueue): string => queue.node.path.split('/').slice(1).join('/');
/** What an alarm is called by: the stack is not part of it. */
const idOf = (queue: DeadLetters | FunctionQueue): string => nameOf(queue).replaceAll('/', '-');

/** The oldest message waits longer than one that is tried a second time. */
export const addQueueAlarms = (alarms: Alarms, queue: FunctionQueue): void => {
  const { reader } = queue;
  const again = SERVICES[reader].timeoutSeconds * VISIBILITY_TIMES;
  alarms.add(`${idOf(queue)}-age`, {
    metric: queue.metricApproximateAgeOfOldestMessage({
      statistic: cloudwatch.Stats.MAXIMUM,
      period: FIVE_MINUTES,
    }),
    meaning: `Messages of the queue ${nameOf(queue)} wait too long for the function ${reader}`,
    entry: 'queue-age',
    threshold: again + DELAY.toSeconds(),
    bad: 3,
  });
};

/** There is any message that was given up. */
export const addDeadLetterAlarm = (alarms: Alarms, queue: DeadLetters): void =>
  alarms.add(`${idOf(queue)}-not-empty`, {
    metric: queue.metricApproximateNumberOfMessagesVisible({
      statistic: cloudwatch.Stats.MAXIMUM,
      period: FIVE_MINUTES,
    }),
    meaning: `The dead letters ${nameOf(queue)} have messages that a function could not deal with`,
    entry: 'dead-letters',
    threshold: 1,
  });
