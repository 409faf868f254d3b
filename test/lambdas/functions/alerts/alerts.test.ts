/** Alerts as they are kept: whatever the order, the repeats and the deaths, they end the same, and each is told. */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlertTransition } from '../../../../contracts/messages/alert-work.ts';
import { alertEvent } from '../../../../contracts/messages/live.ts';
import type { Said } from '../../../../lambdas/domain/alerts/life.ts';
import { acknowledgeAlert, shelveAlert } from '../../../../lambdas/domain/alerts/life.ts';
import { raised, returned } from '../../../../lambdas/domain/alerts/transitions.ts';
import { watchedRules } from '../../../../lambdas/domain/alerts/watch.ts';
import { countRecent } from '../../../../lambdas/store/registry/alert-floods.ts';
import { putShelf } from '../../../../lambdas/store/registry/alert-shelves.ts';
import {
  changeAlert,
  listOpenAlerts,
  listSilent,
  listSiteAlerts,
} from '../../../../lambdas/store/registry/alerts.ts';
import { type Aws, startAws } from '../../../support/aws.ts';
import { Oven, ruleOf, seconds, TYPE } from '../../domain/alerts/world.ts';
import { AlertsWorld } from './world.ts';

let aws: Aws;
let world: AlertsWorld;
beforeAll(async () => {
  aws = await startAws();
}, 30_000);
afterAll(() => aws.close());
beforeEach(() => {
  world = new AlertsWorld(aws);
});
afterEach(() => aws.heal());

const RULE = ruleOf({ kind: 'threshold', direction: 'high', limit: 100 });
const said = (): Said => ({
  by: { kind: 'user', subject: 'u1', name: 'Ada' },
  now: world.deps.now(),
  comment: 'seen',
});
let places = 0;
/** A raise, and the return that goes with it, of a device and site of their own. */
const pair = (at = 0, site = `site-${++places}`, rule = RULE) => {
  const watched = { type: TYPE.id, site, device: `oven-${++places}` };
  const [one] = watchedRules([rule], TYPE);
  if (one === undefined) throw new Error('no rule');
  const reading = { at: seconds(at), value: 101 };
  const up = raised(watched, one, seconds(at), reading);
  const down = returned(watched, one.rule, seconds(at), seconds(at + 30), 'condition', {
    ...reading,
    value: 90,
  });
  return { site, device: watched.device, id: up.id, up, down };
};
const ALL = { below: undefined, state: undefined, priority: undefined, limit: 1000 };

