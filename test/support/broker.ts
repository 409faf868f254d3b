/** A broker over mutual TLS for the tests of devices: what it is sent is kept, what it answers is told to it. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { Aedes, type Client } from 'aedes';
import { type CommandMessage, REPLIES, type Reply } from '../../contracts/messages/commands.ts';
import type { Message } from '../../contracts/messages/message.ts';
import { downstream, type Origin, parseReplyTopic, upstream } from '../../contracts/messages/topics.ts';
import { createIdentity } from '../../device/identity.ts';
import type { DeviceOptions } from '../../device/options.ts';
import { openMemoryStore } from '../../device/store/memory-store.ts';
import { inflaters } from '../../lambdas/domain/ingestion/inflaters.ts';
import { openPki, type Pki } from '../../local/iot/pki.ts';
import { decodeMessage } from '../../payload/decode.ts';

const ORIGIN = { site: 'basel', device: 'incubator-1' };

/** What a device said of a command. */
export type HeardReply = Reply & { readonly id: string };

let commands = 0;

/** A command as the platform gives it, with an identifier of its own. */
export const commandOf = (command: string, more: Partial<CommandMessage> = {}): CommandMessage => {
  commands += 1;
  const now = Date.now();
  return {
    v: 1,
    id: `0${String(commands).padStart(25, '0')}`,
    command,
    parameters: {},
    dryRun: false,
    issuedAt: new Date(now).toISOString(),
    expiresAt: new Date(now + 60_000).toISOString(),
    timeout: 60,
    traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
    ...more,
  };
};

export class TestBroker {
  readonly received: Message[] = [];
  /** Replies to commands, of all devices. */
  readonly replies: HeardReply[] = [];
  /** Told of each reply; whoever waits for one listens here. */
  onReply: (reply: HeardReply) => void = () => undefined;
  /** Answers a message; nothing by default. */
  onMessage: (message: Message) => void = () => undefined;
  /** Whether publishes are left without their PUBACK. */
  mute = false;
  /** Whether subscriptions are denied. */
  deny = false;
  private readonly aedes: Aedes;
  private readonly server: Server;
  private readonly pki: Pki;
  private readonly sockets = new Set<TLSSocket>();

  private constructor(aedes: Aedes, pki: Pki) {
    this.aedes = aedes;
    this.pki = pki;
    this.server = createServer(
      { ...pki.server, ca: pki.caPem, requestCert: true, rejectUnauthorized: true },
      (socket) => {
        this.sockets.add(socket);
        socket.on('close', () => this.sockets.delete(socket));
        aedes.handle(socket);
      },
    );
    aedes.authorizePublish = (_client, _packet, callback) => {
      if (!this.mute) callback(null);
    };
    aedes.authorizeSubscribe = (_client, subscription, callback) => {
      callback(null, this.deny ? null : subscription);
    };
    aedes.on('publish', (packet, client: Client | null) => {
      const reply = client === null ? undefined : parseReplyTopic(packet.topic);
      if (reply !== undefined) {
        const said = REPLIES[reply.kind].parse(JSON.parse(String(packet.payload)));
        const heard = { ...said, kind: reply.kind, id: reply.command } as HeardReply;
        this.replies.push(heard);
        this.onReply(heard);
      }
      if (client === null || !/^lab\/[^/]+\/[^/]+\/data$/.test(packet.topic)) return;
      const message = decodeMessage(packet.payload as Buffer, Date.now() * 1000, inflaters);
      this.received.push(message);
      this.onMessage(message);
    });
  }

  static async start(): Promise<TestBroker> {
    const broker = new TestBroker(await Aedes.createBroker(), await openPki(undefined));
    await broker.listen(0);
    return broker;
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the broker is not listening');
    return address.port;
  }

  async listen(port: number): Promise<void> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  /** Options of a device with a certificate of this broker's authority. */
  async options(more: Partial<DeviceOptions> = {}, origin: Origin = ORIGIN): Promise<DeviceOptions> {
    const { key, csr } = await createIdentity(origin.device);
    const { pem } = await this.pki.signCsr(csr);
    return {
      host: '127.0.0.1',
      port: this.port,
      ca: this.pki.caPem,
      cert: pem,
      key,
      clientId: origin.device,
      topics: { data: upstream.data(origin), ack: downstream.ack(origin), errors: downstream.errors(origin) },
      store: openMemoryStore(2 ** 22),
      reconnectBaseMs: 5,
      reconnectMaxMs: 20,
      ...more,
    };
  }

  publish(topic: string, payload: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.aedes.publish(
        { cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, retain: false, dup: false },
        (error) => (error ? reject(error) : resolve()),
      );
    });
  }

  /** Says that messages are durable. */
  acknowledge(session: string | undefined, ...ranges: readonly (readonly [number, number])[]): Promise<void> {
    return this.publish(downstream.ack(ORIGIN), JSON.stringify({ v: 1, session, ranges }));
  }

  /** Gives a command. */
  command(message: CommandMessage, origin: Origin = ORIGIN): Promise<void> {
    return this.publish(downstream.command(origin, message.id), JSON.stringify(message));
  }

  /** The first reply of a kind to a command, now or later. */
  reply(id: string, kind: Reply['kind']): Promise<HeardReply> {
    const isIt = (reply: HeardReply): boolean => reply.id === id && reply.kind === kind;
    const heard = this.replies.find(isIt);
    if (heard !== undefined) return Promise.resolve(heard);
    return new Promise((resolve) => {
      const { onReply } = this;
      this.onReply = (reply) => {
        onReply(reply);
        if (isIt(reply)) resolve(reply);
      };
    });
  }

  note(document: unknown): Promise<void> {
    return this.publish(downstream.errors(ORIGIN), JSON.stringify(document));
  }

  /** Acknowledges every message as it comes. */
  acknowledgeAll(): void {
    this.onMessage = ({ session, seq = 0 }) => {
      this.acknowledge(session, [seq, seq]).catch((error: unknown) => {
        this.server.emit('error', error);
      });
    };
  }

  cutAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Stops listening and cuts every connection; `listen` goes on. */
  async down(): Promise<void> {
    this.cutAll();
    this.server.close();
    await once(this.server, 'close');
  }

  async stop(): Promise<void> {
    await this.down();
    await new Promise<void>((resolve) => {
      this.aedes.close(() => resolve());
    });
  }
}
