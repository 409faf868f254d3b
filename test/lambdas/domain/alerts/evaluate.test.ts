import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertRule } from '../../../../contracts/resources/alert-rules.ts';
import { NEW_STATE } from '../../../../lambdas/domain/ingestion/device-state.ts';
import { toStateItem } from '../../../../lambdas/store/measurements/state-item.ts';
import { message, Oven, type Point, ruleOf, seconds, since } from './world.ts';

const HIGH = { kind: 'threshold', direction: 'high', limit: 100 } as const;
const every = (from: number, to: number, step: number, value: number, channel?: string): Point[] =>
  Array.from(
    { length: Math.floor((to - from) / step) + 1 },
    (_, n): Point => [from + n * step, value, channel],
  );

describe('a threshold', () => {
  it('is raised beyond it, not at it, and returns', () => {
    const oven = new Oven(ruleOf(HIGH)).points([0, 99], [10, 100], [20, 101], [30, 100]);
    expect(oven.story).toEqual(['+20', '-30']);
    const [raised, returned] = oven.told;
    expect(raised?.reading).toEqual({ at: seconds(20), value: 101 });
    expect(returned).toMatchObject({ id: raised?.id, why: 'condition', reading: { value: 100 } });
  });

  it('waits for its delay by the times of the points', () => {
    const rule = ruleOf(HIGH, { onDelay: 25, offDelay: 15 });
    const oven = new Oven(rule).points(...every(0, 30, 10, 101), ...every(40, 60, 10, 90));
    expect(oven.story).toEqual(['+25', '-55']);
    expect(new Oven(rule).points(...every(0, 20, 10, 101), [30, 90], [40, 101]).story).toEqual([]);
  });

  it('has a deadband', () => {
    const oven = new Oven(ruleOf({ ...HIGH, hysteresis: 5 }));
    expect(oven.points([0, 101], [10, 97], [20, 101], [30, 95], [40, 96], [50, 94]).story).toEqual([
      '+0',
      '-30',
    ]);
  });

  it('does not judge what is bad or physically impossible', () => {
    const oven = new Oven(ruleOf(HIGH)).points([0, 50], [10, 9999], [20, 400, 'temp', 'bad'], [30, 60]);
    expect(oven.story).toEqual([]);
  });

  it('raises at most once in 100 crossings an hour, with a deadband and a delay', () => {
    const noisy = every(0, 3600, 10, 0).map(([at]): Point => [at, at % 70 < 40 ? 100.5 : 99.5]);
    const oven = new Oven(ruleOf({ ...HIGH, hysteresis: 2 }, { onDelay: 20 })).points(...noisy);
    expect(oven.story).toHaveLength(1);
  });
});

