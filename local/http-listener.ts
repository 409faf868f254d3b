/** HTTP of the API and of the token issuer: who may ask, and how long one may take to do so. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { boundsOf, Connections } from './connections.ts';
import type { Log } from './types.ts';

/** Milliseconds for the head of a request, and for all of it. */
const HEAD_TIME = 30_000;
const REQUEST_TIME = 120_000;
const CHECK_EVERY = 5_000;

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Whether a request means this computer and comes from nowhere else. A web page of another host reaches a loopback
 * port in two ways: by its own address, with its `Origin`, or by giving its own name this computer's address (DNS
 * rebinding), with its name as the `Host`. Programs send no `Origin`.
 */
export const isLocal = ({
  host,
  origin,
}: {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}): boolean => {
  if (host !== undefined && !LOOPBACK.test(host)) return false;
  return origin === undefined || LOOPBACK.test(origin.replace(/^https?:\/\//i, ''));
};

export interface HttpListener {
  readonly host: string;
  readonly port: number;
  /** Without a slash at the end. */
  readonly url: string;
  /** @param graceMs how long requests under way may still take */
  close(graceMs: number): Promise<void>;
}

export interface HttpListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly log: Log;
  /** Bounds that are shared with other listeners; its own when absent. */
  readonly connections?: Connections;
  /** Origins of other computers whose pages may ask all the same. */
  readonly origins?: ReadonlySet<string>;
  /** Milliseconds for the head of a request. */
  readonly headTime?: number;
}

/**
 * Listens. What does not mean this computer is refused.
 * @param handle must not throw
 * @throws when the port is taken
 */
export async function listenHttp(
  options: HttpListenerOptions,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<HttpListener> {
  const { host, port, log, headTime = HEAD_TIME } = options;
  const connections = options.connections ?? new Connections({ most: boundsOf().people, log });
  const times = {
    headersTimeout: headTime,
    requestTimeout: REQUEST_TIME,
    connectionsCheckingInterval: Math.min(CHECK_EVERY, headTime),
  };
  const server = createServer(times, (request, response) => {
    connections.prove(request.socket);
    const { host: named, origin } = request.headers;
    const isInvited = origin !== undefined && options.origins?.has(origin) === true;
    if (isLocal(isInvited ? { host: named } : { host: named, origin })) {
      handle(request, response);
      return;
    }
    response.writeHead(403, { 'content-type': 'application/json', connection: 'close' });
    response.end('{"message":"Forbidden"}');
  });
  connections.guard(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const taken = (server.address() as AddressInfo).port;
  return {
    host,
    port: taken,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: (graceMs) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close((error) => {
          clearTimeout(timer);
          if (error) reject(error);
          else resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
