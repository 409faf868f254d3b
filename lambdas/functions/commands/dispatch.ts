/**
 * Sends commands to devices, and looks at them when their time has come.
 *
 * A command waits in its item; a message of the queue, held back until the next time that matters, brings it back here.
 * Nobody looks at it in between. Whoever moves a command from waiting to under way sets the next look first, so that
 * each open command has one ahead of it whatever fails.
 */
import { type CommandWork, LONGEST_DELAY_SECONDS } from '../../../contracts/messages/command-work.ts';
import { downstream } from '../../../contracts/messages/topics.ts';
import type { Command } from '../../../contracts/resources/commands.ts';
import { interlockFaults } from '../../domain/commands/interlocks.ts';
import {
  dueNow,
  endByTime,
  isOver,
  type KeptCommand,
  messageOf,
  PLATFORM,
  published,
  publishing,
  take,
  wakeAt,
} from '../../domain/commands/kept-command.ts';
import { phaseOf } from '../../domain/commands/states.ts';
import type { SendWork } from '../../runtime/command-queue.ts';
import type { Publish } from '../../runtime/publisher.ts';
import { type Measurements, readLatest } from '../../store/measurements/index.ts';
import { readOpen, readOpenCommands } from '../../store/registry/command-places.ts';
import { changeCommand, leavePlace, readCommand } from '../../store/registry/commands.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { awaitConnection, readConnection, stopAwaiting } from '../../store/registry/presence.ts';
import { readType } from '../../store/registry/types.ts';

/** What commands are sent with. */
export interface Dependencies {
  readonly registry: Registry;
  readonly measurements: Measurements;
  readonly publish: Publish;
  readonly send: SendWork;
  readonly count: (
    name: 'CommandsSent' | 'CommandsSentAgain' | 'CommandsExpired' | 'CommandsTimedOut',
  ) => void;
  /** Is told how a command is after each change. */
  readonly changed: (command: Command) => void;
  /** Logs a step of a command. */
  readonly logStep: (message: string, command: Command) => void;
  readonly now: () => Date;
}

const change = async (
  deps: Dependencies,
  ...[id, apply, known]: Tail<Parameters<typeof changeCommand>>
): ReturnType<typeof changeCommand> => {
  const outcome = await changeCommand(deps.registry, id, apply, known);
  if (outcome?.changed === true) deps.changed(outcome.kept.command);
  return outcome;
};
type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never;

/** Seconds after which one that was sent is looked at: it may have met no subscription. */
const FIRST_LOOK_SECONDS = 2;
/** Interlocks were checked when the command was asked for; after so long they are checked again. */
const CHECKED_MILLIS = 1000;

const secondsUntil = (millis: number, now: Date): number =>
  Math.min(LONGEST_DELAY_SECONDS, Math.max(1, Math.ceil((millis - now.getTime()) / 1000)));

/** What stands against a command that has waited. */
const interlocked = async (deps: Dependencies, command: Command): Promise<readonly string[]> => {
  const now = deps.now();
  if (now.getTime() - Date.parse(command.createdAt) < CHECKED_MILLIS) return [];
  const { interlocks = [] } =
    (await readType(deps.registry, command.type))?.commands?.[command.command] ?? {};
  if (interlocks.length === 0) return [];
  const latest = await readLatest(deps.measurements, command.device);
  return interlockFaults(interlocks, latest?.points ?? [], now);
};

/**
 * Publishes a command, for the first time or again. 1 write before: whoever dies here leaves a command that may have
 * reached the device, and says so. For the first time 1 message before and 1 write after as well.
 */
const publish = async (deps: Dependencies, kept: KeptCommand): Promise<void> => {
  const { id, site, device, timeout, attempts } = kept.command;
  if (attempts === 0)
    await deps.send({ kind: 'look', command: id, phase: 'under-way' }, Math.min(FIRST_LOOK_SECONDS, timeout));
  const begun = await change(deps, id, (now) => publishing(now, deps.now()), kept);
  if (begun?.changed !== true) return;
  await deps.publish(downstream.command({ site, device }, id), messageOf(begun.kept.command));
  await change(deps, id, (now) => published(now, deps.now()), begun.kept);
  deps.logStep('a command was sent', begun.kept.command);
  deps.count(attempts === 0 ? 'CommandsSent' : 'CommandsSentAgain');
};

