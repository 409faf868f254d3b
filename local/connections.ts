/**
 * How many connections there may be, and how long one may take to show who it is.
 *
 * A process has so many descriptors for files and sockets; whatever needs one when they are gone fails: a log, the
 * store, a function. So part of them is kept back, and at the bound the connection goes that has been silent longest,
 * or else the new one: who has shown a certificate or a request stays.
 */
import type { Server, Socket } from 'node:net';
import type { Log } from './types.ts';

/** Milliseconds from the first packet to the proof: a certificate and CONNECT, or the head of a request. */
export const PROOF_TIME = 60_000;
const SWEEP = 5_000;
/** Milliseconds between two lines of the log about the same. */
const QUIET = 10_000;

/** Descriptors of this process: what `ulimit -n` says, as Node raises it to the hard limit. */
const descriptorLimit = (): number => {
  // The types of Node do not know it yet. Without it a report asks for the name of each address.
  const source: typeof process.report & { excludeNetwork?: boolean } = process.report;
  source.excludeNetwork = true;
  const report = source.getReport() as {
    readonly userLimits?: { readonly open_files: { readonly soft: number | 'unlimited' } };
  };
  const limit = report.userLimits?.open_files.soft;
  // Windows has none, and nobody needs more.
  return typeof limit === 'number' ? limit : 2 ** 20;
};

/** How many connections each kind of listener may have, by the descriptors of this process. */
export interface ConnectionBounds {
  readonly descriptors: number;
  readonly devices: number;
  /** Who uses the API and the token issuer: devices do not shut them out. */
  readonly people: number;
  /**
   * Of the AWS endpoint, and have shown nothing. Those that have are of functions, and as many as these need: what
   * keeps them few is the concurrency of functions.
   */
  readonly strangers: number;
}

/** Kept back is what a start takes (60), and what functions and their connections do at work (80 to 140). */
export const boundsOf = (descriptors = descriptorLimit()): ConnectionBounds => {
  const outer = descriptors - Math.max(200, descriptors >> 2);
  return {
    descriptors,
    devices: Math.max(16, outer - (outer >> 2)),
    people: Math.max(8, outer >> 2),
    strangers: Math.max(64, descriptors >> 3),
  };
};

export interface ConnectionsOptions {
  /** Connections at the same time. */
  readonly most: number;
  /** Of these, of one address, those that have shown nothing; half of all when absent. */
  readonly mostSilent?: number;
  /** Named in the log when there are no more. */
  readonly descriptors?: number;
  readonly log: Log;
  /** Milliseconds a connection has to show who it is; {@link PROOF_TIME} when absent. */
  readonly proofTime?: number;
}

/** As many as are asked for. */
export const UNBOUND = { most: Number.POSITIVE_INFINITY } as const;

interface Waiting {
  readonly socket: Socket;
  readonly address: string;
  readonly since: number;
}

/** Ends of a connection: what TLS or HTTP/2 have made of a socket tells them too. */
type Ends = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localPort'>;

const nameOf = ({ remoteAddress, remotePort, localPort }: Ends): string =>
  `${remoteAddress} ${remotePort} ${localPort}`;

/** See the head of this file. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #all = new Set<string>();
  /** Those that have shown nothing, oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  /** How many of them an address has. */
  readonly #ofAddress = new Map<string, number>();
  readonly #proofTime: number;
  #timer: NodeJS.Timeout | undefined;
  #told = Number.NEGATIVE_INFINITY;
  #ended = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#proofTime = options.proofTime ?? PROOF_TIME;
  }

  get count(): number {
    return this.#all.size;
  }

  /** Counts the connections of a server. */
  guard(server: Server): void {
    server.on('connection', (socket) => this.#add(socket));
  }

  /** The connection has shown a certificate, or the head of a request. */
  prove(connection: Ends): void {
    this.#prove(nameOf(connection));
  }

  #prove(name: string): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    this.#waiting.delete(name);
    const left = (this.#ofAddress.get(waiting.address) ?? 1) - 1;
    if (left === 0) this.#ofAddress.delete(waiting.address);
    else this.#ofAddress.set(waiting.address, left);
  }

  #add(socket: Socket): void {
    const { most, mostSilent = most >> 1 } = this.#options;
    const name = nameOf(socket);
    const { remoteAddress: address = '' } = socket;
    const own = (this.#ofAddress.get(address) ?? 0) + 1;
    this.#all.add(name);
    this.#waiting.set(name, { socket, address, since: performance.now() });
    this.#ofAddress.set(address, own);
    this.#timer ??= this.#sweepLater();
    socket.once('close', () => this.#forget(name));
    if (this.#all.size > most) this.#crowded(this.#oldest());
    else if (own > mostSilent) this.#crowded(this.#oldest(address));
  }

  /** The new one is the last of them. */
  #oldest(address?: string): string | undefined {
    for (const [name, waiting] of this.#waiting)
      if (address === undefined || waiting.address === address) return name;
    return undefined;
  }

  #crowded(name: string | undefined): void {
    if (name === undefined) return;
    this.#end(name);
    this.#ended += 1;
    const now = performance.now();
    if (now - this.#told < QUIET) return;
    const { most, descriptors, log } = this.#options;
    log('warn', 'too many open files would be needed: connections that have shown nothing are ended', {
      ended: this.#ended,
      connections: this.#all.size,
      most,
      ...(descriptors === undefined ? {} : { descriptors }),
    });
    this.#told = now;
    this.#ended = 0;
  }

  #end(name: string): void {
    const socket = this.#waiting.get(name)?.socket;
    this.#forget(name);
    socket?.destroy();
  }

  #forget(name: string): void {
    this.#prove(name);
    this.#all.delete(name);
  }

  #sweepLater(): NodeJS.Timeout | undefined {
    if (this.#waiting.size === 0) return undefined;
    return setTimeout(
      () => {
        const since = performance.now() - this.#proofTime;
        for (const [name, waiting] of this.#waiting) {
          if (waiting.since > since) break;
          this.#end(name);
        }
        this.#timer = this.#sweepLater();
      },
      Math.min(SWEEP, this.#proofTime),
    ).unref();
  }
}
