/** What a connection may do before it has shown who it is, on each listener, by real sockets. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { boundsOf, Connections } from '../../local/connections.ts';
import { listen } from '../../local/endpoint/server.ts';
import { isLocal, listenHttp } from '../../local/http-listener.ts';
import { newLog } from '../support/hand-made-assembly.ts';
import { startWorld } from '../support/iot.ts';

let opened = new AsyncDisposableStack();
afterEach(async () => {
  await opened.disposeAsync();
  opened = new AsyncDisposableStack();
});

const { log, lines } = newLog();
const host = '127.0.0.1';
const PROOF_TIME = 300;

/** A connection that writes these bytes and then waits. */
const hold = async (port: number, bytes: string | Buffer = ''): Promise<Socket> => {
  const socket = connect(port, host);
  socket.on('error', () => undefined);
  socket.resume();
  opened.defer(() => void socket.destroy());
  await once(socket, 'connect');
  if (bytes.length > 0) socket.write(bytes);
  return socket;
};

/** Resolves when the other side has ended it, by a reset or politely; a test that waits for ever fails. */
const ended = (socket: Duplex): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });

describe('a bound', () => {
  /** A server that answers nothing and takes what says `p` as proof. */
  const start = async (most: number, proofTime = 60_000) => {
    const connections = new Connections({ most, log, proofTime });
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        connections.prove(socket);
        socket.write('ok');
      });
    });
    connections.guard(server);
    server.listen(0, host);
    await once(server, 'listening');
    opened.defer(() => void server.close());
    return { connections, port: (server.address() as AddressInfo).port };
  };
  const proven = async (port: number): Promise<Socket> => {
    const socket = await hold(port, 'p');
    await once(socket, 'data');
    return socket;
  };

  it('of one address: the oldest goes that has shown nothing', async () => {
    const { connections, port } = await start(8);
    const old = await proven(port);
    const silent = [await hold(port), await hold(port), await hold(port), await hold(port), await hold(port)];
    await ended(silent[0] as Socket);
    expect(silent.slice(1).map(({ closed }) => closed)).toEqual([false, false, false, false]);
    expect(old.closed).toBe(false);
    expect(connections.count).toBe(5);
  });

  it('of all: who has shown something stays, and the new one goes where all have', async () => {
    const { connections, port } = await start(3);
    const known = [await proven(port), await proven(port)];
    const silent = await hold(port);
    known.push(await proven(port));
    await ended(silent);
    await ended(await hold(port));
    expect(known.map(({ closed }) => closed)).toEqual([false, false, false]);
    expect(connections.count).toBe(3);
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('too many open files'),
    });
    known[0]?.destroy();
    await expect.poll(() => connections.count).toBe(2);
    await proven(port);
  });

  it('leaves descriptors for files, however few there are', () => {
    for (const descriptors of [256, 1024, 20_000, 2 ** 20]) {
      const { devices, people, strangers } = boundsOf(descriptors);
      expect(descriptors - devices - people - strangers, `of ${descriptors}`).toBeGreaterThanOrEqual(128);
    }
    expect(boundsOf(20_000).devices).toBeGreaterThan(10_000);
  });
});

/** Nothing, half a head, and what is none of what a port speaks. */
const HALVES: Readonly<Record<string, string | Buffer>> = {
  'nothing at all': '',
  'one byte': Buffer.from([0x16]),
  'half a ClientHello': Buffer.from([0x16, 3, 1, 2, 0, 1]),
  'half a head': 'GET / HTTP/1.1\r\nHost: localhost\r\n',
  'half a preface of HTTP/2': 'PRI * HT',
  'a preface of HTTP/2 alone': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
};

/** Half of it may go on for as long as it likes by a byte now and then. */
const drip = (socket: Socket): void => {
  const timer = setInterval(() => socket.write('x'), PROOF_TIME / 5);
  socket.once('close', () => clearInterval(timer));
};

describe.each(['mqtt', 'http', 'aws'] as const)('the listener for %s', (kind) => {
  const start = async (): Promise<number> => {
    const connections = new Connections({ most: 100, log, proofTime: PROOF_TIME });
    switch (kind) {
      case 'mqtt':
        return opened.use(await startWorld({ iot: { connections } })).iot.endpoint.port;
      case 'http': {
        const listener = await listenHttp({ host, port: 0, log, connections }, (_request, response) =>
          response.end('ok'),
        );
        opened.defer(() => listener.close(0));
        return listener.port;
      }
      case 'aws': {
        const options = { host, port: 0, maxBody: 1000, connections, requestTime: PROOF_TIME };
        const server = await listen(options, async ({ proven }) => {
          proven();
          return { status: 200, headers: {}, body: 'ok' };
        });
        opened.defer(() => server.close());
        return server.port;
      }
    }
  };

  it('ends what only begins, also when it goes on byte by byte', async () => {
    const port = await start();
    const sockets = await Promise.all(Object.values(HALVES).map((bytes) => hold(port, bytes)));
    const slow = await hold(
      port,
      kind === 'mqtt' ? Buffer.from([0x16, 3, 1, 0x40, 0]) : 'GET / HTTP/1.1\r\nx: ',
    );
    drip(slow);
    await Promise.all([...sockets, slow].map(ended));
  });
});

