/** `alerts`: what was found of alerts, and what time asks of them, out of one queue; and a look at the clock each minute. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type AlertWork, alertCheck, alertWork } from '../../../contracts/messages/alert-work.ts';
import { alertQueue } from '../../runtime/alert-queue.ts';
import { asError } from '../../runtime/as-error.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { runLimited } from '../../runtime/limit.ts';
import { alertTold, liveTeller } from '../../runtime/live.ts';
import { createLogger } from '../../runtime/logger.ts';
import { addCounts, createMetrics } from '../../runtime/metrics.ts';
import { applyTransition, look } from './apply.ts';
import { beginCheck, checkPart } from './check.ts';
import type { Dependencies } from './dependencies.ts';

const env = readEnv(['REGISTRY_TABLE', 'MEASUREMENTS_TABLE', 'ALERTS_QUEUE_URL']);
const client = dynamoClient();
const logger = createLogger();
const metrics = createMetrics('alerts');

const tell = liveTeller(logger);

const deps: Dependencies = {
  registry: { client, table: env.REGISTRY_TABLE },
  measurements: { client, table: env.MEASUREMENTS_TABLE },
  send: alertQueue(env.ALERTS_QUEUE_URL),
  announce: async (alert, entry) => {
    const { id, site, device, rule, flood } = alert;
    const { version, event, state, told } = entry;
    const { id: name, priority } = rule;
    logger.info('alert', {
      alert: `${id}#${version}`,
      site,
      device,
      rule: name,
      priority,
      event,
      state,
      told,
      flood,
    });
    addCounts(metrics, { LiveEventsLost: await tell([alertTold(alert, entry)]) });
  },
  count: (counts) => addCounts(metrics, counts),
  logger,
  now: () => new Date(),
};

/** Alerts that are worked on at once. */
const AT_ONCE = 10;

const take = async (work: AlertWork): Promise<void> => {
  switch (work.kind) {
    case 'look':
      return look(deps, work.alert);
    case 'check':
      return checkPart(deps, work);
    case 'transitions': {
      const alerts = new Map<string, typeof work.transitions>();
      for (const one of work.transitions) alerts.set(one.id, [...(alerts.get(one.id) ?? []), one]);
      await runLimited([...alerts.values()], AT_ONCE, async (transitions) => {
        for (const transition of transitions) await applyTransition(deps, transition);
      });
    }
  }
};

/** Reports the messages that failed, so that they come again, and go to the dead letters after the last try. */
const takeAll = async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const failed: string[] = [];
  for (const { messageId, body } of Records) {
    try {
      await take(alertWork.parse(JSON.parse(body)));
    } catch (error) {
      logger.error('work on alerts failed', { messageId, error: asError(error) });
      deps.count({ MessagesFailed: 1 });
      failed.push(messageId);
    }
  }
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
};

/** Takes messages of the queue, or the call of the schedule. */
export const handler = async (event: unknown): Promise<SQSBatchResponse | undefined> => {
  try {
    if (typeof event === 'object' && event !== null && 'Records' in event)
      return await takeAll(event as SQSEvent);
    alertCheck.parse(event);
    await beginCheck(deps);
    return undefined;
  } finally {
    metrics.publishStoredMetrics();
  }
};
