import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { presenceOf } from '../../../../lambdas/domain/presence/presence.ts';
import { type Change, sessionsOf } from '../../../../lambdas/domain/presence/sessions.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

describe('presence', () => {
  it.each<
    [string, Parameters<typeof presenceOf>[0]['connection'], number | undefined, number | undefined, string]
  >([
    ['nothing known', { state: 'unknown' }, undefined, 10, 'unknown'],
    ['data without a connection', { state: 'unknown' }, 5, 10, 'suspect'],
    ['connected and heard', { state: 'online', since: ago(1000) }, 5, 10, 'online'],
    ['connected and silent', { state: 'online', since: ago(1000) }, 500, 10, 'suspect'],
    ['connected just now, silent before', { state: 'online', since: ago(10) }, 500, 10, 'online'],
    ['connected, and nothing is expected', { state: 'online', since: ago(1000) }, 900, undefined, 'online'],
    ['connected, and never heard', { state: 'online', since: ago(1000) }, undefined, 10, 'suspect'],
    ['gone', { state: 'offline', since: ago(100) }, 101, 10, 'offline'],
    ['gone, with data on their way', { state: 'offline', since: ago(100) }, 50, 10, 'offline'],
    ['gone, and data long after', { state: 'offline', since: ago(1000) }, 5, 10, 'suspect'],
  ])('%s', (_, connection, heardAgo, every, state) => {
    const heard = heardAgo === undefined ? undefined : NOW - heardAgo * 1000;
    expect(presenceOf({ connection, heard, every, now: NOW }).state).toBe(state);
  });
});

describe('sessions', () => {
  const range = { from: 100, to: 200 };
  const came = (at: number, order = at): Change => ({ at, order, state: 'online' });
  const went = (at: number, order = at): Change => ({ at, order, state: 'offline' });

  it('are between comings and goings, with what is known', () => {
    expect(sessionsOf(range, undefined, [came(120), went(150)])).toEqual({
      items: [{ from: 120, to: 150, within: 30 }],
      known: 80,
    });
    expect(sessionsOf(range, came(50), [went(130)])).toEqual({
      items: [{ from: undefined, to: 130, within: 30 }],
      known: 100,
    });
    expect(sessionsOf(range, went(50), [came(190)])).toEqual({
      items: [{ from: 190, to: undefined, within: 10 }],
      known: 100,
    });
    expect(sessionsOf(range, came(50), [])).toEqual({
      items: [{ from: undefined, to: undefined, within: 100 }],
      known: 100,
    });
    expect(sessionsOf(range, undefined, [])).toEqual({ items: [], known: 0 });
  });

  it('of a device that leaves its name to another connection follow each other', () => {
    expect(sessionsOf(range, undefined, [came(110), came(140), went(160)]).items).toEqual([
      { from: 110, to: 140, within: 30 },
      { from: 140, to: 160, within: 20 },
    ]);
  });

  it('do not overlap, lie within the range, and are the same in any order of events', () => {
    const change = fc.record({ at: fc.integer({ min: 100, max: 199 }), online: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), fc.boolean(), (list, wasThere) => {
        const changes = list.map(
          ({ at, online }, order): Change => ({ at, order, state: online ? 'online' : 'offline' }),
        );
        const before = wasThere ? came(1) : undefined;
        const { items, known } = sessionsOf(range, before, changes);
        expect(sessionsOf(range, before, changes.toReversed())).toEqual({ items, known });
        expect(items.reduce((sum, { within }) => sum + within, 0)).toBeLessThanOrEqual(known);
        for (const [at, { from = 100, to = 200 }] of items.entries()) {
          expect(from).toBeLessThanOrEqual(to);
          expect(from).toBeGreaterThanOrEqual(items[at - 1]?.to ?? 100);
        }
      }),
    );
  });
});