const stop = async (deps: Dependencies, kept: KeptCommand, faults: readonly string[]): Promise<void> => {
  const detail = faults.join('; ');
  const known = { at: deps.now(), by: PLATFORM, evidence: { kind: 'interlock' as const, detail } };
  const failure = { code: 'interlock', detail };
  const stopped = await change(deps, kept.command.id, (now) => take(now, 'stop', known, { failure }), kept);
  if (stopped?.changed === true) deps.logStep('a command was stopped', stopped.kept.command);
};

const end = async (deps: Dependencies, kept: KeptCommand): Promise<void> => {
  const ended = await change(
    deps,
    kept.command.id,
    (now) => (dueNow(now.command, deps.now()) === 'end' ? endByTime(now, deps.now()) : undefined),
    kept,
  );
  if (ended?.changed !== true) return;
  deps.logStep('a command ended by time', ended.kept.command);
  deps.count(ended.kept.command.state === 'expired' ? 'CommandsExpired' : 'CommandsTimedOut');
};

/** Sends a command that waits, unless its time has passed or an interlock stands against it. */
const sendQueued = async (deps: Dependencies, kept: KeptCommand): Promise<void> => {
  if (dueNow(kept.command, deps.now()) === 'end') return end(deps, kept);
  const faults = kept.command.attempts === 0 ? await interlocked(deps, kept.command) : [];
  if (faults.length > 0) return stop(deps, kept, faults);
  return publish(deps, kept);
};

/**
 * Sends what waits for a device, in the order of asking, if it is connected; else its next connection is waited for.
 * @param again sends again what was sent and not answered: the device may have missed it
 */
export const dispatch = async (deps: Dependencies, device: string, again: boolean): Promise<void> => {
  const { isOnline, isAwaited } = await readConnection(deps.registry, device);
  // Before the open ones are read: whoever queues a command from now on waits anew.
  if (isAwaited) await stopAwaiting(deps.registry, device);
  const open = await readOpenCommands(deps.registry, device, deps.now());
  const isQueued = ({ command: { state } }: KeptCommand): boolean => state === 'queued';
  const wanted = open.filter((kept) => isQueued(kept) || (again && kept.command.state === 'sent'));
  if (wanted.length === 0) return;
  const isThere = isOnline || (wanted.some(isQueued) && (await awaitConnection(deps.registry, device)));
  if (!isThere) return;
  for (const kept of wanted) await (isQueued(kept) ? sendQueued(deps, kept) : publish(deps, kept));
};

/** Looks at a command whose time may have come, and sets the next time. */
export const look = async (
  deps: Dependencies,
  { command: id, phase }: Extract<CommandWork, { kind: 'look' }>,
): Promise<void> => {
  let kept = await readCommand(deps.registry, id);
  if (kept === undefined) return;
  const { device } = kept.command;
  if (isOver(kept)) {
    // Whoever ended it may have failed before its place was given back. One look at each command sees to that.
    const isLast = phase === 'under-way' || kept.command.attempts === 0;
    if (isLast && (await readOpen(deps.registry, device)).includes(id))
      await leavePlace(deps.registry, device, id);
    return;
  }
  if (phaseOf(kept.command) !== phase) return;
  const due = dueNow(kept.command, deps.now());
  if (due === 'end') return end(deps, kept);
  if (due === 'publish' || kept.command.state === 'queued') {
    // With all others that nothing is heard of: one that is sent again alone would overtake those before it.
    await dispatch(deps, device, due === 'publish');
    kept = await readCommand(deps.registry, id);
  }
  const next = kept === undefined ? undefined : wakeAt(kept.command);
  if (kept === undefined || next === undefined || phaseOf(kept.command) !== phase) return;
  await deps.send({ kind: 'look', command: id, phase }, secondsUntil(next, deps.now()));
};
