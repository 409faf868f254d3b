/** Alarms of what people and programs see: the HTTP API, and connections of browsers. */
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Settings } from '../settings.ts';
import { functionMetric } from './function-metric.ts';
import type { HttpApi } from './http-api.ts';
import { type Alarms, FIVE_MINUTES } from './operations-alarm.ts';

/** Milliseconds. People have given up by then; a large streamed answer may take so long, now and then. */
const SLOW = 10_000;
/** Faulty answers, and refused connections, in five minutes: fewer are somebody's, not everybody's. */
const MANY_FAULTS = 5;
const MANY_REFUSED = 100;

/** Faulty and slow answers of the API. */
export const addApiAlarms = (alarms: Alarms, { api }: HttpApi): void => {
  const { deploymentStage: stage } = api;
  alarms.add('api-faults', {
    metric: stage.metricServerError({ statistic: cloudwatch.Stats.SUM, period: FIVE_MINUTES }),
    meaning: `The API answers ${MANY_FAULTS} requests or more in five minutes with a status of 5xx`,
    entry: 'api-faults',
    threshold: MANY_FAULTS,
    bad: 2,
    of: 3,
  });
  alarms.add('api-slow', {
    metric: stage.metricLatency({ statistic: cloudwatch.Stats.p(99), period: FIVE_MINUTES }),
    meaning: `One request of a hundred takes ${SLOW / 1000} seconds or more`,
    entry: 'api-slow',
    threshold: SLOW,
    bad: 3,
  });
};

/** Connections that the authorizer refuses; when it fails itself, that is an error of the function. */
export const addLiveAlarms = (alarms: Alarms, settings: Settings): void =>
  alarms.add('live-refused', {
    metric: functionMetric(settings, 'live-authorizer', 'LiveRefused', {
      statistic: cloudwatch.Stats.SUM,
      period: FIVE_MINUTES,
    }),
    meaning: `The authorizer refuses ${MANY_REFUSED} live connections or more in five minutes`,
    entry: 'live-refused',
    threshold: MANY_REFUSED,
    bad: 2,
    of: 3,
  });
