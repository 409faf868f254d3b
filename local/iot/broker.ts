/**
 * The MQTT message broker: MQTT 3.1.1 over mutual TLS and over WebSocket, with the manners of AWS IoT Core.
 *
 * A message is acknowledged (PUBACK) after the rules engine has it. QoS 2 is not supported, as in AWS. Retained
 * messages and persistent sessions live as long as the process.
 */
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import {
  Aedes,
  type AedesPublishPacket,
  type Client,
  type ConnectPacket,
  type PublishPacket,
  type Subscription,
} from 'aedes';
import type { Connections } from '../connections.ts';
import type { Log } from '../types.ts';
import { Door } from './door.ts';
import { Gatekeeper, type IotDenial } from './gatekeeper.ts';
import { KEEP_ALIVE, MAX_CLIENT_ID_BYTES, MAX_PUBLISHES } from './limits.ts';
import type { Authorize } from './live/authorizers.ts';
import { Guests, type Later } from './live/guests.ts';
import type { LiveListener } from './live/listener.ts';
import { boundPackets } from './packets.ts';
import { bindSessions, type Sessions } from './persistence.ts';
import type { Pki } from './pki.ts';
import { Presence } from './presence.ts';
import type { Rules } from './rules.ts';
import { type Authority, type Peer, Session } from './session.ts';

export interface BrokerOptions extends Authority {
  readonly pki: Pki;
  readonly rules: Rules;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly log: Log;
  /** End connections that do not get in. */
  readonly connections: Connections;
  /** Connections over WebSocket, and who answers for them; none when absent. */
  readonly live?: { readonly listener: LiveListener; readonly authorize: Authorize; readonly later: Later };
}

/** What aedes keeps on a client beside its public face. */
interface ClientInternals {
  /** Set when the client has sent DISCONNECT. */
  readonly _disconnected?: boolean;
  readonly subscriptions?: Readonly<Record<string, unknown>>;
  will: unknown;
  /** Stops and goes on reading. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/** See the head of this file. */
export class Broker {
  readonly #options: BrokerOptions;
  readonly #gate: Gatekeeper;
  readonly #aedes: Aedes;
  readonly #door: Door;
  readonly #presence: Presence;
  /** Those over WebSocket. */
  readonly #guests: Guests | undefined;
  readonly #peers = new WeakMap<Duplex, Peer>();
  readonly #sessions = new WeakMap<Client, Session>();
  /** Last wills of clients that are connecting. */
  readonly #wills = new WeakMap<Client, NonNullable<ConnectPacket['will']>>();
  /** Live connections by client id. */
  readonly #live = new Map<string, { readonly client: Client; readonly session: Session }>();
  #persistent: Sessions | undefined;
  #port = 0;
  #closing = false;

