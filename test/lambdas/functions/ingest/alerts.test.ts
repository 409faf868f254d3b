/** Alert rules in `ingest`: read with the type, told after the points and before what is remembered, and at no cost at rest. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AlertTransition, alertWork } from '../../../../contracts/messages/alert-work.ts';
import { type AlertRule, alertRule } from '../../../../contracts/resources/alert-rules.ts';
import { rulesToItem } from '../../../../lambdas/store/registry/alert-rules.ts';
import { fault, NOW, record, rows, startWorld, TYPE, type World } from './world.ts';

const OK = { batchItemFailures: [] };
let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 30_000);
afterAll(() => world.close());

const RULE = alertRule.parse({
  id: 'too-hot',
  type: TYPE.id,
  name: 'Too hot',
  channel: 'temp',
  condition: { kind: 'threshold', direction: 'high', limit: 30 },
  version: 1,
  createdAt: '2026-01-01T00:00:00Z',
  createdBy: 'test',
  updatedAt: '2026-01-01T00:00:00Z',
  updatedBy: 'test',
});
const putRules = (rules: readonly AlertRule[], unread: readonly unknown[] = []) =>
  world.put(rulesToItem({ type: TYPE.id, version: 1, rules, unread }));

const sent = (): AlertTransition[] =>
  world.calls
    .filter(({ action }) => action === 'sqs:SendMessage')
    .map(({ body }) => alertWork.parse(JSON.parse((JSON.parse(body) as { MessageBody: string }).MessageBody)))
    .flatMap((work) => (work.kind === 'transitions' ? work.transitions : []));

let devices = 0;
let device = '';
beforeEach(async () => {
  devices += 1;
  device = `alert-${devices}`;
  await world.register(device);
  await putRules([RULE]);
  await world.fresh();
  world.intercept = undefined;
  world.calls.length = 0;
});

const hot = (session: string, values: readonly number[] = [20, 31, 32, 25]) =>
  record({ device, payload: rows(values, { session, seq: 0 }) });

describe('alerts', () => {
  it('are told once in a batch, with the times of their readings', async () => {
    expect(await world.take([hot('a')])).toEqual(OK);
    expect(sent()).toMatchObject([
      {
        kind: 'raised',
        site: 'berlin',
        device,
        channel: 'temp',
        at: NOW - 59e6,
        rule: { id: 'too-hot', version: 1 },
      },
      { kind: 'returned', at: NOW - 57e6, reading: { value: 25 } },
    ]);
    expect(world.calls.filter(({ action }) => action.startsWith('sqs:'))).toHaveLength(1);
  });

  it('cost nothing at rest: one key more where types are read, and no call', async () => {
    await world.take([hot('a', [20, 21])]);
    await world.take([record({ device, payload: rows([22], { session: 'a', seq: 1 }, NOW - 10e6) })]);
    const registry = world.calls.filter(
      ({ action, body }) => action.endsWith('GetItem') && body.includes('TYPE#'),
    );
    expect(registry).toHaveLength(1);
    expect(registry[0]?.body).toContain('ALERTRULES#sensor');
    expect(world.calls.filter(({ action }) => action.startsWith('sqs:'))).toEqual([]);
    expect((await world.latest(device))?.ledger.stored).toBe(3);
  });

  it('are told after the points are durable, and before that is remembered', async () => {
    await world.take([hot('a')]);
    const order = world.calls.flatMap(({ action, body }) => {
      if (action === 'sqs:SendMessage') return ['told'];
      if (action !== 'dynamodb:BatchWriteItem') return [];
      return body.includes('latest#') ? ['remembered'] : body.includes('#c#') ? ['stored'] : [];
    });
    expect(order).toEqual(['stored', 'told', 'remembered']);
  });

  it('that cannot be told make the run come again, and then are the same', async () => {
    const batch = [hot('a')];
    world.intercept = ({ action }) => (action === 'sqs:SendMessage' ? fault('AccessDenied') : undefined);
    expect((await world.take(batch)).batchItemFailures).toHaveLength(1);
    expect((await world.latest(device))?.ledger.stored ?? 0).toBe(0);
    world.intercept = undefined;
    expect(await world.take(batch)).toEqual(OK);
    const first = sent();
    expect(first).toHaveLength(2);
    // Somebody died after it was told: the whole batch comes again, to another environment.
    await world.fresh();
    expect(await world.take(batch)).toEqual(OK);
    expect(sent().slice(2)).toEqual([]);
  });

  it('a crash between telling and remembering tells the same again', async () => {
    const batch = [hot('a')];
    world.intercept = ({ action, body }) =>
      action === 'dynamodb:BatchWriteItem' && body.includes('latest#') ? fault('AccessDenied') : undefined;
    expect((await world.take(batch)).batchItemFailures).toHaveLength(1);
    world.intercept = undefined;
    await world.fresh();
    expect(await world.take(batch)).toEqual(OK);
    const all = sent();
    expect(all).toHaveLength(4);
    expect(all.slice(2)).toEqual(all.slice(0, 2));
  });

  it('go on where another environment takes over', async () => {
    await world.take([hot('a', [20, 31])]);
    await world.fresh();
    await world.take([record({ device, payload: rows([33, 20], { session: 'a', seq: 1 }, NOW - 10e6) })]);
    const [raised, returned] = sent();
    expect(sent()).toHaveLength(2);
    expect(returned).toMatchObject({ kind: 'returned', id: raised?.id });
  });

  it('a rule that cannot be read here leaves the others at work, and its alerts as they are', async () => {
    const other = { ...RULE, id: 'other', condition: { ...RULE.condition, limit: 40 } } as AlertRule;
    await putRules([RULE, other]);
    await world.fresh();
    await world.take([hot('a', [20, 41])]);
    expect(sent().map(({ kind }) => kind)).toEqual(['raised', 'raised']);
    // A newer version of the platform has written the other.
    await putRules([RULE], [{ ...other, condition: { kind: 'forecast' } }]);
    await world.fresh();
    await world.take([record({ device, payload: rows([41, 20], { session: 'a', seq: 1 }, NOW - 10e6) })]);
    expect(sent().slice(2)).toMatchObject([{ kind: 'returned', id: sent()[0]?.id }]);
    await putRules([RULE, other]);
    await world.fresh();
    await world.take([record({ device, payload: rows([20], { session: 'a', seq: 2 }, NOW - 5e6) })]);
    expect(sent().slice(3)).toMatchObject([{ kind: 'returned', id: sent()[1]?.id }]);
  });
});
