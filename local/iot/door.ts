/**
 * The TLS side of the broker: lets in who holds a certificate of our authority that is known and active.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { Connections } from '../connections.ts';
import type { Log } from '../types.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import { certificateId, type Pki } from './pki.ts';
import type { Registry } from './registry.ts';
import type { Peer } from './session.ts';

export interface DoorOptions {
  readonly pki: Pki;
  readonly registry: Registry;
  readonly gate: Gatekeeper;
  readonly log: Log;
  /** End connections that do not get in. */
  readonly connections: Connections;
  readonly admit: (socket: TLSSocket, peer: Peer) => void;
}

/** See the head of this file. */
export class Door {
  readonly #options: DoorOptions;
  readonly #server: Server;
  /** Does not listen: it is given connections. */
  readonly #tls: TlsServer;
  /** Sockets from the first byte on, also those that never get in. */
  readonly #sockets = new Set<Socket>();

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#greet(socket));
    options.connections.guard(this.#server);
    this.#tls = createTlsServer({
      key: options.pki.server.key,
      cert: options.pki.server.cert,
      ca: options.pki.caPem,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    });
    this.#tls.on('secureConnection', (socket) => this.#accept(socket));
    this.#tls.on('tlsClientError', (error, socket) => {
      // Who only hung up was refused nothing.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') this.#refuse(undefined, error.message);
      options.log('debug', 'TLS handshake failed', { reason: error.message, ip: socket.remoteAddress });
    });
  }

  /**
   * Starts to listen.
   * @param port 0 takes a free one
   * @returns the port
   */
  async open(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no more connections; call the result to end those that are left. */
  close(): () => Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    return async () => {
      for (const socket of this.#sockets) socket.destroy();
      await closed;
    };
  }

  /**
   * Reads the first bytes of the handshake before TLS does. Node makes the buffer that a TLS connection reads into,
   * and keeps for its whole life, as long as what it is given first: 64 KiB when it reads by itself, about one when
   * it begins with bytes that were read before. With ten thousand idle connections that is 600 MB.
   */
  #greet(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.once('error', hangUp);
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      socket.off('error', hangUp);
      socket.unshift(first);
      this.#tls.emit('connection', socket);
    });
  }

  /** The handshake has proven a certificate of our authority, now or when its session began. */
  #accept(socket: TLSSocket): void {
    const certificate = socket.getPeerX509Certificate();
    const id = certificate === undefined ? undefined : certificateId(certificate);
    const status = id === undefined ? undefined : this.#options.registry.certificate(id)?.status;
    if (certificate === undefined || id === undefined || status !== 'ACTIVE') {
      this.#refuse(id, `certificate is ${status ?? 'unknown'}`);
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    this.#options.admit(socket, {
      principalId: id,
      ip: socket.remoteAddress ?? '',
      commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1],
    });
  }

  #refuse(id: string | undefined, why: string): void {
    this.#options.gate.deny({ clientId: '', principalId: id, action: 'tls', resource: why });
  }
}

function hangUp(this: Socket): void {
  this.destroy();
}
