import { request as httpRequest } from 'node:http';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { InvocationError } from '../../../local/lambda/index.ts';
import { apiResources, method, proxy } from '../../support/hand-made-assembly.ts';
import { newHarness, tree } from './harness.ts';

const { start, close } = newHarness();
afterEach(close);

describe('limits', () => {
  it('refuses a request of more than 10 MB', async () => {
    const { get, events } = await start(apiResources([...tree, method('devices', 'POST')]));
    const response = await get('/v1/devices', { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024 + 1) });
    expect(response.status).toBe(413);
    expect(events).toEqual([]);
  });

  it('refuses a chunked request of more than 10 MB, whose length nobody tells', async () => {
    const { url } = await start(apiResources([...tree, method('devices', 'POST')]));
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${url}/v1/devices`, { method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.once('error', (error: NodeJS.ErrnoException) => {
        // The server hangs up on what it does not read.
        if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
      });
      for (let i = 0; i < 11; i++) request.write(Buffer.alloc(1024 * 1024));
      request.end();
    });
    expect(status).toBe(413);
  });

  it('refuses an event that a function could not take', async () => {
    const { get } = await start(apiResources([...tree, method('devices', 'POST')]));
    const response = await get('/v1/devices', { method: 'POST', body: '"'.repeat(4 * 1024 * 1024) });
    expect(response.status).toBe(413);
  });

  it.each([
    ['TooManyRequestsException', 500],
    ['TypeError', 502],
  ])('tells a call that Lambda did not take from one that failed: %s', async (errorType, status) => {
    const { get } = await start(apiResources([...tree, method('devices', 'GET')]), {
      buffered: () => ({ ok: false, errorType, errorMessage: 'no' }),
    });
    expect((await get('/v1/devices')).status).toBe(status);
    const streamed = await start(apiResources([...tree, method('devices', 'GET', proxy(true))]), {
      streamed: () => Promise.reject(new InvocationError(errorType, 'no')),
    });
    expect((await streamed.get('/v1/devices')).status).toBe(status);
  });

  it('throttles each method by its own setting', async () => {
    const { get } = await start(
      apiResources([...tree, method('devices', 'GET'), method('device', 'GET')], {
        MethodSettings: [
          { HttpMethod: '*', ResourcePath: '/*', ThrottlingBurstLimit: 100, ThrottlingRateLimit: 100 },
          {
            HttpMethod: 'GET',
            ResourcePath: '/~1v1~1devices',
            ThrottlingBurstLimit: 2,
            ThrottlingRateLimit: 0.001,
          },
        ],
      }),
    );
    const statuses = async (to: string, n: number): Promise<number[]> => {
      const all: number[] = [];
      for (let i = 0; i < n; i++) all.push((await get(to)).status);
      return all;
    };
    expect(await statuses('/v1/devices', 4)).toEqual([200, 200, 429, 429]);
    expect(await statuses('/v1/devices/d1', 4)).toEqual([200, 200, 200, 200]);
  });
});

describe('whatever is sent', () => {
  it('is answered, and never blamed on the server', async () => {
    const { url } = await start(apiResources([...tree, method('rest', 'ANY'), method('device', 'GET')]));
    const { hostname, port } = new URL(url);
    const text = fc
      .string({ unit: 'binary-ascii', maxLength: 20 })
      .map((s) => s.replace(/[^\x21-\x7e]/g, '%'));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'PUT', 'OPTIONS', 'HEAD', 'PATCH'),
        text,
        text,
        fc.string({ maxLength: 50 }),
        async (verb, path, query, body) => {
          const status = await new Promise<number | undefined>((resolve, reject) => {
            const options = { hostname, port, method: verb, path: `/v1/${path}?${query}` };
            const request = httpRequest(options, (response) => {
              response.resume();
              resolve(response.statusCode);
            });
            request.once('error', reject);
            request.end(verb === 'PUT' ? body : undefined);
          });
          expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: 100 },
    );
  });
});
