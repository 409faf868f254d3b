/** What people do about alerts. */
import { LONGEST_DELAY_SECONDS } from '../../../contracts/messages/command-work.ts';
import type { Alert, AlertQuiet } from '../../../contracts/resources/alerts.ts';
import type { Permission, Principal } from '../../../contracts/roles.ts';
import {
  acknowledgeAlert,
  assignAlert,
  commentAlert,
  hasRoom,
  type KeptAlert,
  resetAlert,
  type Said,
  shelveAlert,
  unshelveAlert,
} from '../../domain/alerts/life.ts';
import { covers, watchedRules } from '../../domain/alerts/watch.ts';
import type { SendAlertWork } from '../../runtime/alert-queue.ts';
import type { Note } from '../../runtime/http/audit.ts';
import { etagOf } from '../../runtime/http/etag.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { visible } from '../../runtime/http/scope.ts';
import { readRules } from '../../store/registry/alert-rules.ts';
import { putShelf, removeShelf } from '../../store/registry/alert-shelves.ts';
import { AlertContended, changeAlert, readAlert } from '../../store/registry/alerts.ts';
import { readDevice } from '../../store/registry/devices.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { readType } from '../../store/registry/types.ts';

export interface Dependencies {
  readonly registry: Registry;
  readonly send: SendAlertWork;
}

/** An act of somebody on an alert. */
export interface Act {
  readonly id: string;
  readonly principal: Principal;
  readonly now: Date;
  readonly comment?: string | undefined;
  readonly note: Note;
}

/** The alert, for who may see its site, and do this there. @throws {ProblemError} `not-found`, `forbidden` */
export const findAlert = async (
  { registry }: Dependencies,
  id: string,
  principal: Principal,
  act?: Permission,
): Promise<KeptAlert> => {
  const kept = await readAlert(registry, id);
  visible(kept?.alert, principal, { see: 'alerts:read', ...(act === undefined ? {} : { act }) });
  if (kept === undefined) throw new ProblemError('not-found');
  return kept;
};

const saidBy = ({ principal: { kind, subject, name }, now, comment }: Act): Said => ({
  by: { kind, subject, name },
  now,
  comment,
});

/** Changes an alert, and has that announced. 2 reads, 1 write, 1 message; 1 write more where it is closed by it. */
const change = async (
  deps: Dependencies,
  act: Act,
  permission: Permission,
  step: (kept: KeptAlert, said: Said) => KeptAlert | undefined,
  before: (found: KeptAlert) => Promise<void> = async () => undefined,
): Promise<Alert> => {
  const found = await findAlert(deps, act.id, act.principal, permission);
  act.note({ site: found.alert.site, before: etagOf(found.alert.version) });
  if (!hasRoom(found)) throw new ProblemError('alert-state', { detail: 'its history is full' });
  await before(found);
  try {
    const changed = await changeAlert(deps.registry, act.id, (kept) => step(kept, saidBy(act)));
    if (changed === undefined) throw new ProblemError('not-found');
    // Also where nothing changed: whoever changed it may have failed before it was announced.
    await deps.send({ kind: 'look', alert: act.id });
    if (!changed.changed)
      throw new ProblemError('alert-state', { detail: `the alert is ${changed.kept.alert.state}` });
    return changed.kept.alert;
  } catch (cause) {
    if (cause instanceof AlertContended)
      throw new ProblemError('unavailable', { cause, headers: { 'retry-after': '1' } });
    throw cause;
  }
};

export const acknowledge = (deps: Dependencies, act: Act): Promise<Alert> =>
  change(deps, act, 'alerts:act', acknowledgeAlert);

export const comment = (deps: Dependencies, act: Act): Promise<Alert> =>
  change(deps, act, 'alerts:act', commentAlert);

export const assign = (deps: Dependencies, act: Act, assignee: Alert['assignee']): Promise<Alert> =>
  change(deps, act, 'alerts:act', (kept, said) => assignAlert(kept, said, assignee));

/** Whether anything is watched that could end an alert. */
const isWatched = async (
  { registry }: Dependencies,
  { alert: { type, device, site, rule } }: KeptAlert,
): Promise<boolean> => {
  const [known, stored, instrument] = await Promise.all([
    readDevice(registry, device),
    readRules(registry, type),
    readType(registry, type),
  ]);
  if (known?.device.state !== 'active' || instrument === undefined) return false;
  if (stored.unread.length > 0) return true;
  return watchedRules(stored.rules, instrument).some(
    (one) => one.rule.id === rule.id && covers(one, site, device),
  );
};

export const reset = async (deps: Dependencies, act: Act): Promise<Alert> => {
  let watched = true;
  return await change(
    deps,
    act,
    'alerts:act',
    (kept, said) => resetAlert(kept, said, watched),
    async (found) => {
      watched = await isWatched(deps, found);
    },
  );
};

const shelfOf = ({ alert: { type, rule, device } }: KeptAlert) => ({ type, rule: rule.id, device });

export const shelve = (deps: Dependencies, act: Act, seconds: number): Promise<Alert> => {
  const until = new Date(act.now.getTime() + seconds * 1000);
  return change(
    deps,
    act,
    'alerts:shelve',
    (kept, said) => shelveAlert(kept, said, until),
    async (found) => {
      if (found.alert.state === 'closed') return;
      // Its end first: an alert must not stay on its shelf because somebody died here.
      await deps.send({ kind: 'look', alert: act.id }, Math.min(LONGEST_DELAY_SECONDS, seconds + 1));
      const { by, comment: reason = '' } = saidBy(act);
      const quiet: AlertQuiet = { kind: 'shelved', until: until.toISOString(), by, reason };
      await putShelf(deps.registry, shelfOf(found), quiet);
    },
  );
};

export const unshelve = (deps: Dependencies, act: Act): Promise<Alert> =>
  change(deps, act, 'alerts:shelve', unshelveAlert, (found) => removeShelf(deps.registry, shelfOf(found)));
