/** The life of an alert, by ISA-18.2: one table of states, and what each event makes of an alert. */
import type { AlertRaised, AlertReturned } from '../../../contracts/messages/alert-work.ts';
import {
  type Alert,
  type AlertEntry,
  type AlertEvent,
  type AlertQuiet,
  type AlertState,
  MAX_ENTRIES,
} from '../../../contracts/resources/alerts.ts';
import type { Actor } from '../../../contracts/resources/commands.ts';
import { formatTime } from '../../../contracts/time.ts';
import { PLATFORM } from '../commands/kept-command.ts';
import type { Reading } from './transitions.ts';

/** An alert as it is kept. */
export interface KeptAlert {
  readonly alert: Alert;
  readonly entries: readonly AlertEntry[];
  /** Version up to which what happened was announced. */
  readonly announced: number;
}

/** What may move an alert to another state; `withdraw`: nothing is watched any more that could end it. */
export type Step = 'acknowledge' | 'return' | 'reset' | 'withdraw';

const STEPS: Readonly<Record<AlertState, Readonly<Partial<Record<Step, AlertState | 'over'>>>>> = {
  unacknowledged: { acknowledge: 'acknowledged', return: 'returned-unacknowledged', withdraw: 'closed' },
  acknowledged: { return: 'over', withdraw: 'closed' },
  'returned-unacknowledged': { acknowledge: 'over', withdraw: 'closed' },
  latched: { reset: 'closed', withdraw: 'closed' },
  closed: {},
};

/** The state that a step leads to; `undefined`: nowhere. @param latching whether somebody has to reset it at its end */
export const stateAfter = (state: AlertState, step: Step, latching: boolean): AlertState | undefined => {
  const to = STEPS[state][step];
  if (to !== 'over') return to;
  return latching ? 'latched' : 'closed';
};

/** Who does something, when, and what is said with it. */
export interface Said {
  readonly by: Actor;
  readonly now: Date;
  readonly comment?: string | undefined;
}

interface Happening {
  readonly event: AlertEvent;
  readonly said: Said;
  /** When it happened, where that is not now. */
  readonly at?: string;
  readonly told: boolean;
  readonly more?: Pick<AlertEntry, 'why' | 'until'>;
}

const entryOf = (alert: Alert, { event, said, at, told, more }: Happening): AlertEntry => ({
  version: alert.version,
  at: at ?? said.now.toISOString(),
  noticedAt: said.now.toISOString(),
  event,
  state: alert.state,
  by: said.by,
  ...(said.comment === undefined ? {} : { comment: said.comment }),
  ...more,
  told,
});

const happen = (kept: KeptAlert, change: Partial<Alert>, happening: Happening): KeptAlert => {
  const alert = { ...kept.alert, ...change, version: kept.alert.version + 1 };
  return { ...kept, alert, entries: [...kept.entries, entryOf(alert, happening)] };
};

const readingOf = ({ at, value }: Reading) => ({ at: formatTime(at), value });

const closing = (state: AlertState, now: Date): Partial<Alert> =>
  state === 'closed' ? { state, closedAt: now.toISOString() } : { state };

const isQuiet = ({ alert: { quiet } }: KeptAlert): boolean => quiet !== undefined;

/** Makes an alert. @param quiet why nobody is to be told of it yet */
export const raiseAlert = (
  transition: AlertRaised,
  now: Date,
  { flood, quiet }: { readonly flood: boolean; readonly quiet?: AlertQuiet | undefined },
): KeptAlert => {
  const { id, rule, type, site, device, channel, at, reading } = transition;
  const alert: Alert = {
    id,
    rule,
    type,
    site,
    device,
    channel,
    state: 'unacknowledged',
    active: true,
    version: 1,
    raisedAt: formatTime(at),
    ...(reading === undefined ? {} : { reading: readingOf(reading) }),
    noticedAt: now.toISOString(),
    ...(quiet === undefined ? {} : { quiet }),
    comments: 0,
    flood,
  };
  const happening: Happening = {
    event: 'raised',
    said: { by: PLATFORM, now },
    at: alert.raisedAt,
    told: quiet === undefined,
    ...(quiet === undefined ? {} : { more: { until: quiet.until } }),
  };
  return { alert, entries: [entryOf(alert, happening)], announced: 0 };
};

