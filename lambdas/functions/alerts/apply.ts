/**
 * Applies what was found to the alerts that are kept, in whatever order and however often it comes.
 *
 * A transition costs 1 read and, the first time, 5 writes for an alert that is new (a shelf is read as well) and 1 to 3
 * for one that ends. One that is known already costs the read.
 */

import type { AlertRaised, AlertReturned, AlertTransition } from '../../../contracts/messages/alert-work.ts';
import { LONGEST_DELAY_SECONDS } from '../../../contracts/messages/command-work.ts';
import type { AlertQuiet } from '../../../contracts/resources/alerts.ts';
import { endQuiet, type KeptAlert, raiseAlert, returnAlert, unannounced } from '../../domain/alerts/life.ts';
import { FLOOD } from '../../domain/alerts/report.ts';
import { PLATFORM } from '../../domain/commands/kept-command.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import { countNew } from '../../store/registry/alert-floods.ts';
import { readShelf } from '../../store/registry/alert-shelves.ts';
import {
  AlertContended,
  changeAlert,
  createAlert,
  isEarly,
  keepEarly,
  noteAnnounced,
  readAlert,
  readTransitions,
} from '../../store/registry/alerts.ts';
import type { Dependencies } from './dependencies.ts';

const TRIES = 5;

/** Announces what happened to an alert and was not announced yet, and notes it. */
const announceAll = async (deps: Dependencies, kept: KeptAlert): Promise<void> => {
  const entries = unannounced(kept);
  const last = entries.at(-1);
  if (last === undefined) return;
  for (const entry of entries) await deps.announce(kept.alert, entry);
  await noteAnnounced(deps.registry, kept.alert.id, last.version);
  deps.count({ AlertsAnnounced: entries.length });
};

/** Has an alert looked at again when what it is quiet for ends, or as late as a message can be held back. */
const lookAtEnd = async (deps: Dependencies, id: string, quiet: AlertQuiet): Promise<void> => {
  const seconds = Math.ceil((Date.parse(quiet.until) - deps.now().getTime()) / 1000);
  await deps.send({ kind: 'look', alert: id }, Math.min(LONGEST_DELAY_SECONDS, Math.max(1, seconds)));
};

const quietOf = async (
  deps: Dependencies,
  { type, device, rule, suppressed }: AlertRaised,
  now: Date,
): Promise<AlertQuiet | undefined> => {
  if (suppressed !== undefined && suppressed.until > now.getTime()) {
    const { kind, until, reason } = suppressed;
    return { kind, until: new Date(until).toISOString(), by: PLATFORM, reason };
  }
  return await readShelf(deps.registry, { type, device, rule: rule.id }, now);
};

/** Makes an alert. @returns it, or `undefined` when there is none to be made */
const raise = async (deps: Dependencies, transition: AlertRaised): Promise<KeptAlert | undefined> => {
  const { registry, now } = deps;
  const found = await readTransitions(registry, transition.id);
  if (found !== undefined && !isEarly(found)) return found;
  // Whoever looked at the clock did not know that something had been heard.
  if (found?.early.why === 'heard-again') return undefined;
  const at = now();
  const quiet = await quietOf(deps, transition, at);
  const flood = (await countNew(registry, transition.site, transition.id, at)) > FLOOD;
  const made = raiseAlert(transition, at, { flood, quiet });
  const kept = found === undefined ? made : (returnAlert(made, found.early, at) ?? made);
  // Before: who dies here leaves a message that finds nothing.
  if (quiet !== undefined) await lookAtEnd(deps, transition.id, quiet);
  await createAlert(registry, kept, found !== undefined);
  deps.count({ AlertsRaised: 1, AlertsInFlood: flood ? 1 : 0 });
  return kept;
};

/** Ends the condition of an alert, or keeps that for when its beginning comes. */
const end = async (deps: Dependencies, transition: AlertReturned): Promise<KeptAlert | undefined> => {
  const now = deps.now();
  const changed = await changeAlert(deps.registry, transition.id, (kept) =>
    returnAlert(kept, transition, now),
  );
  if (changed?.changed === true) deps.count({ AlertsReturned: 1 });
  if (changed !== undefined) return changed.kept;
  const found = await readTransitions(deps.registry, transition.id);
  if (found === undefined) await keepEarly(deps.registry, transition, now);
  else if (!isEarly(found)) throw new ConditionFailed('its beginning has come meanwhile');
  return undefined;
};

/** Applies a transition, and announces what came of it. */
export const applyTransition = async (deps: Dependencies, transition: AlertTransition): Promise<void> => {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    try {
      const kept = await (transition.kind === 'raised' ? raise(deps, transition) : end(deps, transition));
      if (kept !== undefined) await announceAll(deps, kept);
      return;
    } catch (error) {
      // Its other end came at the same moment: once more from what is there now.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
  throw new AlertContended(`the alert ${transition.id} changes too fast`);
};

/** Looks at an alert: ends what it is quiet for when that is over, and announces what was not announced. */
export const look = async (deps: Dependencies, id: string): Promise<void> => {
  const now = deps.now();
  const found = await readAlert(deps.registry, id);
  if (found === undefined) return;
  const { quiet } = found.alert;
  const isOver = quiet !== undefined && Date.parse(quiet.until) <= now.getTime();
  const kept = isOver ? (await changeAlert(deps.registry, id, (each) => endQuiet(each, now)))?.kept : found;
  if (kept === undefined) return;
  if (quiet !== undefined && !isOver && found.alert.state !== 'closed') await lookAtEnd(deps, id, quiet);
  await announceAll(deps, kept);
};
