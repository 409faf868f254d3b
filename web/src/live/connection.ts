/**
 * The live connection of a tab: one client of MQTT for all that is shown. It connects anew by itself, with a token that
 * holds; nothing is kept by the broker meanwhile, so whoever listens is told when something may have been missed.
 */
import type { MqttClient } from 'mqtt';
import { FILTERS_A_REQUEST } from '../../../contracts/live-access.ts';
import { SignedOut } from '../api/session.ts';
import { matches } from './filters.ts';

/** `paused`: the tab is hidden. `ended`: nobody is signed in any more, or the page has gone. */
export type LiveState = 'connecting' | 'connected' | 'reconnecting' | 'paused' | 'ended';

export interface LiveOptions {
  readonly url: string;
  readonly username: string;
  /** A random part follows it. */
  readonly clientPrefix: string;
  /** A token that holds for a while. @throws {SignedOut} when there will be none */
  readonly token: () => Promise<string>;
}

export type OnMessage = (topic: string, payload: Uint8Array) => void;

/** AWS IoT takes fifty a connection; what is beyond is polled. */
const MOST_FILTERS = 48;
/** A connection ends 300 s after its token was shown; another takes its place before. */
const REPLACE_AFTER = 240_000;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
/** A connection that ends sooner counts as a failure: what the broker forbids ends it at once, each time. */
const HELD = 30_000;
/** An answer to a ping that takes longer does not come. */
const PING_LIMIT = 3000;
/** A hidden tab lets go of its connection after so long. */
const HIDDEN_FOR = 30_000;
const KEEPALIVE_SECONDS = 30;
const TELL_EVERY = 1000;

export class LiveConnection {
  state: LiveState = 'connecting';
  private readonly options: LiveOptions;
  private readonly listeners = new Map<string, Set<OnMessage>>();
  private readonly changed = new Set<() => void>();
  private readonly missed = new Set<() => void>();
  /** The one that is connected, since when, and what the broker said that it hears. */
  private current: { readonly client: MqttClient; readonly since: number } | undefined;
  private heardFilters = new Set<string>();
  /** The one that is about to take its place. */
  private next: { client?: MqttClient } | undefined;
  private failures = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private replacement: ReturnType<typeof setTimeout> | undefined;
  private hidden: ReturnType<typeof setTimeout> | undefined;
  private flushing = false;
  private toldMissed = 0;
  private readonly end = new AbortController();

  constructor(options: LiveOptions) {
    this.options = options;
    const { signal } = this.end;
    document.addEventListener('visibilitychange', () => this.look(), { signal });
    for (const name of ['pageshow', 'online']) window.addEventListener(name, () => this.look(), { signal });
    if (document.hidden) this.look();
    void this.open();
  }

  /** Calls back with each message of a filter. @returns ends it */
  listen(filter: string, listener: OnMessage): () => void {
    const known = this.listeners.get(filter) ?? new Set();
    this.listeners.set(filter, known.add(listener));
    this.flushSoon();
    return () => {
      known.delete(listener);
      if (known.size === 0 && this.listeners.get(filter) === known) this.listeners.delete(filter);
      this.flushSoon();
    };
  }

  /** Whether what is published within a filter comes in now. */
  hears(filter: string): boolean {
    return this.current !== undefined && this.heardFilters.has(filter);
  }

  /** Calls back when the state has changed, or what is heard. */
  onChange(listener: () => void): () => void {
    this.changed.add(listener);
    return () => this.changed.delete(listener);
  }

  /** Calls back when messages may have been missed: after each connect, and where more came than can be read. */
  onMissed(listener: () => void): () => void {
    this.missed.add(listener);
    return () => this.missed.delete(listener);
  }

  /** Says that messages were let go; many at once are told once. */
  tellMissed(): void {
    const now = Date.now();
    if (now - this.toldMissed < TELL_EVERY) return;
    this.toldMissed = now;
    for (const listener of this.missed) listener();
  }

  close(): void {
    this.end.abort();
    this.letGo('ended');
  }

  private get ended(): boolean {
    return this.end.signal.aborted;
  }

  private tell(state: LiveState): void {
    this.state = state;
    for (const listener of this.changed) listener();
  }

  private letGo(state: 'paused' | 'ended'): void {
    for (const timer of [this.retry, this.replacement, this.hidden]) clearTimeout(timer);
    const clients = [this.current?.client, this.next?.client];
    this.current = undefined;
    this.next = undefined;
    this.failures = 0;
    this.heardFilters = new Set();
    for (const client of clients) client?.end(true);
    this.tell(state);
  }

  /** The tab was hidden or is seen again, or the network has come back. */
  private look(): void {
    if (this.ended) return;
    clearTimeout(this.hidden);
    if (document.hidden) {
      this.hidden = setTimeout(() => this.letGo('paused'), HIDDEN_FOR);
      return;
    }
    if (this.current !== undefined) {
      void this.ping(this.current.client);
      return;
    }
    this.failures = 0;
    clearTimeout(this.retry);
    if (this.next === undefined) void this.open();
  }

