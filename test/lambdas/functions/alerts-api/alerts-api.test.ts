/** Alerts and rules over HTTP. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlertRule } from '../../../../contracts/resources/alert-rules.ts';
import type { Alert, AlertHistory } from '../../../../contracts/resources/alerts.ts';
import { raised, returned } from '../../../../lambdas/domain/alerts/transitions.ts';
import { watchedRules } from '../../../../lambdas/domain/alerts/watch.ts';
import { type Aws, startAws } from '../../../support/aws.ts';
import { lambdaContext, person, proxyEvent, type Sent } from '../../../support/http-events.ts';
import { ruleOf, seconds, TYPE } from '../../domain/alerts/world.ts';
import { AlertsWorld } from '../alerts/world.ts';

let aws: Aws;
let world: AlertsWorld;
let handler: (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
beforeAll(async () => {
  aws = await startAws();
  aws.fail('sqs:SendMessage', { left: Number.POSITIVE_INFINITY, answer: {} });
  world = new AlertsWorld(aws);
  await world.rules();
  ({ handler } = await import('../../../../lambdas/functions/alerts-api/handler.ts'));
}, 30_000);
afterAll(() => aws.close());

const send = async <T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: object,
  more: Pick<Sent, 'headers' | 'claims'> = {},
): Promise<{ status: number; headers: Readonly<Record<string, unknown>>; body: T }> => {
  const sent: Sent = { method, path, claims: person('Admin'), ...(body && { body }), ...more };
  const { statusCode, headers = {}, body: text } = await handler(proxyEvent(sent), lambdaContext);
  return { status: statusCode, headers, body: JSON.parse(text) as T };
};
const act = (id: string, action: string, body: object = {}) =>
  send<Alert>('POST', `/v1/alerts/${id}/${action}`, body);

const HOT = {
  id: 'hot',
  type: TYPE.id,
  name: 'Too hot',
  channel: 'temp',
  condition: { kind: 'threshold', direction: 'high', limit: 310.15, hysteresis: 1, unit: 'K' },
};
const reason = 'agreed on Monday';
const HOT_RULE = `/v1/alert-rules/${TYPE.id}/hot`;

describe('rules', () => {
  it('are made, with their limits in the unit of the channel, and made again are the same', async () => {
    const made = await send<AlertRule>('POST', '/v1/alert-rules', { ...HOT, reason });
    expect(made).toMatchObject({
      status: 201,
      headers: { etag: '"1"', location: HOT_RULE },
      body: { ...HOT, evaluated: { unit: 'Cel', limit: 37, hysteresis: 1 }, priority: 'medium', version: 1 },
    });
    expect((await send('POST', '/v1/alert-rules', { ...HOT, reason })).body).toEqual(made.body);
    expect((await send('POST', '/v1/alert-rules', { ...HOT, name: 'Another', reason })).body['code']).toBe(
      'conflict',
    );
  });

  it.each([
    ['/channel', { channel: 'nope' }],
    ['/channel', { channel: undefined }],
    ['/condition/unit', { condition: { ...HOT.condition, unit: 'Pa' } }],
    ['/condition/window', { condition: { kind: 'rate', limit: 1, window: 10 } }],
    ['/condition/from/channel', { condition: { kind: 'deviation', limit: 1, from: { channel: 'door' } } }],
    ['/calendar/zone', { calendar: { zone: 'Mars/Olympus', days: ['monday'], from: '22:00', to: '07:00' } }],
    ['/reason', { reason: '' }],
  ])('that make no sense are refused: %s', async (pointer, change) => {
    const { status, body } = await send('POST', '/v1/alert-rules', { ...HOT, id: 'odd', reason, ...change });
    expect([status, (body['errors'] as { pointer: string }[])[0]?.pointer]).toEqual([400, pointer]);
  });

  it('are changed on the version that was read; channel and kind stay', async () => {
    const { id: _id, type: _type, ...said } = HOT;
    const change = { ...said, onDelay: 30, reason };
    expect((await send('PUT', HOT_RULE, change)).status).toBe(428);
    const on = (version: number) => ({ headers: { 'if-match': `"${version}"` } });
    expect((await send('PUT', HOT_RULE, change, on(2))).status).toBe(412);
    const other = { ...change, channel: 'loose' };
    expect((await send('PUT', HOT_RULE, other, on(1))).body['errors']).toMatchObject([
      { pointer: '/channel' },
    ]);
    expect((await send('PUT', HOT_RULE, change, on(1))).body).toMatchObject({ onDelay: 30, version: 2 });
    expect((await send('GET', HOT_RULE)).headers['etag']).toBe('"2"');
  });

  it('of one site are of who manages rules there', async () => {
    const claims = person('Engineer@berlin');
    const rule = { ...HOT, id: 'mine', reason };
    expect((await send('POST', '/v1/alert-rules', rule, { claims })).status).toBe(403);
    expect((await send('POST', '/v1/alert-rules', { ...rule, site: 'paris' }, { claims })).status).toBe(403);
    expect((await send('POST', '/v1/alert-rules', { ...rule, site: 'berlin' }, { claims })).status).toBe(201);
  });

  it('are listed, and taken away', async () => {
    const list = async () =>
      (await send<{ items: AlertRule[] }>('GET', '/v1/alert-rules')).body.items.map(({ id }) => id);
    expect(await list()).toEqual(['hot', 'mine']);
    const headers = { 'if-match': '*' };
    expect(
      (await send('POST', `/v1/alert-rules/${TYPE.id}/mine/remove`, { reason }, { headers })).status,
    ).toBe(200);
    expect(await list()).toEqual(['hot']);
    expect((await send('GET', `/v1/alert-rules/${TYPE.id}/mine`)).status).toBe(404);
  });
});

let made = 0;
/** An alert of a device of its own, and how it returns. */
const raise = async (latching = false) => {
  made += 1;
  const device = `oven-${made}`;
  await world.device(device);
  const [one] = watchedRules(
    [ruleOf({ kind: 'threshold', direction: 'high', limit: 37 }, { id: 'hot', latching })],
    TYPE,
  );
  if (one === undefined) throw new Error('no rule');
  const watched = { type: TYPE.id, site: 'berlin', device };
  const up = raised(watched, one, seconds(made), { at: seconds(made), value: 40 });
  await world.apply(up);
  const down = returned(watched, one.rule, seconds(made), seconds(made + 60), 'condition');
  return { id: up.id, device, end: () => world.apply(down) };
};

