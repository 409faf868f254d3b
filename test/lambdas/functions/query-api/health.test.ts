import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PROBLEMS } from '../../../../contracts/problems.ts';
import { NEW_STATE } from '../../../../lambdas/domain/ingestion/device-state.ts';
import { toStateItem } from '../../../../lambdas/store/measurements/index.ts';
import { startWorld, time, type World } from '../../../support/query-api.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 30_000);
afterAll(() => world.close());
afterEach(() => world.aws.heal());

describe('health', () => {
  it('asks every dependency, once each', async () => {
    world.aws.calls.length = 0;
    const answer = await world.json({ path: '/v1/health/services' });
    expect(answer).toMatchObject({ status: 200, body: { status: 'ok' } });
    const services = answer.body['services'] as { name: string; status: string; millis: number }[];
    expect(services.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'registry ok',
      'measurements ok',
      'archive ok',
      'stream ok',
    ]);
    expect(world.aws.calls.map(({ action }) => action).sort()).toEqual([
      'dynamodb:DescribeTable',
      'dynamodb:DescribeTable',
      'kinesis:DescribeStreamSummary',
      's3:HeadBucket',
    ]);
  });

  it('names what fails and tells nothing more of it', async () => {
    world.aws.fail('kinesis:DescribeStreamSummary');
    const answer = await world.json({ path: '/v1/health/services' });
    expect(answer.body).toMatchObject({ status: 'degraded' });
    expect(answer.body['services']).toContainEqual({
      name: 'stream',
      status: 'failing',
      millis: expect.any(Number),
      detail: 'AccessDeniedException',
    });
    expect(JSON.stringify(answer.body)).not.toContain('injected');
  });

  it('is ready while requests can be answered, even when it is degraded', async () => {
    world.aws.fail('s3:HeadBucket', { left: 2, status: 403 });
    expect(await world.json({ path: '/v1/health' })).toMatchObject({
      status: 200,
      body: { status: 'degraded' },
    });
    expect(await world.json({ path: '/v1/health/ready' })).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
    world.aws.fail('dynamodb:DescribeTable');
    expect(await world.json({ path: '/v1/health/ready' })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      body: { code: 'unavailable' },
    });
  });
});

describe('latest', () => {
  it('gives the newest point of each channel, with its unit and its arrival', async () => {
    await world.addDevice('latest-1');
    const track = { run: 1, rank: 0, number: -1, credibleTime: 0, credibleValue: undefined };
    const at = time('2026-03-01T10:00:00Z');
    const state = {
      ...NEW_STATE,
      version: 1,
      tracks: new Map([
        ['temp', { ...track, time: at, value: 37.1, quality: 9, arrived: at + 250_000 }],
        ['door', { ...track, time: at - 1_000_000, value: false, quality: 0, arrived: at }],
      ]),
    };
    const RequestItems = {
      [world.aws.measurementsTable]: [{ PutRequest: { Item: toStateItem('latest-1', state) } }],
    };
    await world.aws.dynamo.send(new BatchWriteItemCommand({ RequestItems }));
    expect((await world.json({ path: '/v1/devices/latest-1/latest' })).body).toEqual({
      device: 'latest-1',
      items: [
        {
          n: 'door',
          t: '2026-03-01T09:59:59.000Z',
          v: false,
          u: '1',
          q: 'good',
          arrived: '2026-03-01T10:00:00.000Z',
        },
        {
          n: 'temp',
          t: '2026-03-01T10:00:00.000Z',
          v: 37.1,
          u: 'Cel',
          q: 'uncertain/jump',
          arrived: '2026-03-01T10:00:00.250Z',
        },
      ],
      next: null,
    });
  });

  it('is empty before anything came', async () => {
    await world.addDevice('latest-2');
    const answer = await world.json({ path: '/v1/devices/latest-2/latest' });
    expect(answer.body).toEqual({ device: 'latest-2', items: [], next: null });
  });
});

describe('contract', () => {
  it.each(Object.keys(PROBLEMS))('explains %s', async (code) => {
    const answer = await world.json({ path: `/v1/problems/${code}` });
    expect(answer).toMatchObject({ status: 200, body: { code, remedy: expect.any(String) } });
  });

  it('explains nothing that is no code', async () => {
    for (const code of ['nothing', '__proto__', 'toString', '%ff'])
      expect(await world.json({ path: `/v1/problems/${code}` })).toMatchObject({ status: 404 });
  });
});
