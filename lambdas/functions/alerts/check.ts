/**
 * Looks at the clock: which devices are silent, and which conditions have held long enough by now.
 *
 * A check costs a Query of the rules; where any of them needs the clock, for 1 000 devices each a Query of the devices and
 * of the alerts of silence, 20 BatchGetItem of what is remembered of them, and one of the alerts that are found.
 */
import type { AlertTransition, AlertWork } from '../../../contracts/messages/alert-work.ts';
import type { AlertRule } from '../../../contracts/resources/alert-rules.ts';
import type { Device } from '../../../contracts/resources/devices.ts';
import { MICROS_PER_MINUTE, parseTime } from '../../../contracts/time.ts';
import { timeOfAlertId } from '../../domain/alerts/alert-id.ts';
import { evaluateByTime, isTimed } from '../../domain/alerts/by-time.ts';
import { dueAt } from '../../domain/alerts/calendar.ts';
import { heardOf, silenceOf } from '../../domain/alerts/evaluate.ts';
import { returned } from '../../domain/alerts/transitions.ts';
import { type Watch, type WatchedRule, watchedRules, watchOf } from '../../domain/alerts/watch.ts';
import { type DeviceState, NEW_STATE } from '../../domain/ingestion/device-state.ts';
import { transitionMessages } from '../../runtime/alert-queue.ts';
import { readStates } from '../../store/measurements/index.ts';
import { noteCheck, readCheck } from '../../store/registry/alert-check.ts';
import { listRules } from '../../store/registry/alert-rules.ts';
import { listSilent, readAlerts, type SilentAlert } from '../../store/registry/alerts.ts';
import { listDevices } from '../../store/registry/devices.ts';
import { deviceListKey } from '../../store/registry/keys.ts';
import { readRegistry } from '../../store/registry/lookup.ts';
import type { Dependencies } from './dependencies.ts';

type CheckWork = Extract<AlertWork, { kind: 'check' }>;

/** Devices of one call, at most. */
const DEVICES = 1000;
/** After so long without a check, silence counts anew: nobody looked. */
const PAUSE = 3 * MICROS_PER_MINUTE;
/** The time that a part of a check may take. */
const PART_MILLIS = 50_000;
const TYPES = 100;

/** Whether a rule may need the clock; its channel decides. */
const mayBeTimed = ({ enabled, condition, onDelay, offDelay, calendar }: AlertRule): boolean =>
  enabled && (condition.kind === 'no-data' || onDelay > 0 || offDelay > 0 || calendar !== undefined);

const anyTimed = async ({ registry }: Dependencies): Promise<boolean> => {
  let after: string | undefined;
  do {
    const { types, seen } = await listRules(registry, after, TYPES);
    if (types.some(({ rules }) => rules.some(mayBeTimed))) return true;
    after = seen;
  } while (after !== undefined);
  return false;
};

/** Begins a check: its parts follow each other through the queue. */
export const beginCheck = async (deps: Dependencies): Promise<void> => {
  const { registry, send } = deps;
  const now = deps.now().getTime() * 1000;
  const last = await readCheck(registry);
  const isPaused = last === undefined || now - last.now > PAUSE;
  const countsFrom = isPaused ? now : last.countsFrom;
  await noteCheck(registry, { now, countsFrom });
  // Alerts of rules that are gone are to be ended too.
  if ((await anyTimed(deps)) || (await listSilent(registry, undefined, undefined)).length > 0)
    await send({ kind: 'check', now, countsFrom });
};

/** What a device is looked at by. */
interface Looked {
  readonly device: Device;
  readonly watch: Watch;
}

