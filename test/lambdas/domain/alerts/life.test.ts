/** The life of an alert, against a model of ISA-18.2 with three facts: is it active, has somebody seen it, does it latch. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertRaised, AlertReturned } from '../../../../contracts/messages/alert-work.ts';
import { alert, alertEntry } from '../../../../contracts/resources/alerts.ts';
import {
  acknowledgeAlert,
  assignAlert,
  commentAlert,
  endQuiet,
  type KeptAlert,
  raiseAlert,
  resetAlert,
  returnAlert,
  shelveAlert,
  unshelveAlert,
} from '../../../../lambdas/domain/alerts/life.ts';
import { raised, returned } from '../../../../lambdas/domain/alerts/transitions.ts';
import { watchedRules } from '../../../../lambdas/domain/alerts/watch.ts';
import { ruleOf, seconds, TYPE } from './world.ts';

const WATCHED = { type: TYPE.id, site: 'berlin', device: 'oven-1' };
const by = { kind: 'user', subject: 'u1', name: 'Ada' } as const;
const clock = (minute: number): Date => new Date(seconds(60 * minute) / 1000);

const raisedOf = (latching: boolean): AlertRaised => {
  const [one] = watchedRules(
    [ruleOf({ kind: 'threshold', direction: 'high', limit: 1 }, { latching })],
    TYPE,
  );
  if (one === undefined) throw new Error('no rule');
  return raised(WATCHED, one, seconds(0), { at: seconds(0), value: 2 });
};
const RETURNED: AlertReturned = returned(
  WATCHED,
  { id: 'r', channel: 'temp' },
  seconds(0),
  seconds(30),
  'condition',
  {
    at: seconds(30),
    value: 0,
  },
);

const EVENTS = [
  'return',
  'acknowledge',
  'reset',
  'withdraw',
  'shelve',
  'unshelve',
  'end-quiet',
  'comment',
  'assign',
] as const;

const apply = (kept: KeptAlert, event: (typeof EVENTS)[number], now: Date): KeptAlert | undefined => {
  const said = { by, now, comment: 'why' };
  switch (event) {
    case 'return':
      return returnAlert(kept, RETURNED, now);
    case 'acknowledge':
      return acknowledgeAlert(kept, said);
    case 'reset':
      return resetAlert(kept, said, true);
    case 'withdraw':
      return resetAlert(kept, said, false);
    case 'shelve':
      return shelveAlert(kept, said, new Date(now.getTime() + 150_000));
    case 'unshelve':
      return unshelveAlert(kept, said);
    case 'end-quiet':
      return endQuiet(kept, now);
    case 'comment':
      return commentAlert(kept, said);
    case 'assign':
      return assignAlert(kept, said, { subject: 'u2', name: 'Bob' });
  }
};

it('is in the state that the facts say, whatever happens in whatever order', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(fc.constantFrom(...EVENTS), { maxLength: 12 }), (latching, events) => {
      let kept = raiseAlert(raisedOf(latching), clock(0), { flood: false });
      const facts = { active: true, seen: false, over: false, quietUntil: 0 };
      for (const [n, event] of events.entries()) {
        const now = clock(n + 1);
        const before = kept;
        const after = apply(kept, event, now);
        const { over } = facts;
        // What the model says of it.
        if (event === 'return' && !over) facts.active = false;
        if (event === 'acknowledge' && !over) facts.seen = true;
        const isDone = !facts.active && facts.seen;
        if (event === 'withdraw') [facts.over, facts.active] = [true, false];
        else if (isDone && (!latching || event === 'reset')) facts.over = true;
        if (event === 'shelve' && !over) facts.quietUntil = now.getTime() + 150_000;
        const quietBefore = before.alert.quiet !== undefined;
        if (event === 'unshelve' || (event === 'end-quiet' && facts.quietUntil <= now.getTime()))
          facts.quietUntil = 0;
        kept = after ?? kept;
        const state = facts.over
          ? 'closed'
          : facts.active
            ? facts.seen
              ? 'acknowledged'
              : 'unacknowledged'
            : facts.seen
              ? 'latched'
              : 'returned-unacknowledged';
        expect([kept.alert.state, kept.alert.active]).toEqual([state, facts.active]);
        expect(kept.alert.quiet !== undefined).toBe(facts.quietUntil > 0);
        if (after === undefined) continue;
        // Each change is one version, with who and when.
        const entry = after.entries.at(-1);
        expect([after.alert.version, entry?.version, after.entries.length]).toEqual([
          before.alert.version + 1,
          before.alert.version + 1,
          before.entries.length + 1,
        ]);
        // Nobody is told while it is quiet; at its end only of what is still there.
        if (quietBefore && (event === 'return' || event === 'acknowledge')) expect(entry?.told).toBe(false);
        if (event === 'end-quiet' || event === 'unshelve') expect(entry?.told).toBe(facts.active);
        alert.parse(after.alert);
        alertEntry.parse(entry);
      }
    }),
    { numRuns: 500 },
  );
});

describe('shelving', () => {
  const shelve = (kept: KeptAlert): KeptAlert =>
    shelveAlert(kept, { by, now: clock(1), comment: 'cleaning' }, clock(5)) ?? kept;

  it('that ends while the alert is active is told at once', () => {
    const kept = shelve(raiseAlert(raisedOf(false), clock(0), { flood: false }));
    expect(endQuiet(kept, clock(4))).toBeUndefined();
    expect(endQuiet(kept, clock(5))?.entries.at(-1)).toMatchObject({ event: 'quiet-ended', told: true });
  });

  it('has clears meanwhile in the history, untold', () => {
    const kept = returnAlert(
      shelve(raiseAlert(raisedOf(false), clock(0), { flood: false })),
      RETURNED,
      clock(2),
    );
    expect(kept?.entries.map(({ event, told }) => [event, told])).toEqual([
      ['raised', true],
      ['shelved', false],
      ['returned', false],
    ]);
    expect(kept && endQuiet(kept, clock(5))?.entries.at(-1)?.told).toBe(false);
  });
});

it('the times of a transition are those of its readings', () => {
  const kept = raiseAlert(raisedOf(false), clock(600), { flood: false });
  expect(kept.alert).toMatchObject({
    raisedAt: '2026-03-01T10:00:00.000Z',
    noticedAt: '2026-03-01T20:00:00.000Z',
  });
  expect(returnAlert(kept, RETURNED, clock(601))?.alert).toMatchObject({
    returnedAt: '2026-03-01T10:00:30.000Z',
  });
});
