import { afterEach, describe, expect, it } from 'vitest';
import { newHarness, tree } from './harness.ts';
import { apiResources, method, proxy } from './template.ts';

const { start, close } = newHarness();
afterEach(close);

describe('routes', () => {
  const routes = apiResources([
    ...tree,
    method('devices', 'GET'),
    method('device', 'GET'),
    method('series', 'GET', proxy(true)),
    method('rest', 'ANY'),
  ]);

  it.each([
    ['/v1/devices', '/v1/devices', null],
    ['/v1/devices/', '/v1/devices', null],
    ['/v1/devices/a%2Fb%20c', '/v1/devices/{id}', { id: 'a%2Fb%20c' }],
    ['/v1/devices/d1/series', '/v1/devices/{id}/series', { id: 'd1' }],
    ['/v1/devices/d1/unknown', '/v1/{proxy+}', { proxy: 'devices/d1/unknown' }],
    ['/v1/types', '/v1/{proxy+}', { proxy: 'types' }],
    ['/prod/v1/types/x', '/v1/{proxy+}', { proxy: 'types/x' }],
  ])('%s goes to %s', async (to, resourcePath, pathParameters) => {
    const { get, events } = await start(routes);
    const response = await get(to);
    expect([response.status, await response.text()]).toEqual([200, 'hello']);
    expect(events[0]).toMatchObject({ resource: resourcePath, pathParameters });
    expect(events[0]?.path).toBe(to.replace('/prod/', '/'));
  });

  it.each([
    ['GET', '/'],
    ['GET', '/v2/devices'],
    ['GET', '/v1'],
    ['DELETE', '/v1/devices'],
  ])('%s %s is no route', async (verb, to) => {
    const { get, events } = await start(routes);
    const response = await get(to, { method: verb });
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ message: 'Missing Authentication Token' });
    expect(response.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    expect(events).toEqual([]);
  });
});
