/**
 * The HTTP side: one port for HTTP/1.1 and for HTTP/2 without TLS, which the SDK's Kinesis client speaks.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createNetServer } from 'node:net';
import type { Connections } from '../connections.ts';
import { isLocal } from '../http-listener.ts';
import type { AwsResponse } from '../types.ts';

export interface RawRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly id: string;
  /** To be called when it is known who calls: until then the connection may be ended for another. */
  proven(): void;
}

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Larger bodies are answered with 413. */
  readonly maxBody: number;
  readonly connections: Connections;
  /** Milliseconds for the head of a request and for its body; {@link REQUEST_TIME} when absent. */
  readonly requestTime?: number;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** What HTTP/2 without TLS begins with ("PRI * HTTP/2.0"). */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2');

/** Milliseconds for the head of a request, and again for its body. */
const REQUEST_TIME = 60_000;

const FORBIDDEN: AwsResponse = {
  status: 403,
  headers: { 'content-type': 'text/plain' },
  body: 'this host or origin is not of this computer',
};

/** @param answer is called once the body has been read; it must not throw */
export async function listen(
  options: ServerOptions,
  answer: (request: RawRequest) => Promise<AwsResponse>,
): Promise<HttpServer> {
  const { maxBody, connections, requestTime = REQUEST_TIME } = options;
  const serve = async (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ) => {
    const id = randomUUID();
    const { headers, method = 'GET', url = '/' } = request;
    const { socket } = request;
    const proven = () => connections.prove(socket);
    // HTTP/2 names the host in another way.
    const host = headers.host ?? headers[':authority']?.toString();
    let reply: AwsResponse;
    try {
      const body = await readBody(request, maxBody, requestTime);
      if (!isLocal({ host, origin: headers.origin })) reply = FORBIDDEN;
      else if (body === undefined) reply = { status: 413, headers: {}, body: '' };
      else reply = await answer({ method, url, headers, body, id, proven });
    } catch {
      // The caller went away while it was sending, or took too long: there is nobody to answer.
      response.destroy();
      return;
    }
    send(request.method === 'HEAD', response, reply);
  };
  // Idle connections stay: a server that closes one just as the client sends on it makes calls fail.
  const times = {
    keepAliveTimeout: 0,
    headersTimeout: requestTime,
    connectionsCheckingInterval: requestTime / 10,
  };
  const http1 = createServer(times, (request, response) => void serve(request, response));
  // It looks after the times of heads once it listens, which it never does: it is given connections.
  http1.emit('listening');
  const http2 = createHttp2Server((request, response) => void serve(request, response));
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      socket.unshift(first);
      const isHttp2 = HTTP2_PREFACE.subarray(0, first.length).equals(first.subarray(0, HTTP2_PREFACE.length));
      (isHttp2 ? http2 : http1).emit('connection', socket);
    });
  });
  connections.guard(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      // Ends its looking after times; it was never open.
      http1.close(() => undefined);
    },
  };
}

/**
 * @returns `undefined` when the body is too long
 * @throws when the client breaks off, or takes longer than `requestTime` milliseconds
 */
function readBody(
  request: IncomingMessage | Http2ServerRequest,
  maxBody: number,
  requestTime: number,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the body took too long')), requestTime);
    request.on('close', () => clearTimeout(timer));
    request.on('end', () => clearTimeout(timer));
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      // Read on without keeping it, so that the answer reaches a caller who is still sending.
      if (length <= maxBody) chunks.push(chunk);
    });
    request.on('end', () => {
      const [only] = chunks;
      if (length > maxBody) resolve(undefined);
      else resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks, length));
    });
    request.on('error', reject);
    request.on('close', () => reject(new Error('the client broke off')));
  });
}

function send(isHead: boolean, response: ServerResponse | Http2ServerResponse, reply: AwsResponse): void {
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  // Clients of the SDK set their clock by it, and sign by that: it is the one that signatures are checked by.
  response.setHeader('date', new Date().toUTCString());
  if (!isHead) response.setHeader('content-length', Buffer.byteLength(reply.body));
  // Both kinds of response have this, with types that TypeScript cannot join.
  (response as ServerResponse).end(isHead ? undefined : reply.body);
}
