/** `metrics-api` as API Gateway calls it: what Prometheus gets, and where it is refused. */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quality } from '../../../../contracts/quality.ts';
import { NEW_STATE } from '../../../../lambdas/domain/ingestion/device-state.ts';
import type { Track } from '../../../../lambdas/domain/ingestion/quality.ts';
import { toStateItem } from '../../../../lambdas/store/measurements/index.ts';
import { deviceToItem, typeToItem } from '../../../../lambdas/store/registry/items.ts';
import { applyConnection, createConnection } from '../../../../lambdas/store/registry/presence.ts';
import { lambdaContext, person, program, proxyEvent, type Sent } from '../../../support/http-events.ts';
import { startWorld, TYPE, time, type World } from '../../../support/query-api.ts';

let world: World;
let handler: (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
const AT = time('2026-03-01T10:00:00.5Z');
const SEEN = { rank: 0, number: -1, credibleTime: 0, credibleValue: undefined, run: 1 } as const;
const point = (value: number | boolean | string, of = quality('good')): Track => ({
  ...SEEN,
  time: AT,
  value,
  quality: of,
  arrived: AT + 250_000,
});

const scrape = async (sent: Partial<Sent> = {}) => {
  const { statusCode, headers, body } = await handler(
    proxyEvent({ path: '/v1/metrics', ...sent }),
    lambdaContext,
  );
  return { status: statusCode, headers: headers ?? {}, lines: body.split('\n'), body };
};
/** The lines of samples, in order, of metrics whose names begin so. */
const samples = (lines: readonly string[], name: string): string[] =>
  lines.filter((line) => line.startsWith(`labgate_${name}`)).sort();

const put = (TableName: string, Item: Parameters<typeof typeToItem>[0] | object) =>
  world.aws.dynamo.send(new PutItemCommand({ TableName, Item: Item as never }));
const remember = (device: string, tracks: Readonly<Record<string, Track>>) =>
  put(
    world.aws.measurementsTable,
    toStateItem(device, { ...NEW_STATE, version: 1, tracks: new Map(Object.entries(tracks)) }),
  );

/** Registers many devices of a type at a site; they have nothing else. */
const addMany = async (site: string, type: string, count: number): Promise<string[]> => {
  const at = '2026-03-01T00:00:00.000Z';
  const ids = Array.from({ length: count }, (_, index) => `${site}-${String(index).padStart(4, '0')}`);
  const base = {
    site,
    type,
    state: 'active',
    createdAt: at,
    createdBy: 'ada',
    updatedAt: at,
    version: 1,
  } as const;
  await Promise.all(ids.map((id) => put(world.aws.registryTable, deviceToItem({ ...base, id }))));
  return ids;
};

beforeAll(async () => {
  world = await startWorld();
  ({ handler } = await import('../../../../lambdas/functions/metrics-api/handler.ts'));
  await world.addDevice('first', 'berlin');
  await world.addDevice('second', 'oslo');
  await remember('first', {
    temp: point(37.25, quality('uncertain/stale')),
    door: point(true),
  });
  await remember('second', { flow: point(-3, quality('bad')) });
  const registry = { client: world.aws.dynamo, table: world.aws.registryTable };
  await createConnection(registry, 'first');
  const none = { session: undefined, address: undefined, reason: undefined };
  await applyConnection(registry, { device: 'first', state: 'online', at: Date.now(), order: 1, ...none });
}, 30_000);
afterAll(() => world.close());

describe('a scrape', () => {
  it('has the newest value of each channel with its time and quality, and presence', async () => {
    const { status, headers, lines } = await scrape({ path: '/v1/metrics?site=berlin' });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(samples(lines, '').filter((line) => !line.startsWith('labgate_table'))).toEqual(
      [
        'labgate_channel_value{site="berlin",device="first",channel="door",unit="1"} 1',
        'labgate_channel_value{site="berlin",device="first",channel="temp",unit="Cel"} 37.25',
        'labgate_channel_timestamp_seconds{site="berlin",device="first",channel="door",unit="1"} 1772359200.5',
        'labgate_channel_timestamp_seconds{site="berlin",device="first",channel="temp",unit="Cel"} 1772359200.5',
        'labgate_channel_quality{site="berlin",device="first",channel="door",unit="1"} 0',
        'labgate_channel_quality{site="berlin",device="first",channel="temp",unit="Cel"} 1',
        'labgate_device_presence{site="berlin",device="first",state="online"} 1',
        'labgate_device_presence{site="berlin",device="first",state="suspect"} 0',
        'labgate_device_presence{site="berlin",device="first",state="offline"} 0',
        'labgate_device_presence{site="berlin",device="first",state="unknown"} 0',
        'labgate_device_last_heard_timestamp_seconds{site="berlin",device="first"} 1772359200.75',
        'labgate_scrape_devices 1',
      ].sort(),
    );
    expect(samples(lines, 'table').map((line) => line.replace(/\d+$/, '#'))).toEqual([
      'labgate_table_bytes{table="measurements"} #',
      'labgate_table_bytes{table="registry"} #',
      'labgate_table_items{table="measurements"} #',
      'labgate_table_items{table="registry"} #',
    ]);
    // OpenMetrics ends with it, so that half an answer is none.
    expect(lines.slice(-2)).toEqual(['# EOF', '']);
  });

  it('has the time and quality of texts, which are no numbers, and says in words what each metric is', async () => {
    await put(
      world.aws.registryTable,
      typeToItem({ ...TYPE, id: 'texts', channels: { mode: { ...channelOf('1'), type: 'string' } } }),
    );
    const [id = ''] = await addMany('texts', 'texts', 1);
    await remember(id, { mode: point('cleaning "now"\n') });
    const { lines } = await scrape({ path: '/v1/metrics?site=texts' });
    expect(samples(lines, 'channel').map((line) => line.split('{')[0])).toEqual([
      'labgate_channel_quality',
      'labgate_channel_timestamp_seconds',
    ]);
    const described = new Set(lines.flatMap((line) => /^# TYPE (\S+) gauge$/.exec(line)?.[1] ?? []));
    for (const line of samples(lines, '')) expect(described).toContain(line.split(/[{ ]/)[0]);
  });

  it('is bound to what the caller may see', async () => {
    const seen = async (sent: Partial<Sent>): Promise<unknown> => {
      const { status, lines } = await scrape(sent);
      return [status, samples(lines, 'device_last').map((line) => /device="([^"]+)"/.exec(line)?.[1])];
    };
    expect(await seen({ claims: program('Viewer') })).toEqual([
      200,
      expect.arrayContaining(['first', 'second']),
    ]);
    expect(await seen({ claims: person('Viewer@oslo') })).toEqual([200, ['second']]);
    expect(await seen({ claims: person('Viewer@oslo', 'Viewer@berlin') })).toEqual([
      200,
      ['first', 'second'],
    ]);
    const berlin = '/v1/metrics?site=berlin';
    expect(await seen({ path: berlin, claims: person('Viewer@oslo') })).toEqual([200, []]);
    expect(await seen({ path: '/v1/metrics?type=incubator' })).toEqual([200, ['first', 'second']]);
    expect(await seen({ path: '/v1/metrics?type=other' })).toEqual([200, []]);
    expect((await scrape({ path: '/v1/metrics?match=x' })).status).toBe(400);
  });
});

/** A channel of a type, with all that the contract fills in. */
const channelOf = (unit: string) => ({ ...TYPE.channels['temp'], unit }) as (typeof TYPE.channels)[string];

describe('a scrape is refused whole, never cut', () => {
  it('above 500 devices, naming what to do; one type of them can be had', async () => {
    await put(world.aws.registryTable, typeToItem({ ...TYPE, id: 'small' }));
    await addMany('many', 'small', 500);
    expect((await scrape({ path: '/v1/metrics?site=many' })).status).toBe(200);
    await world.addDevice('many-more', 'many');
    const { status, body } = await scrape({ path: '/v1/metrics?site=many' });
    expect([status, JSON.parse(body)]).toEqual([
      400,
      expect.objectContaining({
        code: 'answer-too-large',
        detail: 'there are more than 500 devices: name a site, a type, or both, in one scrape each',
      }),
    ]);
    expect((await scrape({ path: '/v1/metrics?site=many&type=small' })).status).toBe(200);
  });

  it('when its channels do not go into one answer', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `channel-with-a-long-name-${index}`);
    const channels = Object.fromEntries(names.map((name) => [name, channelOf('Cel')]));
    await put(world.aws.registryTable, typeToItem({ ...TYPE, id: 'wide', channels }));
    const ids = await addMany('wide', 'wide', 90);
    const tracks = Object.fromEntries(names.map((name) => [name, point(1.5)]));
    for (const id of ids) await remember(id, tracks);
    const { status, body } = await scrape({ path: '/v1/metrics?site=wide' });
    expect([status, JSON.parse(body)]).toEqual([400, expect.objectContaining({ code: 'answer-too-large' })]);
  }, 20_000);

  it('reads no more than it says', async () => {
    world.aws.calls.length = 0;
    await scrape({ path: '/v1/metrics?site=many&type=small' });
    const counts = new Map<string, number>();
    for (const { action } of world.aws.calls) counts.set(action, (counts.get(action) ?? 0) + 1);
    expect(Object.fromEntries(counts)).toEqual({
      'dynamodb:Query': 1,
      // 1 000 newest points, 500 connections, one type: a hundred items a call.
      'dynamodb:BatchGetItem': 10 + 5 + 1,
      'dynamodb:DescribeTable': 2,
    });
  });
});