/** The condition is over. @returns `undefined` when that is known already */
export const returnAlert = (kept: KeptAlert, transition: AlertReturned, now: Date): KeptAlert | undefined => {
  const { alert } = kept;
  const state = stateAfter(alert.state, 'return', alert.rule.latching);
  if (state === undefined || !alert.active) return undefined;
  const at = formatTime(transition.at);
  const { reading, why } = transition;
  const change: Partial<Alert> = {
    ...closing(state, now),
    active: false,
    returnedAt: at,
    ...(reading === undefined ? {} : { returnReading: readingOf(reading) }),
  };
  return happen(kept, change, {
    event: 'returned',
    said: { by: PLATFORM, now },
    at,
    told: !isQuiet(kept),
    more: { why },
  });
};

/** Whether people may add to the history of an alert. */
export const hasRoom = ({ entries }: KeptAlert): boolean => entries.length < MAX_ENTRIES;

/** Somebody has seen it. @returns `undefined` when that is known already */
export const acknowledgeAlert = (kept: KeptAlert, said: Said): KeptAlert | undefined => {
  const { alert } = kept;
  const state = stateAfter(alert.state, 'acknowledge', alert.rule.latching);
  if (state === undefined) return undefined;
  const { by, now } = said;
  const change = { ...closing(state, now), acknowledgedAt: now.toISOString(), acknowledgedBy: by };
  return happen(kept, change, { event: 'acknowledged', said, told: !isQuiet(kept) });
};

/**
 * Somebody says that it is over: of one that has latched, or of which nothing is watched any more.
 * @returns `undefined` when its state does not allow that
 */
export const resetAlert = (kept: KeptAlert, said: Said, isWatched: boolean): KeptAlert | undefined => {
  const { alert } = kept;
  const state = stateAfter(alert.state, isWatched ? 'reset' : 'withdraw', alert.rule.latching);
  if (state === undefined) return undefined;
  const change = { ...closing(state, said.now), active: false };
  return happen(kept, change, { event: 'reset', said, told: !isQuiet(kept) });
};

/** Nobody is told of it until then. @returns `undefined` of one that is closed */
export const shelveAlert = (kept: KeptAlert, said: Said, until: Date): KeptAlert | undefined => {
  if (kept.alert.state === 'closed') return undefined;
  const end = until.toISOString();
  const quiet: AlertQuiet = { kind: 'shelved', until: end, by: said.by, reason: said.comment ?? '' };
  return happen(kept, { quiet }, { event: 'shelved', said, told: false, more: { until: end } });
};

const withoutQuiet = (kept: KeptAlert): KeptAlert => {
  const { quiet: _quiet, ...alert } = kept.alert;
  return { ...kept, alert };
};

/** It is told again, at once if it is active. @returns `undefined` of one that is not shelved */
export const unshelveAlert = (kept: KeptAlert, said: Said): KeptAlert | undefined => {
  const { active, quiet } = kept.alert;
  if (quiet?.kind !== 'shelved') return undefined;
  return happen(withoutQuiet(kept), {}, { event: 'unshelved', said, told: active });
};

/** What it was quiet for has ended. @returns `undefined` when it is not quiet, or not yet at its end */
export const endQuiet = (kept: KeptAlert, now: Date): KeptAlert | undefined => {
  const { active, quiet } = kept.alert;
  if (quiet === undefined || Date.parse(quiet.until) > now.getTime()) return undefined;
  const said = { by: PLATFORM, now };
  return happen(withoutQuiet(kept), {}, { event: 'quiet-ended', said, told: active });
};

/** Somebody says something of it. */
export const commentAlert = (kept: KeptAlert, said: Said): KeptAlert =>
  happen(kept, { comments: kept.alert.comments + 1 }, { event: 'commented', said, told: false });

/** Somebody is to look after it, or nobody. */
export const assignAlert = (kept: KeptAlert, said: Said, assignee: Alert['assignee']): KeptAlert => {
  const { assignee: _before, ...alert } = kept.alert;
  const change = assignee === undefined ? {} : { assignee };
  const comment = assignee === undefined ? 'nobody' : assignee.name;
  return happen({ ...kept, alert }, change, { event: 'assigned', said: { ...said, comment }, told: false });
};

/** What happened and was not announced yet. */
export const unannounced = ({ entries, announced }: KeptAlert): readonly AlertEntry[] =>
  entries.filter(({ version }) => version > announced);
