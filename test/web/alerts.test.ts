/** What an alert says, and what may be done about it. */
import { describe, expect, it } from 'vitest';
import { PERMISSIONS, type Permission } from '../../contracts/roles.ts';
import type { Alert, AlertCondition } from '../../web/src/api/gen/index.ts';
import type { May } from '../../web/src/api/me.tsx';
import { actionsFor, conditionText, matches } from '../../web/src/pages/alerts/alert-text.ts';

const mayAs =
  (role: string): May =>
  (permission: Permission) =>
    (PERMISSIONS[permission] as readonly string[]).includes(role);
const shelved: NonNullable<Alert['quiet']> = {
  kind: 'shelved',
  until: '2026-03-01T10:00:00Z',
  by: { kind: 'user', subject: 's', name: 'n' },
  reason: 'cleaning',
};

describe('actions', () => {
  it.each([
    ['Operator', 'unacknowledged', false, ['acknowledge', 'comment', 'assign', 'shelve']],
    ['Operator', 'returned-unacknowledged', false, ['acknowledge', 'comment', 'assign', 'shelve']],
    ['Maintenance', 'acknowledged', false, ['comment', 'assign']],
    ['Operator', 'latched', false, ['comment', 'assign', 'shelve', 'reset']],
    ['Operator', 'acknowledged', true, ['comment', 'assign', 'shelve', 'reset']],
    ['Operator', 'closed', true, ['comment']],
    ['Viewer', 'unacknowledged', true, []],
  ] as const)('of a %s on one that is %s (unwatched: %s)', (role, state, unwatched, actions) => {
    expect(actionsFor({ state, site: 'lab-1' }, mayAs(role), unwatched)).toEqual(actions);
  });

  it('end the shelving of one that is shelved', () => {
    const alert = { state: 'acknowledged', site: 'lab-1', quiet: shelved } as const;
    expect(actionsFor(alert, mayAs('Operator'), false)).toEqual(['comment', 'assign', 'unshelve']);
    expect(actionsFor(alert, mayAs('Maintenance'), false)).toEqual(['comment', 'assign']);
  });
});

it.each<[AlertCondition, string]>([
  [{ kind: 'threshold', direction: 'high', limit: 38, hysteresis: 0 }, 'above 38 °C'],
  [{ kind: 'threshold', direction: 'low', limit: 280, hysteresis: 0, unit: 'K' }, 'below 280 K'],
  [
    { kind: 'rate', direction: 'either', limit: 0.5, window: 60 },
    'changes by more than 0.5 °C a second over 1 min',
  ],
  [{ kind: 'deviation', from: { value: 37 }, limit: 1, hysteresis: 0 }, 'more than 1 °C from 37 °C'],
  [{ kind: 'deviation', from: { channel: 'goal' }, limit: 1, hysteresis: 0 }, 'more than 1 °C from goal'],
  [{ kind: 'no-data', after: 300 }, 'nothing has arrived for 5 min'],
  [{ kind: 'bad-quality', share: 0.07, points: 10 }, '7 % or more of 10 points are bad'],
])('%o is said as %s', (condition, text) => {
  expect(conditionText(condition, 'Cel')).toBe(text);
});

it('matches devices as one types their name or identifier', () => {
  const alert = { state: 'latched', device: 'oven-1', rule: { priority: 'high' } as Alert['rule'] } as const;
  const name = () => 'Big Oven';
  expect(matches(alert, { device: '' }, name)).toBe(true);
  expect(matches(alert, { device: ' big' }, name)).toBe(true);
  expect(matches(alert, { device: 'OVEN-1' }, name)).toBe(true);
  expect(matches(alert, { device: 'bath' }, name)).toBe(false);
  expect(matches(alert, { device: '', state: 'latched', priority: 'high' }, name)).toBe(true);
  expect(matches(alert, { device: '', state: 'closed' }, name)).toBe(false);
  expect(matches(alert, { device: '', priority: 'low' }, name)).toBe(false);
});
