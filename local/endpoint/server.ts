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
import type { AwsResponse } from '../types.ts';

export interface RawRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly id: string;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** What HTTP/2 without TLS begins with ("PRI * HTTP/2.0"). */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2');

/**
 * @param answer is called once the body has been read; it must not throw
 * @param maxBody larger bodies are answered with 413
 */
export async function listen(
  host: string,
  port: number,
  maxBody: number,
  answer: (request: RawRequest) => Promise<AwsResponse>,
): Promise<HttpServer> {
  const serve = async (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ) => {
    const id = randomUUID();
    let reply: AwsResponse;
    try {
      const body = await readBody(request, maxBody);
      reply =
        body === undefined
          ? { status: 413, headers: {}, body: '' }
          : await answer({
              method: request.method ?? 'GET',
              url: request.url ?? '/',
              headers: request.headers,
              body,
              id,
            });
    } catch {
      // The caller went away while it was sending: there is nobody to answer.
      response.destroy();
      return;
    }
    send(request.method === 'HEAD', response, reply);
  };
  // Idle connections stay: a server that closes one just as the client sends on it makes calls fail.
  const http1 = createServer({ keepAliveTimeout: 0 }, (request, response) => void serve(request, response));
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
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
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
    },
  };
}

/** @returns `undefined` when the body is too long */
function readBody(
  request: IncomingMessage | Http2ServerRequest,
  maxBody: number,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
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
