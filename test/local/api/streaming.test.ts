import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { apiResources, method, proxy } from '../../support/hand-made-assembly.ts';
import { newHarness, stream, tree } from './harness.ts';

const { start, close } = newHarness();
afterEach(close);

const routes = apiResources([...tree, method('series', 'GET', proxy(true, { TimeoutInMillis: 10_000 }))]);
const SERIES = '/v1/devices/d1/series';

/** A body of equal chunks that counts how many were taken and tells when it was given up. */
function source(chunk: Uint8Array, total: number) {
  const state = { taken: 0, ended: Promise.withResolvers<void>() };
  const body = (async function* () {
    try {
      for (; state.taken < total; state.taken++) yield chunk;
    } finally {
      state.ended.resolve();
    }
  })();
  return { state, body };
}

async function open(url: string): Promise<IncomingMessage> {
  const request = httpGet(url);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

describe('a streamed reply', () => {
  it('comes as it is made', async () => {
    const gate = Promise.withResolvers<void>();
    const { url } = await start(routes, {
      streamed: async () => ({
        statusCode: 207,
        headers: { 'content-type': 'application/x-ndjson' },
        multiValueHeaders: { 'set-cookie': ['a=1', 'b=2'] },
        body: (async function* () {
          yield Buffer.from('{"n":1}\n');
          await gate.promise;
          yield Buffer.from('{"n":2}\n');
        })(),
      }),
    });
    const response = await open(`${url}${SERIES}`);
    expect(response.statusCode).toBe(207);
    expect(response.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'set-cookie': ['a=1', 'b=2'],
      'transfer-encoding': 'chunked',
    });
    const [first] = await once(response, 'data');
    expect(String(first)).toBe('{"n":1}\n');
    const end = once(response, 'end');
    gate.resolve();
    const [second] = await once(response, 'data');
    expect(String(second)).toBe('{"n":2}\n');
    await end;
  });

  it('is read from the function no faster than the client reads', async () => {
    const chunk = new Uint8Array(64 * 1024);
    const total = 2_000; // 125 MB
    const { state, body } = source(chunk, total);
    const { url } = await start(routes, { streamed: async () => stream(body) });
    const response = await open(`${url}${SERIES}`);
    response.pause();
    // The reader has stopped: what is taken settles at what the two sockets and the streams hold.
    let before = -1;
    while (before !== state.taken) {
      before = state.taken;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(state.taken).toBeLessThan(total / 4);
    let bytes = 0;
    for await (const piece of response) bytes += piece.length;
    expect(bytes).toBe(chunk.length * total);
  });

  it('ends in the function when the client goes away', async () => {
    const { state, body } = source(new Uint8Array(64 * 1024), Number.POSITIVE_INFINITY);
    const { url, lines } = await start(routes, { streamed: async () => stream(body) });
    const response = await open(`${url}${SERIES}`);
    response.destroy();
    await state.ended.promise;
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('ends in the function when the client has gone before it began', async () => {
    const { state, body } = source(new Uint8Array(8), 10);
    const called = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const { url, events } = await start(routes, {
      streamed: async () => {
        called.resolve();
        await gate.promise;
        return stream(
          (async function* () {
            yield* body;
          })(),
        );
      },
    });
    const request = httpGet(`${url}${SERIES}`);
    request.on('error', () => gate.resolve());
    await called.promise;
    request.destroy(new Error('gone'));
    await gate.promise;
    expect(events).toHaveLength(1);
    expect(state.taken).toBeLessThan(10);
  });

  it('is cut off when the function fails midway, so that nobody takes it for whole', async () => {
    const { url, lines } = await start(routes, {
      streamed: async () =>
        stream(
          (async function* () {
            yield Buffer.from('half');
            throw new Error('out of memory');
          })(),
        ),
    });
    const response = await open(`${url}${SERIES}`);
    await expect(
      (async () => {
        for await (const piece of response) expect(String(piece)).toBe('half');
      })(),
    ).rejects.toThrow('aborted');
    expect(JSON.stringify(lines)).toContain('out of memory');
  });

  it('is 502 when the function fails before it begins', async () => {
    const { get, lines } = await start(routes, { streamed: () => Promise.reject(new Error('no prelude')) });
    const response = await get(SERIES);
    expect(response.status).toBe(502);
    expect(JSON.stringify(lines)).toContain('no prelude');
  });

  it('is 504 when it does not begin in time, and what comes later is thrown away', async () => {
    const { state, body } = source(new Uint8Array(8), 1);
    const gate = Promise.withResolvers<void>();
    const { get } = await start(
      apiResources([...tree, method('series', 'GET', proxy(true, { TimeoutInMillis: 50 }))]),
      {
        streamed: async () => {
          await gate.promise;
          return stream(body);
        },
      },
    );
    expect((await get(SERIES)).status).toBe(504);
    gate.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(state.taken).toBe(0);
  });

  it('is cut off when it goes on after the timeout', async () => {
    const { url } = await start(
      apiResources([...tree, method('series', 'GET', proxy(true, { TimeoutInMillis: 500 }))]),
      {
        streamed: async () =>
          stream(
            (async function* () {
              yield Buffer.from('first');
              await new Promise(() => undefined);
            })(),
          ),
      },
    );
    const response = await open(`${url}${SERIES}`);
    response.resume();
    const [error] = await once(response, 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a streamed reply that nobody reads', () => {
  const STALL = 200;
  /** One environment: an invocation waits until the reply before has ended. */
  const startOne = async () => {
    let free = Promise.resolve();
    return start(
      routes,
      {
        streamed: async () => {
          const before = free;
          const ended = Promise.withResolvers<void>();
          free = ended.promise;
          await before;
          const { state, body } = source(new Uint8Array(64 * 1024), 500);
          void state.ended.promise.then(ended.resolve);
          return stream(body);
        },
      },
      undefined,
      { stallMs: STALL },
    );
  };

  it('gives way to a request that waits for its function', async () => {
    const { url, lines } = await startOne();
    const held = await open(`${url}${SERIES}`);
    held.pause();
    const cut = once(held, 'error');
    const next = await open(`${url}${SERIES}`);
    let bytes = 0;
    for await (const piece of next) bytes += piece.length;
    expect(bytes).toBe(500 * 64 * 1024);
    held.resume();
    expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(JSON.stringify(lines)).toContain('the client does not read, and others wait for the function');
  });

  it('is left alone while nobody waits, and read to its end', async () => {
    const { url } = await startOne();
    const held = await open(`${url}${SERIES}`);
    held.pause();
    await new Promise((resolve) => setTimeout(resolve, 5 * STALL));
    let bytes = 0;
    for await (const piece of held) bytes += piece.length;
    expect(bytes).toBe(500 * 64 * 1024);
  });
});

it('does not keep the server from stopping', async () => {
  const { url } = await start(routes, {
    streamed: async () =>
      stream(
        (async function* () {
          yield Buffer.from('first');
          await new Promise(() => undefined);
        })(),
      ),
  });
  const response = await open(`${url}${SERIES}`);
  response.resume();
  const cut = once(response, 'error');
  await close();
  await cut;
});
