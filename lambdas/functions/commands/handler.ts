/** `commands`: what happened to commands, and what time asks of them, out of one queue. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { commandWork } from '../../../contracts/messages/command-work.ts';
import { sendMessage } from '../../runtime/calls.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { readEnv } from '../../runtime/env.ts';
import { runLimited } from '../../runtime/limit.ts';
import { createLogger } from '../../runtime/logger.ts';
import { addCounts, createMetrics } from '../../runtime/metrics.ts';
import { createPublisher } from '../../runtime/publisher.ts';
import { type Dependencies, dispatch, look } from './dispatch.ts';
import { takeReply } from './replies.ts';

const env = readEnv(['REGISTRY_TABLE', 'MEASUREMENTS_TABLE', 'COMMANDS_QUEUE_URL']);
const client = dynamoClient();
const logger = createLogger();
const metrics = createMetrics('commands');
const count = (name: Parameters<typeof metrics.addMetric>[0]): void => addCounts(metrics, { [name]: 1 });

const deps: Dependencies = {
  registry: { client, table: env.REGISTRY_TABLE },
  measurements: { client, table: env.MEASUREMENTS_TABLE },
  publish: createPublisher(),
  send: (work, delaySeconds) => sendMessage(env.COMMANDS_QUEUE_URL, JSON.stringify(work), delaySeconds),
  count,
  now: () => new Date(),
};

const take = async (record: SQSRecord): Promise<void> => {
  const work = commandWork.parse(JSON.parse(record.body));
  switch (work.kind) {
    case 'look':
      return look(deps, work);
    case 'device':
      return dispatch(deps, work.device, work.connected);
    case 'reply': {
      const outcome = await takeReply(deps.registry, work);
      if (outcome === 'unknown') logger.warn('a reply to no command', { topic: work.topic });
      count(
        outcome === 'taken'
          ? 'RepliesTaken'
          : outcome === 'unknown'
            ? 'RepliesUnknown'
            : 'RepliesWithoutEffect',
      );
    }
  }
};

/** Messages of a batch concern different commands nearly always; those of one settle by their versions. */
const AT_ONCE = 10;

/** Reports the messages that failed, so that they come again, and go to the dead letters after the last try. */
export const handler = async (event: SQSEvent): Promise<SQSBatchResponse> => {
  const failed: string[] = [];
  await runLimited(event.Records, AT_ONCE, async (record) => {
    try {
      await take(record);
    } catch (error) {
      logger.error('work on commands failed', {
        messageId: record.messageId,
        error: error instanceof Error ? error : new Error(String(error)),
      });
      count('MessagesFailed');
      failed.push(record.messageId);
    }
  });
  metrics.publishStoredMetrics();
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
};