  private constructor(options: BrokerOptions) {
    this.#options = options;
    this.#gate = new Gatekeeper(options.log);
    this.#presence = new Presence((topic, payload) => {
      this.publish(topic, payload, 0).catch((error: unknown) =>
        options.log('error', 'a lifecycle event was lost', { topic, reason: String(error) }),
      );
    });
    const { live, log } = options;
    this.#guests =
      live && new Guests({ authorize: live.authorize, later: live.later, gate: this.#gate, log });
    this.#aedes = new Aedes({
      concurrency: 0,
      queueLimit: 1000,
      maxClientsIdLength: MAX_CLIENT_ID_BYTES,
      maxTopicLevels: 12,
      preConnect: (client, packet, done) => this.#preConnect(client, packet, done),
      authenticate: (client, username, password, done) => {
        if (this.#guests?.has(client.conn) === true) {
          void this.#authenticateGuest(this.#guests, client, { username, password }, () => done(null, true));
          return;
        }
        const refused = this.#mayConnect(client)
          ? null
          : Object.assign(new Error('not authorized'), { returnCode: 5 as const });
        done(refused, refused === null);
      },
      authorizePublish: (client, packet, done) => this.#authorizePublish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) =>
        done(null, this.#maySubscribe(client, subscription) ? subscription : null),
      authorizeForward: (client, packet) => (this.#mayReceive(client, packet) ? packet : null),
    });
    this.#door = new Door({
      ...options,
      gate: this.#gate,
      admit: (socket, peer) => this.#admit(socket, peer),
    });
  }

  /** Starts to listen. @throws when the port is taken */
  static async start(options: BrokerOptions): Promise<Broker> {
    const broker = new Broker(options);
    try {
      await broker.#listen();
    } catch (error) {
      await broker.close();
      throw error;
    }
    return broker;
  }

  /** What was refused, oldest first. */
  get denials(): readonly IotDenial[] {
    return this.#gate.denials;
  }

  get port(): number {
    return this.#port;
  }

  /** Count of live connections. */
  get connections(): number {
    return this.#live.size;
  }

  /** Publishes in the name of AWS, not of a client: to subscribers and rules. */
  async publish(topic: string, payload: Buffer, qos: 0 | 1, origin: Origin = INTERNAL): Promise<void> {
    this.#options.rules.take({ topic, payload, ...origin });
    await new Promise<void>((resolve, reject) => {
      this.#aedes.publish(
        { cmd: 'publish', topic, payload, qos, dup: false, retain: origin.retain ?? false },
        (error) => (error ? reject(error) : resolve()),
      );
    });
    // What a rule republishes is itself part of what others wait for: it must not wait in turn.
    if (origin.hops === undefined)
      await new Promise<void>((resolve) => this.#options.rules.whenReady(resolve));
  }

  /**
   * Ends a live connection.
   * @param options `clean` ends its persistent session too; `silent` keeps its last will from being published
   * @returns false when there is none
   */
  async disconnect(
    clientId: string,
    options: { readonly clean: boolean; readonly silent: boolean },
  ): Promise<boolean> {
    const live = this.#live.get(clientId);
    if (live === undefined) return false;
    live.session.reason = 'API_INITIATED_DISCONNECT';
    if (options.silent) (live.client as Client & ClientInternals).will = null;
    await new Promise<void>((resolve) => live.client.close(resolve));
    if (options.clean) await this.#persistent?.forget(clientId);
    return true;
  }

  session(clientId: string): Session | undefined {
    return this.#live.get(clientId)?.session;
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#persistent?.close();
    for (const { session } of this.#live.values()) session.reason ??= 'SERVER_INITIATED_DISCONNECT';
    const endAll = this.#door.close();
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    await endAll();
  }

  async #listen(): Promise<void> {
    const { host, port, log } = this.#options;
    this.#aedes.on('client', (client) => this.#connected(client));
    this.#aedes.on('clientDisconnect', (client) => this.#disconnected(client));
    this.#aedes.on('keepaliveTimeout', (client) => this.#blame(client, 'MQTT_KEEP_ALIVE_TIMEOUT'));
    this.#aedes.on('clientError', (client, error) => {
      this.#blame(
        client,
        LOST.has((error as NodeJS.ErrnoException).code ?? '') ? 'CONNECTION_LOST' : 'CLIENT_ERROR',
      );
      log('debug', 'MQTT connection failed', { clientId: client.id, reason: error.message });
    });
    this.#aedes.on('connectionError', (_client, error) =>
      log('debug', 'connection failed before CONNECT', { reason: error.message }),
    );
    this.#aedes.on('subscribe', (subscriptions, client) => {
      const topics = subscriptions.filter(({ qos }) => (qos as number) !== 128).map(({ topic }) => topic);
      const session = this.#sessions.get(client);
      if (session !== undefined && topics.length > 0)
        this.#presence.subscriptions('subscribed', session, topics);
    });
    this.#aedes.on('unsubscribe', (topics, client) => {
      const session = this.#sessions.get(client);
      if (session !== undefined && !client.closed)
        this.#presence.subscriptions('unsubscribed', session, topics);
    });
    // The overloads of aedes hide this one; without a listener it would end the process.
    (this.#aedes as EventEmitter).on('error', (error: Error) =>
      log('error', 'the MQTT broker failed', { reason: error.message }),
    );
    await this.#aedes.listen();
    this.#persistent = bindSessions(this.#aedes);
    this.#port = await this.#door.open(host, port);
    const guests = this.#guests;
    if (guests === undefined) return;
    this.#options.live?.listener.serve({
      ...this.#options.pki.server,
      admit: (stream, request) => {
        guests.came(stream, request);
        this.#aedes.handle(stream);
        boundPackets(stream, this.#discarded);
      },
      refuse: (why) =>
        this.#gate.deny({ clientId: '', principalId: undefined, action: 'upgrade', resource: why }),
    });
  }

  readonly #discarded = ({ id }: Client): void =>
    this.#options.log('warn', `publishes are discarded: a connection has ${MAX_PUBLISHES} a second`, {
      clientId: id,
    });

  #admit(socket: TLSSocket, peer: Peer): void {
    this.#peers.set(socket, peer);
    this.#aedes.handle(socket);
    boundPackets(socket, this.#discarded);
  }

  #preConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    if (Buffer.byteLength(packet.clientId) > MAX_CLIENT_ID_BYTES || !this.#isKnown(client)) {
      done(new Error(`the client id is longer than ${MAX_CLIENT_ID_BYTES} bytes`), false);
      return;
    }
    const asked = packet.keepalive ?? 0;
    packet.keepalive =
      asked === 0 ? KEEP_ALIVE.most : Math.min(Math.max(asked, KEEP_ALIVE.least), KEEP_ALIVE.most);
    if (packet.will !== undefined) this.#wills.set(client, packet.will);
    done(null, true);
  }

  #isKnown({ conn }: Client): boolean {
    return this.#peers.has(conn) || this.#guests?.has(conn) === true;
  }

  /** Whom AWS IoT does not let in over WebSocket it leaves without a word. */
  async #authenticateGuest(
    guests: Guests,
    client: Client,
    { username, password }: { readonly username: string | undefined; readonly password: Buffer | undefined },
    done: () => void,
  ): Promise<void> {
    const peer = await guests.identify(client.conn, { clientId: client.id, username, password });
    if (peer !== undefined) this.#peers.set(client.conn, peer);
    if (peer !== undefined && this.#mayConnect(client)) done();
    else client.conn.destroy();
  }

  /** A connection over WebSocket that does what it may not is ended without a word, as AWS IoT does. */
  #endGuest(client: Client, reason: Session['reason']): void {
    if (this.#guests?.has(client.conn) !== true) return;
    this.#blame(client, reason);
    client.conn.destroy();
  }

  #mayConnect(client: Client): boolean {
    const peer = this.#peers.get(client.conn);
    if (peer === undefined) return false;
    const session = new Session(this.#options, client.id, peer, this.#presence.nextVersion(client.id));
    if (!this.#gate.mayConnect(session, this.#wills.get(client))) {
      this.#presence.connectFailed(session);
      return false;
    }
    this.#presence.accepted(session);
    this.#sessions.set(client, session);
    const former = this.#live.get(client.id);
    if (former !== undefined) former.session.reason = 'DUPLICATE_CLIENTID';
    return true;
  }

  /** Called for publishes of clients and for their last wills, never for our own messages. */
  #authorizePublish(
    client: Client | null,
    packet: PublishPacket,
    done: (error?: Error | null) => void,
  ): void {
    const session = client === null ? undefined : this.#sessions.get(client);
    if (client === null || session === undefined) {
      done(new Error('nobody is connected'));
      return;
    }
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const refusal = this.#gate.refusePublish(session, packet, payload.length);
    if (refusal !== undefined) {
      done(new Error(refusal));
      return;
    }
    const { rules } = this.#options;
    rules.take({
      topic: packet.topic,
      payload,
      clientId: session.clientId,
      principal: session.peer.principalId,
      sourceIp: session.peer.ip,
    });
    if (rules.ready) {
      done();
      return;
    }
    // Not acknowledging is not enough: aedes reads on while packets of more than one chunk are coming in.
    const { pause, resume } = client as Client & ClientInternals;
    pause.call(client);
    rules.whenReady(() => {
      resume.call(client);
      done();
    });
  }

  #maySubscribe(client: Client, { topic, qos }: Subscription): boolean {
    const session = this.#sessions.get(client);
    const held = Object.keys((client as Client & ClientInternals).subscriptions ?? {});
    const may = session !== undefined && this.#gate.maySubscribe(session, topic, qos, held);
    if (!may) this.#endGuest(client, 'FORBIDDEN_ACCESS');
    return may;
  }

  #mayReceive(client: Client, { topic }: AedesPublishPacket): boolean {
    const session = this.#sessions.get(client);
    const may = session !== undefined && this.#gate.mayReceive(session, topic);
    if (!may) this.#endGuest(client, 'FORBIDDEN_ACCESS');
    return may;
  }

  #blame(client: Client, reason: Session['reason']): void {
    const session = this.#sessions.get(client);
    if (session !== undefined) session.reason ??= reason;
  }

  #connected(client: Client): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    this.#options.connections.prove(this.#guests?.socketOf(client.conn) ?? (client.conn as TLSSocket));
    this.#guests?.connected(client.conn, () => this.#endGuest(client, 'AUTH_ERROR'));
    this.#live.set(client.id, { client, session });
    this.#persistent?.connected(client.id, client.clean);
    this.#presence.connected(session);
  }

  #disconnected(client: Client): void {
    this.#guests?.disconnected(client.conn);
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    if (this.#live.get(client.id)?.client === client) {
      this.#live.delete(client.id);
      if (!client.clean) this.#persistent?.disconnected(client.id);
    }
    const polite = (client as Client & ClientInternals)._disconnected === true;
    this.#presence.disconnected(
      session,
      session.reason ?? (polite ? 'CLIENT_INITIATED_DISCONNECT' : 'CONNECTION_LOST'),
    );
  }
}

/** Who a message of {@link Broker.publish} comes from. */
export interface Origin {
  readonly clientId: string;
  readonly principal: string;
  readonly sourceIp: string;
  readonly retain?: boolean;
  readonly hops?: number;
}

const INTERNAL: Origin = { clientId: 'n/a', principal: 'n/a', sourceIp: 'n/a' };

/** Codes of a connection that broke, as against one that misbehaved. */
const LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE']);
