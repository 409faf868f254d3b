/** What pages ask of alerts. All keys begin with `alerts`: whoever hears of a change makes them all ask anew. */
import { queryOptions } from '@tanstack/react-query';
import { ask, askAll, askTagged } from './client.ts';
import {
  listAlertRules,
  listAlerts,
  readAlert,
  readAlertHistory,
  readAlertReport,
  readAlertRule,
} from './gen/index.ts';

/** Milliseconds between two looks; while the tab is hidden nobody looks. */
export const ALERTS_EVERY = 10_000;
const TEN_MINUTES = 600_000;

/** All alerts of a site that are not closed, the newest first. */
export const openAlertsQuery = (site: string) =>
  queryOptions({
    queryKey: ['alerts', 'open', site],
    queryFn: () =>
      askAll((cursor) => listAlerts({ query: { site, limit: 1000, ...(cursor && { cursor }) } })),
    refetchInterval: ALERTS_EVERY,
  });

export const alertQuery = (id: string) =>
  queryOptions({
    queryKey: ['alerts', 'one', id],
    queryFn: () => ask(readAlert({ path: { id } })),
    refetchInterval: ALERTS_EVERY,
  });

/** @param version of the alert: each has its own history */
export const alertHistoryQuery = (id: string, version: number) =>
  queryOptions({
    queryKey: ['alerts', 'history', id, version],
    queryFn: () => ask(readAlertHistory({ path: { id } })),
  });

/** Whether so many alerts are new at a site that nobody can read them one by one. */
export const floodQuery = (site: string) =>
  queryOptions({
    queryKey: ['alerts', 'flood', site],
    queryFn: async () => {
      const now = Date.now();
      const [from, to] = [new Date(now - TEN_MINUTES), new Date(now)].map((each) => each.toISOString());
      return (await ask(readAlertReport({ query: { site, from: from ?? '', to: to ?? '' } }))).now;
    },
    refetchInterval: ALERTS_EVERY,
  });

export const alertRulesQuery = queryOptions({
  queryKey: ['alert-rules'],
  queryFn: () => askAll((cursor) => listAlertRules({ query: { limit: 1000, ...(cursor && { cursor }) } })),
});

export const alertRuleQuery = (type: string, id: string) =>
  queryOptions({
    queryKey: ['alert-rules', type, id],
    queryFn: () => askTagged(readAlertRule({ path: { type, id } })),
  });