describe('the broker', () => {
  it('ends who has a certificate and never says CONNECT, and keeps who does', async () => {
    const connections = new Connections({ most: 100, log, proofTime: PROOF_TIME });
    const world = opened.use(await startWorld({ iot: { connections } }));
    const device = await world.device('ph-1');
    const other = await world.device('ph-2');
    const client = await world.connect(device);
    const { key, certificate: cert } = other;
    const mute = connectTls({ host, port: world.iot.endpoint.port, ca: world.iot.ca, key, cert });
    mute.on('error', () => undefined).resume();
    await once(mute, 'secureConnect');
    await ended(mute);
    await delay(PROOF_TIME);
    expect(client.connected).toBe(true);
    await client.publishAsync('lab/berlin/ph-1/data', '1', { qos: 1 });
  });
});

describe('the AWS endpoint', () => {
  const start = async () => {
    const connections = new Connections({ most: 100, log, proofTime: 60_000 });
    const options = { host, port: 0, maxBody: 1000, connections, requestTime: PROOF_TIME };
    const server = await listen(options, async ({ proven, body }) => {
      proven();
      return { status: 200, headers: {}, body: `${body.length}` };
    });
    opened.defer(() => server.close());
    return server.port;
  };

  it('ends half a body, and half a head that follows a whole request', async () => {
    const port = await start();
    const body = await hold(port, 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\na');
    const next = await hold(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(next, 'data');
    next.write('GET / HTTP/1.1\r\nHost: loc');
    drip(next);
    const session = connectHttp2(`http://${host}:${port}`);
    session.on('error', () => undefined);
    opened.defer(() => void session.destroy());
    const stream = session.request({ ':method': 'POST', 'content-length': 10 });
    stream.on('error', () => undefined).resume();
    stream.write('a');
    await Promise.all([body, next, stream].map(ended));
  });

  it('keeps a connection that waits for the next request', async () => {
    const port = await start();
    const socket = await hold(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    await delay(3 * PROOF_TIME);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
  });

  it('refuses what means another host, or comes from a page of one', async () => {
    const port = await start();
    const status = (headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const request = httpRequest({ host, port, headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.once('error', reject).end();
      });
    expect(await status({})).toBe(200);
    expect(await status({ host: 'evil.example' })).toBe(403);
    expect(await status({ origin: 'https://evil.example' })).toBe(403);
    const session = connectHttp2(`http://${host}:${port}`);
    opened.defer(() => void session.destroy());
    const stream = session.request({ ':authority': 'evil.example' });
    const [headers] = await once(stream.resume(), 'response');
    expect(headers[':status']).toBe(403);
  });
});

describe('a request of this computer', () => {
  it.each([
    [{ host: 'localhost:8080' }, true],
    [{ host: '127.0.0.1' }, true],
    [{ host: '127.9.9.9:1' }, true],
    [{ host: '[::1]:8080', origin: 'http://localhost:5173' }, true],
    [{ host: 'LOCALHOST:8080', origin: 'http://127.0.0.1:8976' }, true],
    [{ host: 'evil.example' }, false],
    [{ host: 'localhost.evil.example' }, false],
    [{ host: '127.0.0.1.evil.example:8080' }, false],
    [{ host: 'localhost', origin: 'https://evil.example' }, false],
    [{ host: 'localhost', origin: 'https://localhost.evil.example' }, false],
    // A sandboxed frame, or a file.
    [{ host: 'localhost', origin: 'null' }, false],
    [{}, true],
  ])('%o: %s', (headers, expected) => {
    expect(isLocal(headers)).toBe(expected);
  });

  it('is the only one that is answered', async () => {
    const listener = await listenHttp({ host, port: 0, log }, (_request, response) => response.end('ok'));
    opened.defer(() => listener.close(0));
    expect((await fetch(listener.url)).status).toBe(200);
    expect((await fetch(listener.url, { headers: { origin: 'https://evil.example' } })).status).toBe(403);
    const rebound = await hold(listener.port, 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n');
    const [answer] = await once(rebound, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1.1 403 /);
    await ended(rebound);
  });
});
