import { afterEach, describe, expect, it } from 'vitest';
import type { InvokeResult } from '../../../local/types.ts';
import { apiResources, method, proxy } from '../../support/hand-made-assembly.ts';
import { newHarness, ok, tree } from './harness.ts';

const { start, close } = newHarness();
afterEach(close);

describe('the reply', () => {
  const routes = apiResources([...tree, method('devices', 'GET', proxy(false, { TimeoutInMillis: 50 }))]);

  it('keeps status, headers and many-valued headers, and remaps what the platform owns', async () => {
    const { get } = await start(routes, {
      buffered: () =>
        ok({
          statusCode: 418,
          headers: { 'Content-Type': 'application/problem+json', 'WWW-Authenticate': 'Bearer', 'X-N': 7 },
          multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'] },
          body: '{}',
        }),
    });
    const response = await get('/v1/devices');
    expect(response.status).toBe(418);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('x-amzn-remapped-www-authenticate')).toBe('Bearer');
    expect(response.headers.get('www-authenticate')).toBeNull();
    expect(response.headers.get('x-n')).toBe('7');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it.each<[string, InvokeResult]>([
    ['a function that failed', { ok: false, errorType: 'Error', errorMessage: 'no' }],
    ['a reply without status', ok({ body: 'x' })],
    ['a reply with a body that is no text', ok({ statusCode: 200, body: { a: 1 } })],
    ['no reply', ok(null)],
    ['a reply with a key that API Gateway does not know', ok({ statusCode: 200, boddy: 'x' })],
  ])('is 502 for %s', async (_what, result) => {
    const { get, lines } = await start(routes, { buffered: () => result });
    const response = await get('/v1/devices');
    expect(response.status).toBe(502);
    expect(await response.json()).toEqual({ message: 'Internal server error' });
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('is 504 when the function takes longer than the integration allows', async () => {
    const { promise, resolve } = Promise.withResolvers<InvokeResult>();
    const { get } = await start(routes, { buffered: () => promise });
    const response = await get('/v1/devices');
    expect(response.status).toBe(504);
    expect(await response.json()).toEqual({ message: 'Endpoint request timed out' });
    resolve(ok({ statusCode: 200 }));
  });
});
