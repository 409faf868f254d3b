/** The way into the queue of alerts. */
import {
  type AlertTransition,
  type AlertWork,
  MAX_TRANSITIONS,
} from '../../contracts/messages/alert-work.ts';
import { sendMessage } from './calls.ts';
import { runLimited } from './limit.ts';
import { persist } from './retry.ts';

/** Puts a message into the queue of alerts, to be held back for so many seconds. */
export type SendAlertWork = (work: AlertWork, delaySeconds?: number) => Promise<void>;

/** @param queueUrl `ALERTS_QUEUE_URL` */
export const alertQueue =
  (queueUrl: string): SendAlertWork =>
  (work, delaySeconds) =>
    sendMessage(queueUrl, JSON.stringify(work), delaySeconds);

/** Transitions as messages of the queue. */
export const transitionMessages = (transitions: readonly AlertTransition[]): AlertWork[] =>
  Array.from({ length: Math.ceil(transitions.length / MAX_TRANSITIONS) }, (_, at) => ({
    kind: 'transitions' as const,
    transitions: transitions.slice(at * MAX_TRANSITIONS, (at + 1) * MAX_TRANSITIONS),
  }));

/** Puts transitions into the queue; tries until the time is up. */
export type SendTransitions = (
  transitions: readonly AlertTransition[],
  signal: AbortSignal,
  onRetry: (error: unknown) => void,
) => Promise<void>;

/** Messages on their way at once. */
const AT_ONCE = 8;

/** @param queueUrl `ALERTS_QUEUE_URL` */
export const transitionsTo = (queueUrl: string): SendTransitions => {
  const send = alertQueue(queueUrl);
  return async (transitions, signal, onRetry) => {
    await runLimited(transitionMessages(transitions), AT_ONCE, (work) =>
      persist(() => send(work), signal, onRetry),
    );
  };
};
