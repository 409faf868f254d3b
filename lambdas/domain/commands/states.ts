/** The states of commands, and the one table of steps between them. */
import {
  type Command,
  type CommandState,
  isFinal,
  type OpenCommandState,
} from '../../../contracts/resources/commands.ts';

/** What may happen to a command. */
export type Step =
  // By people.
  | 'approve'
  | 'refuse'
  | 'cancel'
  // By the platform: `stop` when an interlock forbids the command.
  | 'publish'
  | 'stop'
  // By replies of the device.
  | 'accept'
  | 'reject'
  | 'progress'
  | 'succeed'
  | 'fail'
  // By the clock: `expire` before it was sent, `time-out` afterwards.
  | 'expire'
  | 'time-out';

/**
 * Where each step leads. A step that a state does not name changes nothing. A reply of the device may be recorded
 * before `publish` is. It proves that the message was published, and so a command that is still queued takes it.
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

/** Steps that end a command without the device: allowed only while the device cannot have received it. */
const BEFORE_PUBLICATION: ReadonlySet<Step> = new Set(['stop', 'cancel', 'expire']);

type CommandStatus = Pick<Command, 'state' | 'attempts'>;

/** Whether no publication was begun, so that the device cannot have received the command. */
const isUnpublished = ({ state, attempts }: CommandStatus): boolean =>
  state === 'pending-approval' || (state === 'queued' && attempts === 0);

/**
 * The state that a step leads to, or `undefined` if the command does not allow it. Once a publication was begun, the
 * command may have reached the device, even if the function that published it has failed since. From then on it cannot
 * be stopped or cancelled, and it times out instead of expiring.
 */
export const stateAfter = (command: CommandStatus, step: Step): CommandState | undefined => {
  const { state } = command;
  const to = isFinal(state) ? undefined : STEPS[state][step];
  if (BEFORE_PUBLICATION.has(step) && !isUnpublished(command)) return undefined;
  return step === 'time-out' && isUnpublished(command) ? undefined : to;
};

/** Whether a command waits to be sent, or may have been sent and is under way; `undefined` at its end. */
export const phaseOf = (command: CommandStatus): 'waiting' | 'under-way' | undefined => {
  if (isFinal(command.state)) return undefined;
  return isUnpublished(command) ? 'waiting' : 'under-way';
};
