import { expect, it } from 'vitest';
import { raiseAlert } from '../../../../lambdas/domain/alerts/life.ts';
import { reportOf } from '../../../../lambdas/domain/alerts/report.ts';
import { raised } from '../../../../lambdas/domain/alerts/transitions.ts';
import { watchedRules } from '../../../../lambdas/domain/alerts/watch.ts';
import { ruleOf, seconds, TYPE } from './world.ts';

const alertOf = (device: string, at: number, priority: 'high' | 'low' = 'low') => {
  const rule = ruleOf({ kind: 'threshold', direction: 'high', limit: 1 }, { priority });
  const [one] = watchedRules([rule], TYPE);
  if (one === undefined) throw new Error('no rule');
  const transition = raised({ type: TYPE.id, site: 'berlin', device }, one, seconds(at));
  return raiseAlert(transition, new Date(seconds(at) / 1000), { flood: false }).alert;
};

it('tells rate, priorities, the worst, what chatters and what is stale', () => {
  const flood = Array.from({ length: 12 }, (_, n) => alertOf(`oven-${n}`, 1200 + n));
  const chattering = [0, 20, 59].map((at) => alertOf('bell', 5000 + at, 'high'));
  const slow = [0, 30, 60].map((at) => alertOf('slow', 7000 + at));
  const alerts = [...flood, ...chattering, ...slow];
  const report = reportOf(alerts, { from: seconds(0), to: seconds(36_000), now: seconds(86_400 + 1203) });
  expect(report).toMatchObject({ count: 18, perTenMinutes: { mean: 18 / 60, most: 12, flooded: 1 / 60 } });
  expect(report.priorities).toEqual({ critical: 0, high: 3 / 18, medium: 0, low: 15 / 18 });
  expect(report.worst).toHaveLength(10);
  expect(report.worst[0]).toEqual({ rule: 'r', device: 'bell', count: 3, share: 3 / 18 });
  expect(report.chattering).toEqual([{ rule: 'r', device: 'bell', count: 3 }]);
  expect(report.stale.map(({ device }) => device)).toEqual(['oven-0', 'oven-1', 'oven-2']);
});

it('of nothing is nothing', () => {
  const report = reportOf([], { from: seconds(0), to: seconds(600), now: seconds(600) });
  expect(report).toMatchObject({
    count: 0,
    perTenMinutes: { mean: 0, most: 0, flooded: 0 },
    worst: [],
    stale: [],
  });
});