describe('the twelve faults of others', () => {
  it('a restart in the middle of an active alert gives no second notice and no second delay', () => {
    const oven = new Oven(ruleOf(HIGH, { onDelay: 20 })).points(...every(0, 10, 10, 101));
    // Every batch goes through the item as a new environment reads it.
    oven.points(...every(20, 200, 10, 101));
    expect(oven.story).toEqual(['+20']);
  });

  it('a redeployment gives no storm of silence', () => {
    const oven = new Oven(ruleOf({ kind: 'no-data', after: 120 })).points([0, 1]);
    expect(oven.look(600, 590).story).toEqual([]);
    expect(oven.look(711, 590).story).toEqual(['+120']);
  });

  it('silence obeys its delay', () => {
    const oven = new Oven(ruleOf({ kind: 'no-data', after: 120 }, { onDelay: 60 })).points([0, 1]);
    expect(oven.look(179).story).toEqual([]);
    expect(oven.look(180).story).toEqual(['+180']);
  });

  it('concurrent functions and retries find the same transition', () => {
    const rule = ruleOf(HIGH);
    const batch = [message([[0, 101]]), message([[10, 90]])];
    const oven = new Oven(rule);
    const before = oven.state;
    oven.take(...batch);
    oven.state = before;
    oven.take(...batch);
    expect(oven.told).toHaveLength(4);
    expect(oven.told.slice(2)).toEqual(oven.told.slice(0, 2));
  });

  it('what is evaluated more slowly than it is sent is not cleared', () => {
    const oven = new Oven(ruleOf(HIGH)).points([0, 101]);
    // An hour later the points of that hour come at once, each condition still there.
    oven.take(...every(10, 3600, 10, 101).map((point) => message([point], 3700)));
    expect(oven.story).toEqual(['+0']);
  });

  it('every activation is told, even where clears come in the same batch', () => {
    const oven = new Oven(ruleOf(HIGH));
    oven.take(
      message([[0, 101]]),
      message([[10, 1]]),
      message([
        [20, 101],
        [30, 1],
      ]),
      message([[40, 101]]),
    );
    expect(oven.story).toEqual(['+0', '-10', '+20', '-30', '+40']);
    expect(new Set(oven.told.filter(({ kind }) => kind === 'raised').map(({ id }) => id)).size).toBe(3);
  });

  it('a schedule that opens while the condition holds starts the delay without a new point', () => {
    const calendar = { zone: 'UTC', days: ['sunday'], from: '10:05', to: '11:00' } as const;
    const rule = ruleOf(HIGH, { onDelay: 60, calendar: { ...calendar, days: [...calendar.days] } });
    // 10:00, and then every 30 s; open from 300 s on.
    expect(new Oven(rule).points(...every(0, 330, 30, 101)).story).toEqual([]);
    expect(new Oven(rule).points(...every(0, 390, 30, 101)).story).toEqual(['+360']);
    const door = ruleOf(
      { kind: 'threshold', direction: 'high', limit: 0.5 },
      { channel: 'door', onDelay: 60, calendar: { ...calendar, days: [...calendar.days] } },
    );
    const open = new Oven(door).points([0, true, 'door']);
    expect(open.look(419).story).toEqual([]);
    expect(open.look(420).story).toEqual(['+360']);
    // The next point finds the same, and ends it.
    expect(open.points([500, false, 'door']).story).toEqual(['+360', '-500']);
  });

  it('a gap inside the delay raises nothing', () => {
    const rule = ruleOf(HIGH, { onDelay: 60 });
    expect(new Oven(rule).points([0, 101], [10, 101], [45, 101], [60, 101], [70, 101]).story).toEqual([]);
    expect(new Oven(rule).points([0, 101], [10, 101], [45, 101], ...every(55, 105, 10, 101)).story).toEqual([
      '+105',
    ]);
  });

  it('silence and data at one instant end cleared', () => {
    const oven = new Oven(ruleOf({ kind: 'no-data', after: 60 })).points([0, 1]);
    expect(oven.look(60).points([60, 1]).story).toEqual(['+60', '-60']);
    const other = new Oven(ruleOf({ kind: 'no-data', after: 60 })).points([0, 1], [60, 1]);
    expect(other.told).toMatchObject([{ kind: 'returned', id: oven.told[0]?.id, why: 'heard-again' }]);
  });

  it('a vanished series is not cleared', () => {
    const oven = new Oven(ruleOf(HIGH)).points([0, 101], ...every(10, 3600, 60, 1, 'loose'));
    expect(oven.look(7200).story).toEqual(['+0']);
  });

  it('what was uploaded late carries its own times', () => {
    const oven = new Oven(ruleOf(HIGH)).take(message(every(0, 100, 10, 101), 86_400));
    expect(oven.told).toMatchObject([{ at: seconds(0), reading: { at: seconds(0), value: 101 } }]);
  });
});

