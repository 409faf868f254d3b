/** `commands`: what happened to commands, and what time asks of them, out of one queue. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type CommandWork, commandWork } from '../../../contracts/messages/command-work.ts';
import { parseReplyTopic } from '../../../contracts/messages/topics.ts';
import type { Command } from '../../../contracts/resources/commands.ts';
import { traceIdOf } from '../../../contracts/trace.ts';
import { asError } from '../../runtime/as-error.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { commandQueue } from '../../runtime/command-queue.ts';
import { readEnv } from '../../runtime/env.ts';
import { runLimited } from '../../runtime/limit.ts';
import { commandTold, liveTeller } from '../../runtime/live.ts';
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

const tell = liveTeller(logger);

const shared: Omit<Dependencies, 'changed'> = {
  registry: { client, table: env.REGISTRY_TABLE },
  measurements: { client, table: env.MEASUREMENTS_TABLE },
  publish: createPublisher(),
  send: commandQueue(env.COMMANDS_QUEUE_URL),
  count,
  logStep: (message, { id, device, state, attempts, traceparent }) =>
    logger.info(message, { command: id, device, state, attempts, trace: traceIdOf(traceparent) }),
  now: () => new Date(),
};

const work = async (deps: Dependencies, work: CommandWork): Promise<void> => {
  switch (work.kind) {
    case 'look':
      return look(deps, work);
    case 'device':
      return dispatch(deps, work.device, work.connected);
    case 'reply': {
      const outcome = await takeReply(deps, work);
      if (outcome === 'unknown') logger.warn('a reply to no command', { topic: work.topic });
      count(OUTCOMES[outcome]);
    }
  }
};

/** Does what a message asks, and tells people of each command that it has changed: once, how it is then. */
const take = async (message: CommandWork): Promise<void> => {
  const changed = new Map<string, Command>();
  try {
    await work({ ...shared, changed: (command) => changed.set(command.id, command) }, message);
  } finally {
    const lost = await tell([...changed.values()].map(commandTold));
    addCounts(metrics, { LiveEventsLost: lost });
  }
};

const OUTCOMES = {
  taken: 'RepliesTaken',
  'without-effect': 'RepliesWithoutEffect',
  unknown: 'RepliesUnknown',
} as const;

/** What a message is about: messages of one subject are taken in their order. */
const subjectOf = (work: CommandWork): string => {
  if (work.kind === 'device') return work.device;
  return work.kind === 'look' ? work.command : (parseReplyTopic(work.topic)?.command ?? work.topic);
};

/** When a reply was heard; what is no reply does not wait. */
const timeOf = (work: CommandWork): number => (work.kind === 'reply' ? work.at : 0);

interface Taken {
  readonly messageId: string;
  readonly work: CommandWork;
}

/** Of different subjects. */
const AT_ONCE = 10;

/** Reports the messages that failed, so that they come again, and go to the dead letters after the last try. */
export const handler = async (event: SQSEvent): Promise<SQSBatchResponse> => {
  const failed: string[] = [];
  const fail = (messageId: string, error: unknown): void => {
    logger.error('work on commands failed', {
      messageId,
      error: asError(error),
    });
    count('MessagesFailed');
    failed.push(messageId);
  };
  const subjects = new Map<string, Taken[]>();
  for (const { messageId, body } of event.Records) {
    try {
      const work = commandWork.parse(JSON.parse(body));
      const subject = subjectOf(work);
      subjects.set(subject, [...(subjects.get(subject) ?? []), { messageId, work }]);
    } catch (error) {
      fail(messageId, error);
    }
  }
  await runLimited([...subjects.values()], AT_ONCE, async (messages) => {
    // The queue promises no order. One millisecond may hold several replies: their order is that of the queue.
    for (const { messageId, work } of messages.toSorted(
      (one, other) => timeOf(one.work) - timeOf(other.work),
    ))
      await take(work).catch((error: unknown) => fail(messageId, error));
  });
  metrics.publishStoredMetrics();
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
};
