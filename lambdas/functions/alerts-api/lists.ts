/** Lists of alerts, the newest first, and the report of a site. */
import { LIMITS } from '../../../contracts/limits.ts';
import type { AlertReport } from '../../../contracts/resources/alert-report.ts';
import type { Priority } from '../../../contracts/resources/alert-rules.ts';
import { type Alert, type AlertState, alertId } from '../../../contracts/resources/alerts.ts';
import type { Micros } from '../../../contracts/time.ts';
import { timeOfAlertId } from '../../domain/alerts/alert-id.ts';
import { FLOOD, reportOf } from '../../domain/alerts/report.ts';
import { readCursor } from '../../runtime/http/cursor.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { countRecent } from '../../store/registry/alert-floods.ts';
import { type AlertRange, type AlertSlice, listSiteAlerts } from '../../store/registry/alerts.ts';
import type { Registry } from '../../store/registry/keys.ts';

interface ListQuery {
  readonly state?: AlertState | undefined;
  readonly priority?: Priority | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Pieces of one request, at most: a filter that rejects nearly all makes a short page, not a long wait. */
const PIECES = 10;
/** Alerts read at once. */
const AT_ONCE = 100;

/**
 * One page.
 * @param identity what its cursor is bound to
 * @param read reads a piece of the list
 * @returns the items, and the identifier to go on below, `undefined` at the end
 */
export const alertPage = async (
  identity: object,
  query: ListQuery,
  read: (range: AlertRange) => Promise<AlertSlice>,
): Promise<{ readonly items: readonly Alert[]; readonly position: string | undefined }> => {
  const { state, priority, limit = LIMITS.pageDefault } = query;
  let below = query.cursor === undefined ? undefined : readCursor(query.cursor, identity, alertId);
  const items: Alert[] = [];
  for (let piece = 0; piece < PIECES; piece += 1) {
    const wanted = Math.min(AT_ONCE, limit - items.length);
    const { alerts, seen } = await read({ below, state, priority, limit: wanted });
    items.push(...alerts.map(({ alert }) => alert));
    if (seen === undefined) return { items, position: undefined };
    below = seen;
    if (items.length >= limit) break;
  }
  return { items, position: below };
};

/** Alerts of one report, at most. */
const MOST = 10_000;

/** What lies before all identifiers of a time. */
const boundOf = (time: Micros): string => time.toString(16).padStart(14, '0');

/** The report of a site. A Query for each megabyte of alerts. @throws {ProblemError} `answer-too-large` */
export const siteReport = async (
  registry: Registry,
  { site, from, to }: { readonly site: string; readonly from: Micros; readonly to: Micros },
  now: Date,
): Promise<AlertReport> => {
  const alerts: Alert[] = [];
  let below: string | undefined = boundOf(to);
  while (below !== undefined) {
    const slice = await listSiteAlerts(registry, site, {
      below,
      state: undefined,
      priority: undefined,
      limit: 1000,
    });
    alerts.push(...slice.alerts.map(({ alert }) => alert));
    if (alerts.length > MOST)
      throw new ProblemError('answer-too-large', { detail: `more than ${MOST} alerts` });
    below = slice.seen !== undefined && timeOfAlertId(slice.seen) >= from ? slice.seen : undefined;
  }
  const within = alerts.filter(({ id }) => timeOfAlertId(id) >= from);
  const newWithinTenMinutes = await countRecent(registry, site, now);
  return {
    site,
    ...reportOf(within, { from, to, now: now.getTime() * 1000 }),
    now: { flood: newWithinTenMinutes > FLOOD, newWithinTenMinutes },
  };
};