describe('other conditions', () => {
  it('a rate over a window', () => {
    const rule = ruleOf({ kind: 'rate', direction: 'rising', limit: 1, window: 60 });
    const slow = every(0, 300, 10, 0).map(([at]): Point => [at, at * 0.9]);
    expect(new Oven(rule).points(...slow).story).toEqual([]);
    const fast = every(0, 120, 10, 0).map(([at]): Point => [at, at * 1.1]);
    expect(new Oven(rule).points(...fast, ...every(130, 300, 10, 132)).story).toHaveLength(2);
    expect(
      new Oven(ruleOf({ kind: 'rate', direction: 'falling', limit: 1, window: 60 })).points(...fast).story,
    ).toEqual([]);
  });

  it('a deviation from a set point that is a channel', () => {
    const rule = ruleOf({ kind: 'deviation', from: { channel: 'target' }, limit: 5 });
    const oven = new Oven(rule).points(
      [0, 30],
      [1, 37, 'target'],
      [10, 36],
      [20, 31],
      [21, 30, 'target'],
      [30, 31],
    );
    expect(oven.story).toEqual(['+20', '-30']);
  });

  it('a deviation from a value', () => {
    const oven = new Oven(ruleOf({ kind: 'deviation', from: { value: 37 }, limit: 2, hysteresis: 1 }));
    expect(oven.points([0, 37], [10, 34], [20, 35.5], [30, 36.5], [40, 40]).story).toEqual([
      '+10',
      '-30',
      '+40',
    ]);
  });

  it('a share of bad points', () => {
    const rule = ruleOf({ kind: 'bad-quality', share: 0.5, points: 4 });
    const bad = (at: number): Point => [at, 1, 'temp', 'bad'];
    expect(new Oven(rule).points([0, 1], bad(10), [20, 1], [30, 1], [40, 1]).story).toEqual([]);
    expect(new Oven(rule).points([0, 1], bad(10), [20, 1], bad(30), [40, 1], [50, 1]).story).toEqual([
      '+30',
      '-50',
    ]);
  });

  it('a point each minute and a shorter delay raise all the same, where no interval is declared', () => {
    const oven = new Oven(ruleOf(HIGH, { channel: 'loose', onDelay: 30 }));
    expect(oven.points(...every(0, 120, 60, 1, 'loose'), ...every(180, 300, 60, 101, 'loose')).story).toEqual(
      ['+210'],
    );
  });

  it('a door that stays open is told by time alone, and its end too', () => {
    const rule = ruleOf(
      { kind: 'threshold', direction: 'high', limit: 0.5 },
      { channel: 'door', onDelay: 60, offDelay: 30 },
    );
    const oven = new Oven(rule).points([0, true, 'door']).look(119).look(120);
    expect(oven.story).toEqual(['+60']);
    oven.points([200, true, 'door'], [210, false, 'door']).look(299);
    expect(oven.look(300).points([400, true, 'door']).story).toEqual(['+60', '-240']);
  });

  it('an alert of a rule that is gone returns with the next message', () => {
    const oven = new Oven(ruleOf(HIGH)).points([0, 101]);
    oven.rules = [];
    oven.points([10, 101]);
    expect(oven.told[1]).toMatchObject({ kind: 'returned', id: oven.told[0]?.id, why: 'rule-changed' });
    expect(oven.state.alerts.size).toBe(0);
  });
});

it('nothing is remembered of rules at rest', () => {
  const bytes = (...rules: readonly AlertRule[]): string =>
    JSON.stringify(
      toStateItem('oven-1', {
        ...new Oven(...rules).points([0, 1], [10, 1]).state,
        checkpoints: NEW_STATE.checkpoints,
      }),
    );
  const rules = [
    ruleOf(HIGH, { id: 'a', onDelay: 60 }),
    ruleOf({ kind: 'no-data', after: 60 }, { id: 'b' }),
    ruleOf({ kind: 'deviation', from: { value: 1 }, limit: 5 }, { id: 'c' }),
    ruleOf({ kind: 'bad-quality', share: 0.5, points: 10 }, { id: 'd' }),
  ];
  expect(bytes(...rules)).toBe(bytes());
});

