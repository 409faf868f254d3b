/** The states of commands, and the one table of steps between them. */
import {
  type Command,
  type CommandState,
  isFinal,
  type OpenCommandState,
} from '../../../contracts/resources/commands.ts';

/** What may happen to a command. */
export type Step =
  | 'approve'
  | 'refuse'
  | 'cancel'
  | 'publish'
  | 'stop'
  | 'accept'
  | 'reject'
  | 'progress'
  | 'succeed'
  | 'fail'
  | 'expire'
  | 'time-out';

/**
 * Where each step leads; a step that a state does not name changes nothing. A reply may overtake the news that the
 * message was published: it proves as much, so that a command that is queued takes it.
 */
const STEPS: Readonly<Record<OpenCommandState, Readonly<Partial<Record<Step, CommandState>>>>> = {
  'pending-approval': { approve: 'queued', refuse: 'rejected', cancel: 'cancelled', expire: 'expired' },
  queued: {
    publish: 'sent',
    stop: 'rejected',
    cancel: 'cancelled',
    expire: 'expired',
    'time-out': 'timed-out',
    accept: 'accepted',
    reject: 'rejected',
    progress: 'running',
    succeed: 'succeeded',
    fail: 'failed',
  },
  sent: {
    accept: 'accepted',
    reject: 'rejected',
    progress: 'running',
    succeed: 'succeeded',
    fail: 'failed',
    'time-out': 'timed-out',
  },
  accepted: { progress: 'running', succeed: 'succeeded', fail: 'failed', 'time-out': 'timed-out' },
  running: { progress: 'running', succeed: 'succeeded', fail: 'failed', 'time-out': 'timed-out' },
};

/** What stands in the way of a command, or of what the device may have done already. */
const BEFORE_PUBLICATION: ReadonlySet<Step> = new Set(['stop', 'cancel', 'expire']);

type Standing = Pick<Command, 'state' | 'attempts'>;

/** Whether nothing of a command can have reached the device. */
const isUntold = ({ state, attempts }: Standing): boolean =>
  state === 'pending-approval' || (state === 'queued' && attempts === 0);

/**
 * The state that a step leads to, or `undefined` where it leads nowhere. A command whose publication was begun may have
 * reached the device, whatever became of whoever published it: it is not cancelled or expired any more.
 */
export const stateAfter = (command: Standing, step: Step): CommandState | undefined => {
  const { state } = command;
  const to = isFinal(state) ? undefined : STEPS[state][step];
  if (BEFORE_PUBLICATION.has(step) && !isUntold(command)) return undefined;
  return step === 'time-out' && isUntold(command) ? undefined : to;
};

/** Whether a command waits to be sent, or is under way; `undefined` at its end. */
export const phaseOf = (command: Standing): 'waiting' | 'under-way' | undefined => {
  if (isFinal(command.state)) return undefined;
  return isUntold(command) ? 'waiting' : 'under-way';
};
