/**
 * The MQTT message broker: MQTT 3.1.1 over mutual TLS, with the manners of AWS IoT Core.
 *
 * A message is acknowledged (PUBACK) after the rules engine has it. QoS 2 is not supported, as in AWS. Retained
 * messages and persistent sessions live as long as the process.
 */

import type { X509Certificate } from 'node:crypto';
import { type EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import {
  Aedes,
  type AedesPublishPacket,
  type Client,
  type ConnectPacket,
  type PublishPacket,
  type Subscription,
} from 'aedes';
import type { Log } from '../types.ts';
import {
  filterFault,
  KEEP_ALIVE,
  MAX_CLIENT_ID_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_SUBSCRIPTIONS,
  topicFault,
} from './limits.ts';
import { bindSessions, type Sessions } from './persistence.ts';
import { certificateId, type Pki } from './pki.ts';
import { Presence } from './presence.ts';
import type { Rules } from './rules.ts';
import { type Authority, type Peer, Session } from './session.ts';

/** A refusal, kept for tests and for the person who wonders. */
export interface IotDenial {
  /** Empty before the client has said its id. */
  readonly clientId: string;
  readonly certificateId: string | undefined;
  /** `iot:...`, or `tls` when the certificate was not accepted. */
  readonly action: string;
  /** ARN, or what was wrong. */
  readonly resource: string;
}

/** Denials kept, at most; older ones are forgotten. */
const MAX_DENIALS = 10_000;
/** Room for one publish with its header, beyond which a partial packet is not read on. */
const MAX_PACKET_BYTES = MAX_PAYLOAD_BYTES + 1024;

export interface BrokerOptions extends Authority {
  readonly pki: Pki;
  readonly rules: Rules;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly log: Log;
}

/** What aedes keeps on a client beside its public face. */
interface ClientInternals {
  /** Set when the client has sent DISCONNECT. */
  readonly _disconnected?: boolean;
  readonly subscriptions?: Readonly<Record<string, unknown>>;
  readonly _parser?: { readonly _list: { readonly length: number } };
  /** Stops and goes on reading. */
  will: unknown;
  readonly pause: () => void;
  readonly resume: () => void;
}

/** See the head of this file. */
export class Broker {
  readonly denials: IotDenial[] = [];
  readonly #options: BrokerOptions;
  readonly #aedes: Aedes;
  readonly #server: Server;
  readonly #presence: Presence;
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
    this.#presence = new Presence((topic, payload) => void this.publish(topic, payload, 0));
    this.#aedes = new Aedes({
      concurrency: 0,
      queueLimit: 1000,
      maxClientsIdLength: MAX_CLIENT_ID_BYTES,
      maxTopicLevels: 12,
      preConnect: (client, packet, done) => this.#preConnect(client, packet, done),
      authenticate: (client, _user, _password, done) => {
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
    this.#server = createServer({
      key: options.pki.server.key,
      cert: options.pki.server.cert,
      ca: options.pki.caPem,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
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
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Sockets from the first byte on, also those that never became a session. */
  readonly #sockets = new Set<Duplex>();

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
    this.#server.on('connection', (socket: Duplex) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      this.#deny({ clientId: '', certificateId: undefined, action: 'tls', resource: error.message });
      log('debug', 'TLS handshake failed', { reason: error.message, ip: socket.remoteAddress });
    });
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** The handshake has proven a certificate of our authority; here it must also be known and active. */
  #accept(socket: TLSSocket): void {
    const certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
    const id = certificate === undefined ? undefined : certificateId(certificate);
    const status = id === undefined ? undefined : this.#options.registry.certificate(id)?.status;
    if (certificate === undefined || id === undefined || status !== 'ACTIVE') {
      this.#deny({
        clientId: '',
        certificateId: id,
        action: 'tls',
        resource: `certificate is ${status ?? 'unknown'}`,
      });
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    this.#peers.set(socket, {
      certificateId: id,
      ip: socket.remoteAddress ?? '',
      commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1],
    });
    this.#aedes.handle(socket);
    socket.on('readable', boundPartialPacket);
  }

  #preConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    if (Buffer.byteLength(packet.clientId) > MAX_CLIENT_ID_BYTES || !this.#peers.has(client.conn)) {
      done(new Error(`the client id is longer than ${MAX_CLIENT_ID_BYTES} bytes`), false);
      return;
    }
    const asked = packet.keepalive ?? 0;
    packet.keepalive =
      asked === 0 ? KEEP_ALIVE.most : Math.min(Math.max(asked, KEEP_ALIVE.least), KEEP_ALIVE.most);
    if (packet.will !== undefined) this.#wills.set(client, packet.will);
    done(null, true);
  }

  #mayConnect(client: Client): boolean {
    const peer = this.#peers.get(client.conn);
    if (peer === undefined) return false;
    const session = new Session(this.#options, client.id, peer, this.#presence.nextVersion(client.id));
    const will = this.#wills.get(client);
    const allowed =
      this.#check(session, 'iot:Connect', 'client', client.id) &&
      (will === undefined || this.#mayPublish(session, will.topic, will.retain === true));
    if (!allowed) {
      this.#presence.connectFailed(session);
      return false;
    }
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
    const fault =
      (packet.qos === 2 ? 'QoS 2 is not supported' : undefined) ??
      (payload.length > MAX_PAYLOAD_BYTES
        ? `the payload is longer than ${MAX_PAYLOAD_BYTES} bytes`
        : undefined) ??
      topicFault(packet.topic);
    if (fault !== undefined) {
      session.reason ??= 'CLIENT_ERROR';
      this.#deny({
        clientId: session.clientId,
        certificateId: session.peer.certificateId,
        action: 'iot:Publish',
        resource: `${packet.topic}: ${fault}`,
      });
      done(new Error(fault));
      return;
    }
    if (!this.#mayPublish(session, packet.topic, packet.retain)) {
      session.reason ??= 'FORBIDDEN_ACCESS';
      done(new Error(`not allowed to publish on ${packet.topic}`));
      return;
    }
    const { rules } = this.#options;
    rules.take({
      topic: packet.topic,
      payload,
      clientId: session.clientId,
      principal: session.peer.certificateId,
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

  #mayPublish(session: Session, topic: string, retain: boolean): boolean {
    if (!session.mayPublish(topic)) {
      this.#denied(session, 'iot:Publish', session.resource('topic', topic));
      return false;
    }
    return !retain || this.#check(session, 'iot:RetainPublish', 'topic', topic);
  }

  #maySubscribe(client: Client, { topic, qos }: Subscription): boolean {
    const session = this.#sessions.get(client);
    if (session === undefined) return false;
    const held = Object.keys((client as Client & ClientInternals).subscriptions ?? {});
    const fault =
      (qos === 2 ? 'QoS 2 is not supported' : undefined) ??
      (held.length >= MAX_SUBSCRIPTIONS && !held.includes(topic)
        ? `more than ${MAX_SUBSCRIPTIONS} subscriptions`
        : undefined) ??
      filterFault(topic);
    if (fault !== undefined) {
      this.#denied(session, 'iot:Subscribe', `${topic}: ${fault}`);
      return false;
    }
    return this.#check(session, 'iot:Subscribe', 'topicfilter', topic);
  }

  #mayReceive(client: Client, packet: AedesPublishPacket): boolean {
    const session = this.#sessions.get(client);
    return session !== undefined && this.#check(session, 'iot:Receive', 'topic', packet.topic);
  }

  #check(
    session: Session,
    action: 'iot:Connect' | 'iot:Subscribe' | 'iot:Receive' | 'iot:RetainPublish',
    kind: 'client' | 'topic' | 'topicfilter',
    name: string,
  ): boolean {
    if (session.may(action, kind, name)) return true;
    this.#denied(session, action, session.resource(kind, name));
    return false;
  }

  #denied(session: Session, action: string, resource: string): void {
    this.#deny({ clientId: session.clientId, certificateId: session.peer.certificateId, action, resource });
  }

  #deny(denial: IotDenial): void {
    if (this.denials.length >= MAX_DENIALS) this.denials.shift();
    this.denials.push(denial);
    this.#options.log('warn', 'denied by the MQTT broker', denial);
  }

  #blame(client: Client, reason: Session['reason']): void {
    const session = this.#sessions.get(client);
    if (session !== undefined) session.reason ??= reason;
  }

  #connected(client: Client): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    this.#live.set(client.id, { client, session });
    this.#persistent?.connected(client.id, client.clean);
    this.#presence.connected(session);
  }

  #disconnected(client: Client): void {
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

/**
 * MQTT lets a packet be 256 MiB; the parser would keep it all. One function for all sockets: a closure each would
 * cost memory with ten thousand of them.
 */
function boundPartialPacket(this: TLSSocket & { readonly client?: ClientInternals }): void {
  if ((this.client?._parser?._list.length ?? 0) > MAX_PACKET_BYTES)
    this.destroy(new Error('the packet is too long'));
}