const rules = [
  ruleOf({ ...HIGH, hysteresis: 5 }, { id: 'high', onDelay: 15, offDelay: 10 }),
  ruleOf({ kind: 'threshold', direction: 'low', limit: 20 }, { id: 'low' }),
  ruleOf({ kind: 'rate', limit: 2, window: 40 }, { id: 'rate' }),
  ruleOf({ kind: 'deviation', from: { channel: 'target' }, limit: 30 }, { id: 'off' }),
  ruleOf({ kind: 'bad-quality', share: 0.3, points: 5 }, { id: 'bad' }),
  ruleOf(
    { kind: 'threshold', direction: 'high', limit: 0.5 },
    { id: 'door', channel: 'door', onDelay: 20, offDelay: 5 },
  ),
  ruleOf({ kind: 'threshold', direction: 'high', limit: 60 }, { id: 'loose', channel: 'loose', onDelay: 12 }),
  ruleOf({ kind: 'no-data', after: 60 }, { id: 'silent' }),
];
const point = fc.tuple(
  fc.constantFrom(0, 5, 5, 10, 10, 30, 70, -20),
  fc.constantFrom(10, 50, 98, 101, 105, 9999),
  fc.constantFrom('temp', 'temp', 'temp', 'target', 'door', 'loose'),
  fc.constantFrom('good', 'good', 'good', 'bad'),
);
const messages = fc
  .array(fc.array(point, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 25 })
  .map((list) => {
    let at = 0;
    let arrives = 0;
    return list.map((points) => {
      const taken = points.map(([step, value, channel, quality]): Point => {
        at = Math.max(0, at + step);
        return [at, channel === 'door' ? value > 99 : value, channel, quality];
      });
      arrives = Math.max(arrives, at) + 1;
      return message(taken, arrives);
    });
  });

it('in whatever batches points come, however late or often, the transitions are the same', () => {
  const count = { raised: 0 };
  fc.assert(
    fc.property(messages, fc.array(fc.nat(24), { maxLength: 5 }), fc.nat(24), (all, cuts, again) => {
      const one = new Oven(...rules).take(...all);
      const borders = [...new Set([0, ...cuts.filter((cut) => cut < all.length), all.length])].sort(
        (a, b) => a - b,
      );
      const other = new Oven(...rules);
      for (const [n, from] of borders.entries()) {
        const part = all.slice(from, borders[n + 1] ?? all.length);
        if (part.length === 0) continue;
        const before = other.state;
        other.take(...part);
        // Half of them come twice: once before what they come to was remembered, once after.
        if (n % 2 === 0) continue;
        other.state = before;
        other.take(...part);
        other.take(...part);
      }
      const storyOf = ({ told: each }: Oven): string[] =>
        [...new Set(each.map((t) => `${t.kind} ${t.id} ${since(t.at)} ${JSON.stringify(t.reading)}`))].sort();
      expect(storyOf(other)).toEqual(storyOf(one));
      // A device that sends a message once more is heard: nothing of it is newer than all before it.
      const repeated = all[again % all.length];
      const told = other.told.length;
      if (repeated !== undefined)
        other.take({ ...repeated, sequence: '999999', arrived: (all.at(-1)?.arrived ?? 0) + 1 });
      const heard = other.told.slice(told).map((each) => each.kind === 'returned' && each.why);
      expect(heard.filter((why) => why !== 'heard-again')).toEqual([]);
      count.raised += one.told.filter(({ kind }) => kind === 'raised').length;
    }),
    { numRuns: 200 },
  );
  expect(count.raised).toBeGreaterThan(200);
});

it('looking at the clock at any time leads to no other end than the points alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.boolean()), { minLength: 2, maxLength: 12 }),
      fc.array(fc.nat(2000), { maxLength: 6 }),
      (steps, looks) => {
        const rule = ruleOf(
          { kind: 'threshold', direction: 'high', limit: 0.5 },
          { channel: 'door', onDelay: 60, offDelay: 30 },
        );
        let at = 0;
        const points = steps.map(([step, value]): Point => {
          at += step;
          return [at, value, 'door'];
        });
        points.push([at + 500, false, 'door'], [at + 600, false, 'door']);
        const quiet = new Oven(rule).points(...points);
        const watched = new Oven(rule);
        for (const [n, each] of points.entries()) {
          for (const time of looks.filter((look) => look > (points[n - 1]?.[0] ?? -1) && look <= each[0]))
            watched.look(time);
          watched.points(each);
        }
        expect(new Set(watched.story)).toEqual(new Set(quiet.story));
      },
    ),
    { numRuns: 100 },
  );
});