describe('transitions', () => {
  it('in any order, at once, and however often end equal, and are told once each', async () => {
    const orders: (readonly ('up' | 'down')[])[] = [
      ['up', 'down'],
      ['down', 'up'],
      ['up', 'up', 'down', 'down', 'up'],
      ['down', 'down', 'up', 'down'],
    ];
    for (const order of orders) {
      for (const parallel of [false, true]) {
        const { id, ...transitions } = pair();
        if (parallel) await Promise.all(order.map((each) => world.apply(transitions[each])));
        else for (const each of order) await world.apply(transitions[each]);
        const { alert, entries } = await world.alert(id);
        expect([alert.state, alert.active, entries.map(({ event }) => event)]).toEqual([
          'returned-unacknowledged',
          false,
          ['raised', 'returned'],
        ]);
        const told = world.told.filter((each) => each.startsWith(id));
        expect([...new Set(told)]).toEqual([`${id}#1 raised`, `${id}#2 returned`]);
        if (!parallel) expect(told).toHaveLength(2);
      }
    }
  });

  it('are listed by site and device, the newest first, and closed ones only where all are asked for', async () => {
    const first = pair(0);
    const second = pair(60, first.site);
    await world.apply(first.up);
    await world.apply(second.up);
    const ids = async (list: typeof listOpenAlerts) =>
      (await list(world.deps.registry, first.site, ALL)).alerts.map(({ alert }) => alert.id);
    expect(await ids(listOpenAlerts)).toEqual([second.id, first.id]);
    await changeAlert(world.deps.registry, first.id, (kept) => acknowledgeAlert(kept, said()));
    await world.apply(first.down);
    expect(await ids(listOpenAlerts)).toEqual([second.id]);
    expect(await ids(listSiteAlerts)).toEqual([second.id, first.id]);
    expect((await world.alert(first.id)).alert).toMatchObject({
      state: 'closed',
      acknowledgedBy: { name: 'Ada' },
    });
  });

  it('lose nothing to whoever dies with any write', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            what: fc.constantFrom('up' as const, 'down' as const),
            skip: fc.nat(5),
            when: fc.constantFrom('before' as const, 'after' as const),
          }),
          { maxLength: 5 },
        ),
        async (deaths) => {
          const { id, ...transitions } = pair();
          for (const { what, skip, when } of deaths) {
            const writes = ['dynamodb:PutItem', 'dynamodb:UpdateItem'][skip % 2] ?? '';
            aws.fail(writes, { skip: skip >> 1, when, left: 1, code: 'AccessDeniedException' });
            await world.apply(transitions[what]).catch(() => undefined);
            aws.heal();
          }
          // The queue gives out again what failed.
          await world.apply(transitions.up);
          await world.apply(transitions.down);
          const { alert, entries, announced } = await world.alert(id);
          expect([alert.state, entries.map(({ event }) => event), announced]).toEqual([
            'returned-unacknowledged',
            ['raised', 'returned'],
            2,
          ]);
          expect(new Set(world.told.filter((each) => each.startsWith(id)))).toEqual(
            new Set([`${id}#1 raised`, `${id}#2 returned`]),
          );
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('shelving', () => {
  const until = (clock: number) => new Date(seconds(clock) / 1000);
  const shelve = async (each: ReturnType<typeof pair>, end: number) => {
    const quiet = {
      kind: 'shelved' as const,
      until: until(end).toISOString(),
      by: said().by,
      reason: 'cleaning',
    };
    await putShelf(world.deps.registry, { type: TYPE.id, rule: RULE.id, device: each.device }, quiet);
    await changeAlert(world.deps.registry, each.id, (kept) => shelveAlert(kept, said(), until(end)));
    await world.deps.send({ kind: 'look', alert: each.id }, 900);
  };

  it('that ends while the alert is active is told at once, and not before', async () => {
    const one = pair();
    await world.apply(one.up);
    await shelve(one, 2000);
    await world.pass(1990);
    expect(world.told).toEqual([`${one.id}#1 raised`]);
    await world.pass(10);
    expect(world.told).toEqual([`${one.id}#1 raised`, `${one.id}#3 quiet-ended`]);
    expect((await world.alert(one.id)).alert.quiet).toBeUndefined();
    await world.pass(4000);
    expect(world.told).toHaveLength(2);
  });

  it('has clears meanwhile in the history, and nobody told', async () => {
    const one = pair();
    await world.apply(one.up);
    await shelve(one, 2000);
    await world.apply(one.down);
    await world.pass(3000);
    expect(world.told).toEqual([`${one.id}#1 raised`]);
    const { entries } = await world.alert(one.id);
    expect(entries.map(({ event }) => event)).toEqual(['raised', 'shelved', 'returned', 'quiet-ended']);
  });

  it('covers what is raised again meanwhile', async () => {
    const one = pair(0);
    await world.apply(one.up);
    await shelve(one, 2000);
    await world.apply(one.down);
    const [watchedRule] = watchedRules([RULE], TYPE);
    if (watchedRule === undefined) throw new Error('no rule');
    const again = raised({ type: TYPE.id, site: one.site, device: one.device }, watchedRule, seconds(100));
    await world.apply(again);
    expect(world.told).toHaveLength(1);
    expect((await world.alert(again.id)).alert.quiet).toMatchObject({ kind: 'shelved', reason: 'cleaning' });
    await world.pass(2000);
    expect(world.told.slice(1)).toEqual([`${again.id}#2 quiet-ended`]);
  });

  it('by design or out of service is no other', async () => {
    const suppression = {
      kind: 'out-of-service' as const,
      until: until(600).toISOString(),
      reason: 'service',
    };
    const one = pair(0, undefined, { ...RULE, suppression });
    await world.apply(one.up);
    expect([world.told, world.untold]).toEqual([[], [`${one.id}#1 raised`]]);
    await world.pass(600);
    expect(world.told).toEqual([`${one.id}#2 quiet-ended`]);
  });
});

it('200 alerts in ten minutes raise the flag at the eleventh, and none is lost', async () => {
  const site = 'flooded';
  const pairs = Array.from({ length: 200 }, (_, n) => pair(n, site));
  for (const { up } of pairs.slice(0, 11)) await world.apply(up);
  await Promise.all(pairs.slice(11).map(({ up }) => world.apply(up)));
  const { alerts } = await listOpenAlerts(world.deps.registry, site, ALL);
  expect(alerts.map(({ alert }) => alert.flood)).toEqual([
    ...Array(190).fill(true),
    ...Array(10).fill(false),
  ]);
  expect(new Set(world.told).size).toBe(200);
  expect(await countRecent(world.deps.registry, site, world.deps.now())).toBe(200);
  world.clock += 660;
  const late = pair(700, site);
  await world.apply(late.up);
  expect((await world.alert(late.id)).alert.flood).toBe(false);
}, 30_000);

describe('the look at the clock', () => {
  const silence = ruleOf({ kind: 'no-data', after: 120 }, { id: 'silent' });
  const active = async () =>
    (await listSilent(world.deps.registry, undefined, undefined)).map(({ device }) => device);
  const told = (event: string) => world.told.filter((each) => each.endsWith(event)).length;

  it('raises silence after its delay, once, and ends it when something is heard again', async () => {
    await world.rules(silence);
    await world.device('clock-1');
    await world.check();
    const oven = new Oven(silence).points([10, 1]);
    await world.remember('clock-1', oven);
    for (const _ of Array(2)) {
      await world.pass(60);
      await world.check();
    }
    expect(await active()).toEqual([]);
    for (const _ of Array(3)) {
      await world.pass(60);
      await world.check();
    }
    expect(await active()).toEqual(['clock-1']);
    expect(told('raised')).toBe(1);
    await world.remember('clock-1', oven.points([290, 2]));
    // `ingest` says so as well.
    for (const each of oven.told) await world.apply(each);
    await world.check();
    expect(await active()).toEqual([]);
    expect([told('raised'), told('returned')]).toEqual([1, 1]);
    const { alerts } = await listSiteAlerts(world.deps.registry, 'berlin', ALL);
    expect(alerts[0]?.alert).toMatchObject({
      raisedAt: '2026-03-01T10:02:10.000Z',
      returnedAt: '2026-03-01T10:04:50.000Z',
    });
    await world.device('clock-1', 'retired');
  });

  it('after a pause of its own counts silence from then on: no storm', async () => {
    await world.rules(silence);
    const names = Array.from({ length: 30 }, (_, n) => `clock-2${n}`);
    for (const name of names) {
      await world.device(name);
      await world.remember(name, new Oven(silence).points([10, 1]));
    }
    world.clock = 10_000;
    await world.check();
    await world.pass(60);
    await world.check();
    expect(told('raised')).toBe(0);
    // All speak again but one.
    for (const name of names.slice(1))
      await world.remember(name, new Oven(silence).points([10, 1], [10_100, 1]));
    await world.pass(60);
    await world.check();
    expect(told('raised')).toBe(1);
    expect(await active()).toEqual(['clock-20']);
    // A device that is retired is not waited for.
    for (const name of names) await world.device(name, 'retired');
    await world.pass(60);
    await world.check();
    expect(await active()).toEqual([]);
  });

  it('ends what ingest could not know of, and alerts of rules that are gone', async () => {
    await world.rules(silence);
    await world.device('clock-3');
    world.clock = 20_000;
    await world.check();
    for (const _ of Array(2)) {
      await world.pass(60);
      await world.check();
    }
    expect(await active()).toEqual(['clock-3']);
    await world.rules();
    await world.pass(60);
    await world.check();
    expect(await active()).toEqual([]);
    await world.device('clock-3', 'retired');
  });

  it('raises what a door that stays open comes to', async () => {
    const door = ruleOf(
      { kind: 'threshold', direction: 'high', limit: 0.5 },
      { id: 'door', channel: 'door', onDelay: 60 },
    );
    await world.rules(door);
    await world.device('clock-4');
    await world.remember('clock-4', new Oven(door).points([100, true, 'door']));
    world.clock = 200;
    await world.check();
    expect(told('raised')).toBe(0);
    for (const _ of Array(3)) {
      await world.pass(60);
      await world.check();
    }
    expect(told('raised')).toBe(1);
    const { alerts } = await listSiteAlerts(world.deps.registry, 'berlin', ALL);
    expect(alerts.find(({ alert }) => alert.device === 'clock-4')?.alert).toMatchObject({
      raisedAt: '2026-03-01T10:02:40.000Z',
      reading: { at: '2026-03-01T10:01:40.000Z', value: true },
    });
  });
});

it('a message that cannot be read fails alone', async () => {
  Object.assign(process.env, {
    REGISTRY_TABLE: aws.registryTable,
    MEASUREMENTS_TABLE: aws.measurementsTable,
    ALERTS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/000000000000/alerts',
    LOG_LEVEL: 'SILENT',
  });
  const { handler } = await import('../../../../lambdas/functions/alerts/handler.ts');
  const one = pair();
  const transitions: AlertTransition[] = [one.up, one.down];
  const records = [JSON.stringify({ kind: 'transitions', transitions }), '{"kind":"nonsense"}'];
  const Records = records.map((body, at) => ({ messageId: `m-${at}`, body }));
  expect(await handler({ Records })).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-1' }] });
  expect((await world.alert(one.id)).alert.state).toBe('returned-unacknowledged');
  // People hear both, on the topic of the alert.
  const heard = aws.calls.filter(({ action }) =>
    action.includes(encodeURIComponent(`/alerts/${one.device}/`)),
  );
  const events = heard.map(({ body }) => alertEvent.parse(JSON.parse(body)));
  expect(events.map(({ entry }) => entry.event)).toEqual(['raised', 'returned']);
});
