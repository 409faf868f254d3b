/** `presence`: lifecycle events of the broker become the connection state of devices. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { asError } from '../../runtime/as-error.ts';
import { dynamoClient } from '../../runtime/clients.ts';
import { commandQueue } from '../../runtime/command-queue.ts';
import { readEnv } from '../../runtime/env.ts';
import { runLimited } from '../../runtime/limit.ts';
import { liveTeller, presenceTold, type Told } from '../../runtime/live.ts';
import { createLogger } from '../../runtime/logger.ts';
import { addCounts, createMetrics } from '../../runtime/metrics.ts';
import { recordConnection } from '../../store/registry/connections.ts';
import { readSite } from '../../store/registry/devices.ts';
import { applyConnection, type ConnectionChange, supersedes } from '../../store/registry/presence.ts';
import { changeOf, lifecycleEvent } from './lifecycle.ts';

const env = readEnv(['REGISTRY_TABLE', 'COMMANDS_QUEUE_URL']);
const registry = { client: dynamoClient(), table: env.REGISTRY_TABLE };
const sendWork = commandQueue(env.COMMANDS_QUEUE_URL);
const logger = createLogger();
const metrics = createMetrics('presence');
const tell = liveTeller(logger);

type Outcome = 'applied' | 'superseded' | 'unknown' | 'failed';

/** A failed event goes back to the queue, and after its last try to the dead-letter queue: none is dropped. */
const take = async (record: SQSRecord, told: ConnectionChange[]): Promise<Outcome> => {
  try {
    const change = changeOf(lifecycleEvent.parse(JSON.parse(record.body)));
    const { outcome, awaited } = await applyConnection(registry, change);
    // First: if what follows fails, the event comes again, and is superseded then.
    if (outcome === 'applied') told.push(change);
    // What is superseded happened all the same.
    if (outcome !== 'unknown') await recordConnection(registry, change);
    // Commands wait for this device.
    if (awaited) await sendWork({ kind: 'device', device: change.device, connected: true });
    return outcome;
  } catch (error) {
    logger.error('lifecycle event failed', {
      messageId: record.messageId,
      error: asError(error),
    });
    return 'failed';
  }
};

/** No more than there are connections: a write that waits for one would run into its time limit. */
const WRITES_AT_ONCE = 50;

/** Of several changes of a device in one batch only the last is told: that one is true. */
const newest = (changes: readonly ConnectionChange[]): ConnectionChange[] => {
  const byDevice = new Map<string, ConnectionChange>();
  for (const change of changes) {
    const known = byDevice.get(change.device);
    if (known === undefined || supersedes(change, known)) byDevice.set(change.device, change);
  }
  return [...byDevice.values()];
};

/** Tells people who came and who went. 1 read for each device, of the site that it is at. */
const tellPeople = async (changes: readonly ConnectionChange[]): Promise<void> => {
  const events = await runLimited(newest(changes), WRITES_AT_ONCE, async (change): Promise<Told[]> => {
    const { device, state, at, order, reason } = change;
    const site = await readSite(registry, device);
    if (site === undefined) return [];
    const since = new Date(at).toISOString();
    const connection = { state, since, ...(reason === undefined ? {} : { reason }) };
    return [presenceTold({ v: 1, device, site, connection, order })];
  });
  addCounts(metrics, { LiveEventsLost: await tell(events.flat()) });
};

/** Events are taken together: their own order decides, not that of their arrival. */
export const handler = async (event: SQSEvent): Promise<SQSBatchResponse> => {
  const changes: ConnectionChange[] = [];
  const outcomes = await runLimited(event.Records, WRITES_AT_ONCE, (record) => take(record, changes));
  // What is written is written: the events must not come again because nobody could be told.
  await tellPeople(changes).catch((error: unknown) => {
    logger.warn('people could not be told who came and went', { error: asError(error) });
    addCounts(metrics, { LiveEventsLost: changes.length });
  });
  const count = (outcome: Outcome): number => outcomes.filter((each) => each === outcome).length;
  addCounts(metrics, {
    PresenceApplied: count('applied'),
    PresenceSuperseded: count('superseded'),
    // Browsers and programs connect as well; only registered devices have a presence.
    PresenceUnknownClient: count('unknown'),
    PresenceFailed: count('failed'),
  });
  metrics.publishStoredMetrics();
  return {
    batchItemFailures: event.Records.filter((_, index) => outcomes[index] === 'failed').map(
      ({ messageId }) => ({ itemIdentifier: messageId }),
    ),
  };
};