describe('alerts', () => {
  it('are acknowledged, return and are closed, with all of it in the history', async () => {
    const { id, device, end } = await raise();
    const { body } = await send<{ items: Alert[] }>('GET', `/v1/alerts?device=${device}`);
    expect(body.items).toMatchObject([{ id, state: 'unacknowledged', active: true, reading: { value: 40 } }]);
    expect((await act(id, 'acknowledge', { comment: 'on my way' })).body.state).toBe('acknowledged');
    expect((await act(id, 'acknowledge')).body).toMatchObject({ code: 'alert-state' });
    expect((await act(id, 'comment', { comment: 'door was open' })).body.comments).toBe(1);
    expect((await act(id, 'assign', { subject: 'sub-1', name: 'Bob' })).body.assignee).toEqual({
      subject: 'sub-1',
      name: 'Bob',
    });
    expect((await act(id, 'assign', { subject: null })).body.assignee).toBeUndefined();
    await end();
    expect((await send('GET', `/v1/alerts/${id}`)).body).toMatchObject({ state: 'closed', active: false });
    const history = await send<AlertHistory>('GET', `/v1/alerts/${id}/history`);
    expect(history.body.entries.map(({ event, by, comment }) => [event, by.name, comment])).toEqual([
      ['raised', 'labgate', undefined],
      ['acknowledged', 'ada', 'on my way'],
      ['commented', 'ada', 'door was open'],
      ['assigned', 'ada', 'Bob'],
      ['assigned', 'ada', 'nobody'],
      ['returned', 'labgate', undefined],
    ]);
    const open = await send<{ items: Alert[] }>('GET', '/v1/alerts?site=berlin');
    expect(open.body.items.map((each) => each.id)).not.toContain(id);
    const all = await send<{ items: Alert[] }>('GET', '/v1/alerts?site=berlin&open=false&state=closed');
    expect(all.body.items.map((each) => each.id)).toContain(id);
  });

  it('that latch stay until they are reset', async () => {
    const { id, end } = await raise(true);
    await end();
    expect((await act(id, 'reset', { reason })).body).toMatchObject({ code: 'alert-state' });
    expect((await act(id, 'acknowledge')).body.state).toBe('latched');
    expect((await act(id, 'reset', { reason })).body.state).toBe('closed');
  });

  it('of which nothing is watched any more are closed by a reset', async () => {
    const { id, device } = await raise();
    expect((await act(id, 'reset', { reason })).status).toBe(409);
    await world.device(device, 'retired');
    expect((await act(id, 'reset', { reason })).body).toMatchObject({ state: 'closed', active: false });
  });

  it('are shelved with an end that is looked at, and unshelved', async () => {
    const { id } = await raise();
    aws.calls.length = 0;
    const { body } = await act(id, 'shelve', { seconds: 3600, reason: 'cleaning' });
    expect(body.quiet).toMatchObject({ kind: 'shelved', reason: 'cleaning', by: { name: 'ada' } });
    const messages = aws.calls
      .filter(({ action }) => action === 'sqs:SendMessage')
      .map(({ body: text }) => JSON.parse(text) as { DelaySeconds?: number });
    expect(messages.map(({ DelaySeconds }) => DelaySeconds)).toEqual([900, undefined]);
    // The end comes before the change: who dies in between leaves a look that finds nothing.
    expect(aws.calls.findIndex(({ action }) => action === 'sqs:SendMessage')).toBeLessThan(
      aws.calls.findIndex(({ action }) => action === 'dynamodb:UpdateItem'),
    );
    expect((await act(id, 'unshelve', { reason })).body.quiet).toBeUndefined();
    expect((await act(id, 'unshelve', { reason })).status).toBe(409);
  });

  it('come page by page, each once', async () => {
    for (let n = 0; n < 5; n += 1) await raise();
    const seen: string[] = [];
    let next: string | null = null;
    do {
      const cursor: string = next === null ? '' : `&cursor=${next}`;
      const { body } = await send<{ items: Alert[]; next: string | null }>(
        'GET',
        `/v1/alerts?site=berlin&open=false&limit=3${cursor}`,
      );
      seen.push(...body.items.map(({ id }) => id));
      next = body.next;
    } while (next !== null);
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
    expect(seen).toHaveLength(made);
  });

  it('are measured by EEMUA 191', async () => {
    const range = `from=${new Date(seconds(0) / 1000).toISOString()}&to=${new Date(seconds(86_400) / 1000).toISOString()}`;
    const { body } = await send('GET', `/v1/alert-report?site=berlin&${range}`);
    expect(body).toMatchObject({
      count: made,
      perTenMinutes: { mean: made / 144, most: made },
      priorities: { critical: 0, high: 0, medium: 1, low: 0 },
      chattering: [],
      // They were noticed long ago.
      now: { flood: false, newWithinTenMinutes: 0 },
    });
  });
});
