/**
 * What people hear over the live connection of what functions have done.
 *
 * It is told after the write, and a telling that fails does not fail it: what was done is done, and a caller or a queue
 * that tried again would do it twice. Who misses an event reads the same over HTTP, and finds it by its version.
 */
import { alertEvent, commandEvent, liveTopics, type PresenceEvent } from '../../contracts/messages/live.ts';
import type { Alert, AlertEntry } from '../../contracts/resources/alerts.ts';
import type { Command } from '../../contracts/resources/commands.ts';
import { asError } from './as-error.ts';
import { runLimited } from './limit.ts';
import type { Logger } from './logger.ts';
import { createPublisher } from './publisher.ts';

/** Milliseconds for one event: somebody waits for the function, and nobody for the event. */
const PATIENCE = 1000;
const AT_ONCE = 10;

/** Something to be told. */
export interface Told {
  readonly topic: string;
  readonly document: object;
}

/** Tells people. @returns how many events were lost; each was logged */
export type Tell = (events: readonly Told[]) => Promise<number>;

export const liveTeller = (logger: Logger): Tell => {
  const publish = createPublisher({ maxAttempts: 2, requestMillis: PATIENCE });
  const tell = async ({ topic, document }: Told): Promise<number> => {
    try {
      await publish(topic, document, AbortSignal.timeout(PATIENCE));
      return 0;
    } catch (error) {
      logger.warn('people could not be told', { topic, error: asError(error) });
      return 1;
    }
  };
  return async (events) => (await runLimited(events, AT_ONCE, tell)).reduce((sum, lost) => sum + lost, 0);
};

/** That a device came or went. */
export const presenceTold = (event: PresenceEvent): Told => ({
  topic: liveTopics.presence(event),
  document: event,
});

/** How a command is now. */
export const commandTold = (command: Command): Told => ({
  topic: liveTopics.command(command, command.id),
  document: commandEvent.parse({ v: 1, command }),
});

/** What happened to an alert. */
export const alertTold = (alert: Alert, entry: AlertEntry): Told => ({
  topic: liveTopics.alert(alert, alert.id),
  document: alertEvent.parse({ v: 1, alert, entry }),
});
