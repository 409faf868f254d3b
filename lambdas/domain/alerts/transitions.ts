/** Transitions of alerts, as they are told. */
import type { AlertRaised, AlertReturned } from '../../../contracts/messages/alert-work.ts';
import type { Value } from '../../../contracts/messages/message.ts';
import type { ReturnReason, RuleOfAlert } from '../../../contracts/resources/alerts.ts';
import type { Micros } from '../../../contracts/time.ts';
import { alertIdOf } from './alert-id.ts';
import type { Watch, WatchedRule } from './watch.ts';

/** A point, with its own time. */
export interface Reading {
  readonly at: Micros;
  readonly value: Value;
}

/** Of which device a transition is. */
export type Watched = Pick<Watch, 'type' | 'site' | 'device'>;

const snapshot = ({ rule }: WatchedRule): RuleOfAlert => {
  const { id, version, name, priority, latching, condition, instructions } = rule;
  return {
    id,
    version,
    name,
    priority,
    latching,
    condition,
    ...(instructions === undefined ? {} : { instructions }),
  };
};

const suppressionOf = ({ rule }: WatchedRule, device: string): AlertRaised['suppressed'] => {
  const { suppression } = rule;
  if (suppression === undefined) return undefined;
  if (suppression.devices !== undefined && !suppression.devices.includes(device)) return undefined;
  const { kind, until, reason } = suppression;
  return { kind, until: Date.parse(until), reason };
};

const where = (watched: Watched, rule: string, raisedAt: Micros, reading: Reading | undefined) => ({
  id: alertIdOf(watched.type, rule, watched.device, raisedAt),
  type: watched.type,
  site: watched.site,
  device: watched.device,
  ...(reading === undefined ? {} : { reading: { at: reading.at, value: reading.value } }),
});

/** A condition has come. */
export const raised = (watched: Watched, one: WatchedRule, at: Micros, reading?: Reading): AlertRaised => {
  const suppressed = suppressionOf(one, watched.device);
  return {
    kind: 'raised',
    ...where(watched, one.rule.id, at, reading),
    channel: one.rule.channel ?? null,
    at,
    rule: snapshot(one),
    ...(suppressed === undefined ? {} : { suppressed }),
  };
};

/** A condition has gone. @param raisedAt when its alert was raised, or would have been */
export const returned = (
  watched: Watched,
  rule: { readonly id: string; readonly channel?: string | undefined },
  raisedAt: Micros,
  at: Micros,
  why: ReturnReason,
  reading?: Reading,
): AlertReturned => ({
  kind: 'returned',
  ...where(watched, rule.id, raisedAt, reading),
  channel: rule.channel ?? null,
  at,
  why,
});
