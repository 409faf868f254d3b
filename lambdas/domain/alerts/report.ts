/** Measures of alarm systems: EEMUA 191 (3rd edition), chapter on performance, and ISA-18.2, clause 16. */
import type { AlertReport } from '../../../contracts/resources/alert-report.ts';
import { PRIORITIES } from '../../../contracts/resources/alert-rules.ts';
import type { Alert } from '../../../contracts/resources/alerts.ts';
import { formatTime, MICROS_PER_DAY, MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import { timeOfAlertId } from './alert-id.ts';

/** More alerts than this within ten minutes are a flood. */
export const FLOOD = 10;
const SPAN = 10 * MICROS_PER_MINUTE;
const CHATTERING = 3;
const WORST = 10;
const STALE_SHOWN = 100;

const share = (count: number, all: number): number => (all === 0 ? 0 : count / all);

interface Source {
  readonly rule: string;
  readonly device: string;
  readonly times: Micros[];
}

const bySource = (alerts: readonly Alert[]): readonly Source[] => {
  const sources = new Map<string, Source>();
  for (const { id, rule, type, device } of alerts) {
    const key = `${type}/${rule.id}/${device}`;
    const source = sources.get(key) ?? { rule: rule.id, device, times: [] };
    source.times.push(timeOfAlertId(id));
    sources.set(key, source);
  }
  for (const { times } of sources.values()) times.sort((one, other) => one - other);
  return [...sources.values()].sort((one, other) => other.times.length - one.times.length);
};

const chatters = ({ times }: Source): boolean =>
  times.some(
    (time, at) => (times[at + CHATTERING - 1] ?? Number.POSITIVE_INFINITY) - time < MICROS_PER_MINUTE,
  );

const counted = ({ rule, device, times }: Source) => ({ rule, device, count: times.length });

/**
 * What alerts come to.
 * @param alerts all that were raised at the site in `[from, to)`
 * @param now in microseconds: whether an alert is stale is told as of then
 */
export const reportOf = (
  alerts: readonly Alert[],
  { from, to, now }: { readonly from: Micros; readonly to: Micros; readonly now: Micros },
): Omit<AlertReport, 'site' | 'now'> => {
  const spans = new Map<number, number>();
  for (const { id } of alerts) {
    const span = Math.floor((timeOfAlertId(id) - from) / SPAN);
    spans.set(span, (spans.get(span) ?? 0) + 1);
  }
  const all = Math.ceil((to - from) / SPAN);
  const sources = bySource(alerts);
  const stale = alerts.filter(({ active, id }) => active && now - timeOfAlertId(id) > MICROS_PER_DAY);
  return {
    from: formatTime(from),
    to: formatTime(to),
    count: alerts.length,
    perTenMinutes: {
      mean: alerts.length / all,
      most: Math.max(0, ...spans.values()),
      flooded: share([...spans.values()].filter((count) => count > FLOOD).length, all),
    },
    priorities: Object.fromEntries(
      PRIORITIES.map((priority) => [
        priority,
        share(alerts.filter(({ rule }) => rule.priority === priority).length, alerts.length),
      ]),
    ) as AlertReport['priorities'],
    worst: sources
      .slice(0, WORST)
      .map((source) => ({ ...counted(source), share: share(source.times.length, alerts.length) })),
    chattering: sources.filter(chatters).map(counted),
    stale: stale
      .slice(0, STALE_SHOWN)
      .map(({ id, rule, device, raisedAt }) => ({ id, rule: rule.id, device, raisedAt })),
  };
};
