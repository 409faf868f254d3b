/**
 * MQTT over WebSocket: one port for `wss://` as in AWS, and, since no browser trusts our authority, `ws://`.
 *
 * Listens before the broker is there, so that templates can hold its address.
 */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, TLSSocket, type Server as TlsServer } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { Connections } from '../../connections.ts';
import type { Log } from '../../types.ts';
import { MAX_PAYLOAD_BYTES } from '../limits.ts';

/** Path of the broker, and the only one. */
export const LIVE_PATH = '/mqtt';
const SUBPROTOCOL = 'mqtt';
/** First byte of a TLS handshake. */
const HANDSHAKE = 0x16;
/** A publish with its header; MQTT packets may share a frame, but clients send each by itself. */
const MAX_FRAME_BYTES = MAX_PAYLOAD_BYTES + 1024;
/** Milliseconds for the head of a request. */
const HEAD_TIME = 30_000;

export interface LiveListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Whether a page of this origin may connect; who sends none is no page. */
  readonly mayConnect: (origin: string) => boolean;
  readonly connections: Connections;
  readonly log: Log;
}

/** What the upgrade tells of a connection. */
export interface LiveRequest {
  readonly ip: string;
  readonly isTls: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly queryString: string;
  /** The connection under it. */
  readonly socket: Socket;
}

/** Who takes connections. */
export interface LiveHost {
  readonly key: string;
  readonly cert: string;
  readonly admit: (stream: Duplex, request: LiveRequest) => void;
  /** Is told why somebody was not let in. */
  readonly refuse: (why: string) => void;
}

/** See the head of this file. */
export class LiveListener {
  readonly #options: LiveListenerOptions;
  readonly #server: Server;
  readonly #http: HttpServer;
  // A window of deflate a connection would take more than all the rest of it.
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    handleProtocols: () => SUBPROTOCOL,
  });
  readonly #open = new Set<Socket>();
  #tls: TlsServer | undefined;
  #host: LiveHost | undefined;

  private constructor(options: LiveListenerOptions) {
    this.#options = options;
    this.#http = createHttpServer({ headersTimeout: HEAD_TIME }, (_request, response) => {
      response.writeHead(404, { connection: 'close' }).end();
    });
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server = createServer((socket) => this.#greet(socket));
    options.connections.guard(this.#server);
  }

  /** @throws when the port is taken */
  static async open(options: LiveListenerOptions): Promise<LiveListener> {
    const listener = new LiveListener(options);
    listener.#server.listen(options.port, options.host);
    await once(listener.#server, 'listening');
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Gives all connections from now on to a broker. */
  serve(host: LiveHost): void {
    this.#host = host;
    this.#tls = createTlsServer({
      key: host.key,
      cert: host.cert,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
    });
    this.#tls.on('secureConnection', (socket) => this.#http.emit('connection', socket));
    this.#tls.on('tlsClientError', (error) =>
      this.#options.log('debug', 'TLS handshake failed', { reason: error.message }),
    );
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  /** Reads the first bytes, which tell TLS from HTTP, and spare memory: see `Door`. */
  #greet(socket: Socket): void {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    socket.on('error', hangUp);
    socket.setNoDelay(true);
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      if (this.#tls === undefined) {
        socket.destroy();
        return;
      }
      socket.unshift(first);
      const server = first[0] === HANDSHAKE ? this.#tls : this.#http;
      server.emit('connection', socket);
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const host = this.#host;
    const fault = this.#fault(request);
    if (host === undefined || fault !== undefined) {
      host?.refuse(fault?.why ?? '');
      const status = fault?.status ?? '503 Service Unavailable';
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const [, query] = (request.url ?? '').split('?', 2);
    const told: LiveRequest = {
      ip: request.socket.remoteAddress ?? '',
      isTls: request.socket instanceof TLSSocket,
      headers: textsOf(request),
      queryString: query === undefined ? '' : `?${query}`,
      socket: request.socket,
    };
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('message', refuseText);
      host.admit(createWebSocketStream(webSocket), told);
    });
  }

  #fault({
    url = '',
    headers,
  }: IncomingMessage): { readonly status: string; readonly why: string } | undefined {
    const [path] = url.split('?', 1);
    if (path !== LIVE_PATH) return { status: '404 Not Found', why: `path ${path}` };
    const { origin } = headers;
    if (origin !== undefined && !this.#options.mayConnect(origin))
      return { status: '403 Forbidden', why: `origin ${origin}` };
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
    return offered.includes(SUBPROTOCOL)
      ? undefined
      : { status: '400 Bad Request', why: `subprotocols ${offered.join()}` };
  }
}

/** MQTT is in binary frames alone. */
function refuseText(this: { terminate(): void }, _data: unknown, isBinary: boolean): void {
  if (!isBinary) this.terminate();
}

function hangUp(this: Socket): void {
  this.destroy();
}

const textsOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
