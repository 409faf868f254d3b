/** What people decide of commands that are there: approve, refuse, cancel. */
import type { Evidence } from '../../../contracts/resources/commands.ts';
import type { Permission, Principal } from '../../../contracts/roles.ts';
import { type KeptCommand, take } from '../../domain/commands/kept-command.ts';
import type { Step } from '../../domain/commands/states.ts';
import type { Note } from '../../runtime/http/audit.ts';
import { etagOf } from '../../runtime/http/etag.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { visible } from '../../runtime/http/scope.ts';
import { CommandContended, changeCommand, readCommand } from '../../store/registry/commands.ts';
import { actorOf, type Dependencies } from './dependencies.ts';
import { setOut } from './order.ts';

/** A decision of somebody. */
export interface Decision {
  readonly id: string;
  readonly step: Extract<Step, 'approve' | 'refuse' | 'cancel'>;
  readonly reason: string;
  readonly principal: Principal;
  readonly now: Date;
  readonly note: Note;
}

const EVIDENCE = { approve: 'approval', refuse: 'refusal', cancel: 'cancellation' } as const;
const NEEDED = {
  approve: 'commands:approve',
  refuse: 'commands:approve',
  cancel: 'commands:create',
} as const satisfies Record<Decision['step'], Permission>;

/**
 * The command, for who may see its site.
 * @throws {ProblemError} `not-found`, or `forbidden` when it may only be seen
 */
export const findCommand = async (
  { registry }: Dependencies,
  principal: Principal,
  id: string,
  act?: Permission,
): Promise<KeptCommand> => {
  const kept = await readCommand(registry, id);
  visible(kept?.command, principal, { see: 'commands:read', ...(act === undefined ? {} : { act }) });
  if (kept === undefined) throw new ProblemError('not-found');
  return kept;
};

/** @throws {ProblemError} `own-command`: two persons have to agree, and a program is none */
const requireOther = ({ command: { createdBy } }: KeptCommand, { subject, kind }: Principal): void => {
  if (createdBy.subject === subject) throw new ProblemError('own-command');
  if (kind !== 'user')
    throw new ProblemError('own-command', { detail: 'only a person approves, no program' });
};

/**
 * Takes a decision. 2 reads at most, 1 write, and for a refusal or cancellation 1 write more.
 * @returns the command as it is then
 * @throws {ProblemError} `not-found`, `forbidden`, `own-command`, `command-state`, or `unavailable`
 */
export const decide = async (deps: Dependencies, decision: Decision): Promise<KeptCommand> => {
  const { id, step, reason, principal, now, note } = decision;
  const found = await findCommand(deps, principal, id, NEEDED[step]);
  note({ site: found.command.site, before: etagOf(found.command.version) });
  if (step === 'approve') requireOther(found, principal);
  const by = actorOf(principal);
  const evidence: Evidence = { kind: EVIDENCE[step], detail: reason };
  const apply = (kept: KeptCommand): KeptCommand | undefined => {
    if (step === 'approve' && Date.parse(kept.command.expiresAt) <= now.getTime()) return undefined;
    return take(kept, step, { at: now, by, evidence }, step === 'approve' ? { approvedBy: by } : {});
  };
  try {
    const changed = await changeCommand(deps.registry, id, apply, found);
    if (changed === undefined) throw new ProblemError('not-found');
    if (!changed.changed)
      throw new ProblemError('command-state', { detail: `the command is ${changed.kept.command.state}` });
    await Promise.all([setOut(deps, changed.kept), deps.tell(changed.kept.command)]);
    return changed.kept;
  } catch (cause) {
    if (cause instanceof CommandContended)
      throw new ProblemError('unavailable', { cause, headers: { 'retry-after': '1' } });
    throw cause;
  }
};
