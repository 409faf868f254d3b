/** The way into the queue of commands. */
import type { CommandWork } from '../../contracts/messages/command-work.ts';
import { sendMessage } from './calls.ts';

/** Puts a message into the queue of commands, to be held back for so many seconds. */
export type SendWork = (work: CommandWork, delaySeconds?: number) => Promise<void>;

/** @param queueUrl `COMMANDS_QUEUE_URL` */
export const commandQueue =
  (queueUrl: string): SendWork =>
  (work, delaySeconds) =>
    sendMessage(queueUrl, JSON.stringify(work), delaySeconds);
