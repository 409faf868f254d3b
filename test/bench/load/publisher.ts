/** The publisher: a process of its own, with one TLS connection a device. Its messages are in plan.ts. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createSecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { messageOf } from './message.ts';
import { connect, DISCONNECT, puback, publisherOf, Reader, subscribe } from './mqtt.ts';
import type { Credentials, Fleet, FromPublisher, Phase, Published, Quantiles, ToPublisher } from './plan.ts';

const HANDSHAKES = 32;
const KEEP_ALIVE = 1200;
const TICK_MS = 5;
/**
 * How far back the data begin: however fast they are sent, none may lie in the future. Not longer, because compaction
 * works on hours that are over.
 */
const PAST_MS = 2 * 60_000;

/** Waiting times in milliseconds. */
class Latencies {
  private values = new Float64Array(1 << 16);
  private count = 0;

  add(value: number): void {
    if (this.count === this.values.length) {
      const more = new Float64Array(this.values.length * 2);
      more.set(this.values);
      this.values = more;
    }
    this.values[this.count++] = value;
  }

  quantiles(): Quantiles {
    const sorted = this.values.subarray(0, this.count).sort();
    const at = (share: number) => sorted[Math.max(0, Math.ceil(share * this.count) - 1)] ?? 0;
    return { count: this.count, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}

class Run {
  readonly phase: Phase;
  readonly broker = new Latencies();
  readonly durable = new Latencies();
  readonly start = performance.now();
  readonly startedAt = Date.now();
  readonly cpu = process.cpuUsage();
  sent = 0;
  acknowledged = 0;
  /** Messages whose durable acknowledgement has not come yet. */
  asked = 0;
  ended = 0;
  onEnd: () => void = () => undefined;
  onDurable: () => void = () => undefined;

  constructor(phase: Phase) {
    this.phase = phase;
  }

  result(): Published {
    const { user, system } = process.cpuUsage(this.cpu);
    return {
      messages: this.acknowledged,
      start: this.startedAt,
      seconds: (this.ended - this.start) / 1000,
      broker: this.broker.quantiles(),
      durable: this.durable.quantiles(),
      cpu: (user + system) / 1e6,
    };
  }
}

const start = Date.now() - PAST_MS;
let run: Run | undefined;

class Device {
  readonly credentials: Credentials;
  private readonly packet: (id: number, payload: string) => Buffer;
  private readonly place: number;
  private socket: TLSSocket | undefined;
  private seq = 0;
  private id = 0;
  private readonly times = new Map<number, number>();
  private readonly asked = new Map<number, number>();

  constructor(credentials: Credentials, place: number) {
    this.credentials = credentials;
    this.packet = publisherOf(credentials.data);
    this.place = place;
  }

  async connect({ host, port, ca }: Fleet): Promise<void> {
    const { certificate: cert, key, clientId, ack } = this.credentials;
    const socket = tlsConnect({ host, port, secureContext: createSecureContext({ ca, cert, key }) });
    this.socket = socket;
    socket.setNoDelay(true);
    await new Promise<void>((resolve, reject) => {
      const reader = new Reader({
        connack: (code) => {
          if (code === 0) socket.write(subscribe(1, ack));
          else reject(new Error(`CONNACK ${code}`));
        },
        suback: () => resolve(),
        puback: (id) => this.acknowledged(id),
        publish: (payload, id) => this.told(payload, id),
      });
      socket.once('secureConnect', () => socket.write(connect(clientId, KEEP_ALIVE)));
      socket.on('data', (chunk: Buffer) => reader.take(chunk));
      socket.on('error', reject);
      socket.once('close', () => {
        reject(new Error('closed'));
        if (run !== undefined) throw new Error(`the broker closed the connection of ${clientId}`);
      });
    });
  }

  get waiting(): number {
    return this.times.size;
  }

  publish(current: Run): void {
    this.id = (this.id % 65_535) + 1;
    const { format, ackEvery } = current.phase;
    const ack = ackEvery !== undefined && this.place % ackEvery === 0;
    const now = performance.now();
    this.times.set(this.id, now);
    if (ack) {
      this.asked.set(this.seq, now);
      current.asked++;
    }
    current.sent++;
    this.socket?.write(this.packet(this.id, messageOf(format, this.seq++, start, this.place * 13, ack)));
  }

  end(): void {
    this.socket?.end(DISCONNECT);
  }

  private acknowledged(id: number): void {
    const at = this.times.get(id);
    this.times.delete(id);
    if (run === undefined || at === undefined) return;
    const now = performance.now();
    run.broker.add(now - at);
    run.acknowledged++;
    if (run.acknowledged === run.phase.messages) {
      run.ended = now;
      run.onEnd();
    } else if (run.phase.rate === undefined && run.sent < run.phase.messages) this.publish(run);
  }

  private told(payload: Buffer, id: number | undefined): void {
    if (id !== undefined) this.socket?.write(puback(id));
    const { ranges } = JSON.parse(payload.toString()) as { readonly ranges?: [number, number][] };
    if (ranges === undefined) throw new Error(`quarantined: ${payload.toString()}`);
    const now = performance.now();
    for (const [from, to] of ranges) {
      for (let seq = from; seq <= to; seq++) {
        const at = this.asked.get(seq);
        if (at === undefined || run === undefined) continue;
        this.asked.delete(seq);
        run.durable.add(now - at);
        run.asked--;
      }
    }
    if (run?.asked === 0) run.onDurable();
  }
}

let devices: readonly Device[] = [];
const send = (message: FromPublisher): void => {
  process.send?.(message);
};

const connectAll = async (file: string): Promise<void> => {
  const fleet = JSON.parse(readFileSync(file, 'utf8')) as Fleet;
  const begin = performance.now();
  devices = fleet.devices.map((credentials, place) => new Device(credentials, place));
  const queue = devices.values();
  const worker = async () => {
    for (const device of queue) await device.connect(fleet);
  };
  await Promise.all(Array.from({ length: HANDSHAKES }, worker));
  send({ type: 'connected', seconds: (performance.now() - begin) / 1000 });
};

/** Publishes at a rate, one device after the other; a device whose window is full is skipped. */
const paced = async (current: Run, rate: number): Promise<void> => {
  const { messages, window } = current.phase;
  let turn = 0;
  while (current.sent < messages) {
    const due = Math.min(messages, Math.floor(((performance.now() - current.start) / 1000) * rate));
    for (let passed = 0; current.sent < due && passed < devices.length; turn++) {
      const device = devices[turn % devices.length];
      if (device === undefined) throw new RangeError('no devices');
      if (device.waiting < window) device.publish(current);
      else passed++;
    }
    await delay(TICK_MS);
  }
};

const flood = (current: Run): void => {
  const { messages, window } = current.phase;
  for (let round = 0; round < window; round++)
    for (const device of devices) if (current.sent < messages) device.publish(current);
};

const publish = async (phase: Phase): Promise<void> => {
  const current = new Run(phase);
  run = current;
  const ended = new Promise<void>((resolve) => {
    current.onEnd = resolve;
  });
  if (phase.rate === undefined) flood(current);
  else await paced(current, phase.rate);
  await ended;
  send({ type: 'published' });
};

const finish = async (): Promise<void> => {
  const current = run;
  if (current === undefined) throw new Error('nothing was published');
  if (current.asked > 0) {
    await Promise.race([
      new Promise<void>((resolve) => {
        current.onDurable = resolve;
      }),
      delay(2000, undefined, { ref: false }),
    ]);
  }
  run = undefined;
  send({ type: 'finished', published: current.result() });
};

process.on('message', (message: ToPublisher) => {
  if (message.type === 'connect') void connectAll(message.fleet);
  else if (message.type === 'publish') void publish(message.phase);
  else void finish();
});
process.on('disconnect', () => {
  run = undefined;
  for (const device of devices) device.end();
  setTimeout(() => process.exit(0), 200);
});