  /** Of a socket that only looks open nothing comes back. */
  private async ping(client: MqttClient): Promise<void> {
    const answered = await new Promise<boolean>((resolve) => {
      const hear = ({ cmd }: { readonly cmd: string }): void => {
        if (cmd === 'pingresp') done(true);
      };
      const done = (came: boolean): void => {
        clearTimeout(limit);
        client.off('packetreceive', hear);
        resolve(came);
      };
      const limit = setTimeout(() => done(false), PING_LIMIT);
      client.on('packetreceive', hear);
      client.sendPing();
    });
    if (!answered) this.lost(client);
  }

  private async open(): Promise<void> {
    if (this.ended || this.next !== undefined) return;
    const turn: { client?: MqttClient } = {};
    this.next = turn;
    if (this.current === undefined) this.tell(this.state === 'connecting' ? 'connecting' : 'reconnecting');
    try {
      // Without a token that holds nothing is tried: the broker would only close the connection.
      const [{ default: mqtt }, password] = await Promise.all([import('mqtt'), this.options.token()]);
      if (this.next !== turn) return;
      const client = mqtt.connect(this.options.url, {
        protocolVersion: 4,
        username: this.options.username,
        password,
        clientId: `${this.options.clientPrefix}${crypto.randomUUID()}`,
        clean: true,
        keepalive: KEEPALIVE_SECONDS,
        connectTimeout: 10_000,
        // Each connection is a new client, as a token is of use for one.
        reconnectPeriod: 0,
        resubscribe: false,
      });
      turn.client = client;
      client.on('error', (error) => {
        console.warn('live connection', error.message);
        client.end(true);
      });
      client.on('close', () => this.lost(client));
      client.on('message', (topic, payload) => this.hear(topic, payload));
      client.once('connect', () => void this.take(client));
    } catch (error) {
      if (this.next !== turn) return;
      this.next = undefined;
      if (error instanceof SignedOut) this.close();
      else this.again();
    }
  }

  /** A client has connected: it hears what is wanted, then the one before goes. */
  private async take(client: MqttClient): Promise<void> {
    const filters = this.wanted();
    if (!(await this.subscribe(client, filters)) || this.next?.client !== client) return;
    const before = this.current?.client;
    this.next = undefined;
    this.current = { client, since: Date.now() };
    this.heardFilters = new Set(filters);
    before?.end();
    clearTimeout(this.replacement);
    this.replacement = setTimeout(() => void this.open(), REPLACE_AFTER);
    this.tell('connected');
    this.flushSoon();
    // The one before has heard everything until now.
    if (before === undefined) this.tellMissed();
  }

  /** @returns whether the broker took all */
  private async subscribe(client: MqttClient, filters: readonly string[]): Promise<boolean> {
    try {
      for (let at = 0; at < filters.length; at += FILTERS_A_REQUEST)
        await client.subscribeAsync(filters.slice(at, at + FILTERS_A_REQUEST), { qos: 0 });
      return true;
    } catch {
      // Refused, or closed meanwhile: without it the connection is of no use.
      this.lost(client);
      return false;
    }
  }

  private lost(client: MqttClient): void {
    client.end(true);
    if (this.next?.client === client) this.next = undefined;
    else if (this.current?.client === client) {
      const held = Date.now() - this.current.since > HELD;
      this.current = undefined;
      this.heardFilters = new Set();
      if (held) this.failures = 0;
    } else return;
    if (this.current === undefined) this.tell(this.state === 'connecting' ? 'connecting' : 'reconnecting');
    if (this.next === undefined) this.again();
  }

  /** Tries again later, each time later than before. */
  private again(): void {
    if (this.ended || this.state === 'paused') return;
    clearTimeout(this.retry);
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.failures);
    this.failures += 1;
    this.retry = setTimeout(() => void this.open(), pause * (0.5 + Math.random() / 2));
  }

  private hear(topic: string, payload: Uint8Array): void {
    for (const [filter, listeners] of this.listeners)
      if (matches(filter, topic)) for (const listener of listeners) listener(topic, payload);
  }

  private wanted(): string[] {
    return [...this.listeners.keys()].slice(0, MOST_FILTERS);
  }

  /** What is shown changes all at once when one goes to another page. */
  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    queueMicrotask(async () => {
      this.flushing = false;
      const client = this.current?.client;
      if (client === undefined) return;
      const wanted = this.wanted();
      const gone = [...this.heardFilters].filter((filter) => !wanted.includes(filter));
      const added = wanted.filter((filter) => !this.heardFilters.has(filter));
      if (gone.length + added.length === 0) return;
      for (const filter of gone) this.heardFilters.delete(filter);
      if (gone.length > 0) client.unsubscribe(gone);
      if (added.length > 0 && !(await this.subscribe(client, added))) return;
      if (this.current?.client !== client) return;
      for (const filter of added) if (this.listeners.has(filter)) this.heardFilters.add(filter);
      this.tell(this.state);
    });
  }
}