const watchesOf = async (
  { registry, logger }: Dependencies,
  devices: readonly Device[],
): Promise<Looked[]> => {
  const names = [...new Set(devices.map(({ type }) => type))];
  const wanted = { devices: [], types: names, rules: names };
  const { types, rules } = await readRegistry(registry, wanted, undefined, (kind, id, error) =>
    logger.error('devices of a type cannot be looked at for silence', { kind, type: id, error }),
  );
  const ready = new Map<string, readonly WatchedRule[]>();
  for (const [id, type] of types)
    ready.set(id, watchedRules(rules.get(id)?.rules ?? [], type).filter(isTimed));
  return devices.flatMap((device) => {
    const { id, type, site } = device;
    const own = ready.get(type);
    return own === undefined ? [] : [{ device, watch: watchOf(type, own, { site, device: id }) }];
  });
};

/** Why and when an alert of silence ends; `undefined`: the silence goes on. */
const endOf = (
  alert: SilentAlert,
  looked: Looked | undefined,
  state: DeviceState,
  now: number,
): AlertTransition | undefined => {
  const raisedAt = timeOfAlertId(alert.id);
  const rule = { id: alert.rule, channel: alert.channel };
  const one = looked?.watch.rules.find(({ rule: { id } }) => id === alert.rule);
  const silence = one && silenceOf(one);
  if (one === undefined || silence === undefined) return returned(alert, rule, raisedAt, now, 'rule-changed');
  const heard = heardOf(state.tracks, one.rule.channel);
  if (heard === undefined || dueAt(one.calendar, heard, silence) <= raisedAt) return undefined;
  return returned(alert, rule, raisedAt, heard, 'heard-again');
};

/** Those that are not known yet. */
const news = async (
  { registry }: Dependencies,
  found: readonly AlertTransition[],
): Promise<AlertTransition[]> => {
  if (found.length === 0) return [];
  const known = await readAlerts(
    registry,
    found.map(({ id }) => id),
  );
  const active = new Map(known.map(({ alert }) => [alert.id, alert.active]));
  return found.filter(({ kind, id }) => (kind === 'raised' ? !active.has(id) : active.get(id) !== false));
};

/** Looks at some devices, and has the next looked at. */
export const checkPart = async (deps: Dependencies, { now, countsFrom, after }: CheckWork): Promise<void> => {
  const { registry, measurements, logger } = deps;
  const range = { site: undefined, after, type: undefined, state: undefined, limit: DEVICES };
  const { devices, seen } = await listDevices(registry, range);
  const looked = await watchesOf(
    deps,
    devices.filter(({ state }) => state === 'active'),
  );
  const byDevice = new Map(looked.map((each) => [each.device.id, each]));
  const silent = await listSilent(registry, after, seen);
  const ids = new Set([
    ...looked.filter(({ watch }) => watch.rules.length > 0).map(({ device }) => device.id),
    ...silent.map(({ device }) => device),
  ]);
  const signal = AbortSignal.timeout(PART_MILLIS);
  const damaged = new Set<string>();
  const states = await readStates(
    measurements,
    [...ids],
    () => undefined,
    { signal, onRetry: () => undefined },
    (device, error) => {
      damaged.add(device);
      logger.error('what is remembered of a device cannot be read', { device, error });
    },
  );
  const found: AlertTransition[] = [];
  for (const { device, watch } of looked) {
    if (!ids.has(device.id) || damaged.has(device.id)) continue;
    const { tracks, alerts } = states.get(device.id) ?? NEW_STATE;
    const registered = parseTime(device.createdAt) ?? now;
    found.push(...evaluateByTime(watch, { tracks, states: alerts, registered, countsFrom }, now));
  }
  for (const alert of silent) {
    if (damaged.has(alert.device)) continue;
    const ended = endOf(alert, byDevice.get(alert.device), states.get(alert.device) ?? NEW_STATE, now);
    if (ended !== undefined) found.push(ended);
  }
  for (const work of transitionMessages(await news(deps, found))) await deps.send(work);
  deps.count({ DevicesChecked: ids.size });
  const last = devices.at(-1);
  if (seen !== undefined && last !== undefined)
    await deps.send({ kind: 'check', now, countsFrom, after: deviceListKey(last.site, last.id) });
};
