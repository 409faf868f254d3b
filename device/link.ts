/** The connection of a device: MQTT 3.1.1 over mutual TLS, made again whenever it is lost. */
import { connect, type MqttClient } from 'mqtt';
import type { DeviceOptions } from './options.ts';
import { backoff } from './rate-limit.ts';

/** What a {@link Link} tells the device. */
export interface LinkEvents {
  /** Connected and subscribed. */
  up(): void;
  /** Not connected any more. */
  down(): void;
  message(topic: string, payload: Uint8Array): void;
  /** A try failed, or the connection broke; it is tried again. */
  trouble(error: Error): void;
}

/** How long a disconnection may take. */
const PARTING_MS = 1000;

/** AWS IoT Core serves MQTT on 443 to those who ask for it by ALPN. */
const alpn = (port: number) => (port === 443 ? { ALPNProtocols: ['x-amzn-mqtt-ca'] } : {});

/** One connection at a time, with its subscriptions. */
export class Link {
  private readonly options: DeviceOptions;
  private readonly topics: string[];
  private readonly events: LinkEvents;
  private client: MqttClient | undefined;
  private timer: NodeJS.Timeout | undefined;
  private attempt = 0;
  private wanted = false;
  private isUp = false;

  /** @param topics to listen on */
  constructor(options: DeviceOptions, topics: readonly string[], events: LinkEvents) {
    this.options = options;
    this.topics = [...topics];
    this.events = events;
  }

  get up(): boolean {
    return this.isUp;
  }

  /** Begins to connect, and connects again whenever the connection is lost. */
  open(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.attempt = 0;
    this.dial();
  }

  /**
   * Publishes with QoS 1.
   * @returns when the broker has confirmed it
   * @throws {Error} when there is no connection, or it breaks before
   */
  publish(topic: string, payload: Uint8Array): Promise<void> {
    const { client } = this;
    if (client === undefined || !this.isUp) return Promise.reject(new Error('not connected'));
    return new Promise((resolve, reject) => {
      client.publish(
        topic,
        Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
        { qos: 1 },
        (error) => {
          if (error) reject(error);
          else resolve();
        },
      );
    });
  }

  /** Disconnects and stays so. */
  async close(): Promise<void> {
    this.wanted = false;
    clearTimeout(this.timer);
    const { client } = this;
    if (client === undefined) return;
    // While connected, let DISCONNECT go out: the broker then knows that the end was meant.
    const polite = this.isUp;
    await new Promise<void>((resolve) => {
      // It waits for what is in flight; the store has that too, so it need not wait for long.
      const impatience = setTimeout(() => client.stream.destroy(), PARTING_MS);
      const done = (): void => {
        clearTimeout(impatience);
        resolve();
      };
      client.once('close', done);
      client.end(!polite, done);
    });
    this.lost(client);
  }

  /** Breaks the connection without DISCONNECT, as a pulled cable does; it is made again. */
  cut(): void {
    this.client?.stream.destroy();
  }

  private dial(): void {
    const { host, port, ca, cert, key, clientId, keepAlive = 60, connectTimeoutMs = 10_000 } = this.options;
    const client = connect({
      protocol: 'mqtts',
      protocolVersion: 4,
      host,
      port,
      ca,
      cert,
      key,
      clientId,
      clean: true,
      keepalive: keepAlive,
      connectTimeout: connectTimeoutMs,
      reconnectPeriod: 0,
      resubscribe: false,
      rejectUnauthorized: true,
      ...alpn(port),
    });
    this.client = client;
    client.on('connect', () => this.subscribe(client));
    client.on('message', (topic, payload) => this.events.message(topic, payload));
    client.on('error', (error) => this.events.trouble(error));
    client.on('close', () => {
      // Ends what is left of this connection: its timers, and its queue of publishes.
      client.end(true);
      this.lost(client);
    });
  }

  /** Listens before anything is sent: what is answered meanwhile would be lost. */
  private subscribe(client: MqttClient): void {
    client.subscribe(this.topics, { qos: 1 }, (error) => {
      if (client !== this.client || !this.wanted) return;
      if (error) {
        this.events.trouble(new Error(`cannot listen on ${this.topics.join(', ')}`, { cause: error }));
        client.end(true);
        return;
      }
      this.attempt = 0;
      this.isUp = true;
      this.events.up();
    });
  }

  private lost(client: MqttClient): void {
    if (client !== this.client) return;
    this.client = undefined;
    const was = this.isUp;
    this.isUp = false;
    if (was) this.events.down();
    if (this.wanted) this.retry();
  }

  private retry(): void {
    const { reconnectBaseMs = 1000, reconnectMaxMs = 60_000, random = Math.random } = this.options;
    const delay = backoff(this.attempt, reconnectBaseMs, reconnectMaxMs, random());
    this.attempt += 1;
    this.timer = setTimeout(() => {
      if (this.wanted) this.dial();
    }, delay);
  }
}
