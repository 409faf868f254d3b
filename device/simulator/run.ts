/** A fleet over real connections. */
import type { CommandMessage, Reply } from '../../contracts/messages/commands.ts';
import type { ErrorsMessage } from '../../contracts/messages/downstream.ts';
import type { Micros } from '../../contracts/time.ts';
import { encodeMessage } from '../../payload/encode.ts';
import { Device, type TrackedFormat } from '../device.ts';
import type { DeviceOptions } from '../options.ts';
import { StoreFull } from '../store/message-store.ts';
import { wrap } from '../wrapping.ts';
import { commandsOf } from './commands.ts';
import type { FaultLabel } from './faults.ts';
import { type FleetOptions, FleetSignals, type SimulatedMessage } from './fleet.ts';
import { type SimulatedDevice, simulatedDevices } from './simulated-device.ts';

/** How a fleet is run. */
export interface RunOptions extends FleetOptions {
  /** Registers a device where need be, and says how it connects. */
  readonly connect: (device: SimulatedDevice) => Promise<DeviceOptions>;
  /** How many devices are connected at the same time. Default 20. */
  readonly connectAtOnce?: number;
  /** Ends the run; what was sent until then is still delivered. */
  readonly signal?: AbortSignal;
  /** How long to wait at the end for what is not acknowledged. Default 60 s. */
  readonly drainMs?: number;
  readonly on?: Partial<RunListener>;
}

/** What a run tells while it goes on. */
export interface RunListener {
  /** @param count devices that are connected by now */
  connected(device: SimulatedDevice, count: number): void;
  sent(message: SimulatedMessage): void;
  label(label: FaultLabel): void;
  command(device: SimulatedDevice, message: CommandMessage, reply: Reply): void;
  quarantined(device: SimulatedDevice, note: ErrorsMessage): void;
  trouble(device: SimulatedDevice, error: Error): void;
}

/** What a run did, in messages. */
export interface RunResult {
  readonly messages: number;
  readonly points: number;
  /** Known durable. */
  readonly acknowledged: number;
  /** Sent in a format that cannot be acknowledged. */
  readonly untracked: number;
  /** Not sent: the store was full, or an untracked message met no connection. */
  readonly refused: number;
  /** Not acknowledged when the run ended. */
  readonly pending: number;
}

/** Sends that wait for their device's store at one time, before the fleet waits for them. */
const MOST_UNDER_WAY = 1000;

/** The longest that a timer takes is 24 days. */
const LONGEST_WAIT_MS = 86_400_000;

const isTracked = (format: SimulatedDevice['format']): format is TrackedFormat =>
  format === 'rows' || format === 'columns' || format === 'protobuf';

class Run {
  private readonly options: RunOptions;
  private readonly listener: Partial<RunListener>;
  private readonly devices: readonly SimulatedDevice[];
  private readonly signals: FleetSignals;
  private readonly clients = new Map<string, Device>();
  /** Devices that were connected at least once. */
  private connected = 0;
  /** Ends a wait: something may be due before, or nothing is to be sent any more. */
  private wake: () => void = () => undefined;
  /** The newest send of each device: the next follows it, in order. */
  private readonly tails = new Map<string, Promise<void>>();
  private readonly underWay = new Set<Promise<void>>();
  private failure: { readonly reason: unknown } | undefined;
  private readonly result = { messages: 0, points: 0, acknowledged: 0, untracked: 0, refused: 0 };

  constructor(options: RunOptions) {
    this.options = options;
    this.listener = options.on ?? {};
    this.devices = simulatedDevices(options);
    this.signals = new FleetSignals({ ...options, holdDisconnected: false }, this.devices);
  }

  private async connect(device: SimulatedDevice): Promise<void> {
    const { id } = device;
    const commands = commandsOf(device, {
      show: (seconds) => this.signals.show(id, seconds),
      lastControl: () => this.signals.lastControl(id),
      control: (control) => {
        if (this.signals.control(id, control)) this.wake();
      },
    });
    const client = new Device({ commands, ...(await this.options.connect(device)) });
    this.clients.set(id, client);
    client.on('command', (message, reply) => this.listener.command?.(device, message, reply));
    client.on('acknowledged', (_ack, count) => {
      this.result.acknowledged += count;
    });
    client.on('quarantined', (note) => this.listener.quarantined?.(device, note));
    client.on('trouble', (error) => this.listener.trouble?.(device, error));
    const { signal } = this.options;
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => reject(signal?.reason);
      if (signal?.aborted === true) return stop();
      signal?.addEventListener('abort', stop, { once: true });
      client.once('connected', () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      client.connect();
    });
    this.connected += 1;
    this.listener.connected?.(device, this.connected);
  }

  private async connectAll(): Promise<void> {
    const queue = this.devices.values();
    const worker = async (): Promise<void> => {
      for (const device of queue) await this.connect(device);
    };
    await Promise.all(Array.from({ length: this.options.connectAtOnce ?? 20 }, worker));
  }

  private async send(message: SimulatedMessage): Promise<void> {
    const { device, points, facts, disconnected } = message;
    const client = this.clients.get(device.id);
    if (client === undefined) throw new Error(`${device.id} was never connected`);
    if (disconnected) await client.disconnect();
    else client.connect();
    const { format, wrapping } = device;
    try {
      if (isTracked(format)) {
        await client.send({ points, format, wrapping, ...(facts === undefined ? {} : { facts }) });
      } else {
        // SenML has no word for facts: they go ahead in a message of their own.
        if (facts !== undefined) {
          this.result.messages += 1;
          await client.send({ facts });
        }
        this.result.untracked += 1;
        await client.publishOnce(wrap(encodeMessage({ points }, format), wrapping));
      }
    } catch (error) {
      if (!(error instanceof StoreFull) && client.connected) throw error;
      this.result.refused += 1;
      if (!(error instanceof StoreFull)) this.listener.trouble?.(device, error as Error);
    }
  }

  private async start(message: SimulatedMessage): Promise<void> {
    this.result.messages += 1;
    this.result.points += message.points.length;
    for (const label of message.labels) this.listener.label?.(label);
    const { id } = message.device;
    const sending = (this.tails.get(id) ?? Promise.resolve())
      .then(() => (this.failure === undefined ? this.send(message) : undefined))
      .catch((reason: unknown) => {
        this.failure ??= { reason };
      })
      .finally(() => this.underWay.delete(sending));
    this.tails.set(id, sending);
    this.underWay.add(sending);
    this.listener.sent?.(message);
    if (this.underWay.size >= MOST_UNDER_WAY) await Promise.race(this.underWay);
    this.checkFailure();
  }

  private checkFailure(): void {
    if (this.failure !== undefined) throw this.failure.reason;
  }

  /** Waits for a time, or until {@link wake}. */
  private waitUntil(time: Micros): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(time / 1000 - Date.now(), LONGEST_WAIT_MS));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async sendAll(): Promise<void> {
    const { signal } = this.options;
    const wake = (): void => this.wake();
    signal?.addEventListener('abort', wake);
    try {
      while (signal?.aborted !== true) {
        const { due } = this.signals;
        if (due === undefined) return;
        if (due / 1000 > Date.now()) await this.waitUntil(due);
        else for (const message of this.signals.next()) await this.start(message);
      }
    } finally {
      signal?.removeEventListener('abort', wake);
    }
  }

  private async drain(): Promise<void> {
    await Promise.all(this.underWay);
    this.checkFailure();
    const { drainMs = 60_000 } = this.options;
    const signal = AbortSignal.timeout(drainMs);
    for (const client of this.clients.values()) client.connect();
    const outcomes = await Promise.allSettled(
      [...this.clients.values()].map((client) => client.drained(signal)),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected' && outcome.reason !== signal.reason) throw outcome.reason;
    }
  }

  async run(): Promise<RunResult> {
    try {
      try {
        await this.connectAll();
        await this.sendAll();
      } catch (error) {
        // Being told to end is how an endless run ends.
        if (this.options.signal?.aborted !== true) throw error;
      }
      await this.drain();
      let pending = 0;
      for (const client of this.clients.values()) pending += client.pending;
      return { ...this.result, pending };
    } finally {
      // A send that is still under way would connect its device again.
      await Promise.all(this.underWay);
      await Promise.all([...this.clients.values()].map((client) => client.close()));
    }
  }
}

/**
 * Connects a fleet and sends its messages at their time, those of the past at once.
 * @returns when all are sent and acknowledged, or the signal ended it
 * @throws what `connect` throws
 */
export const runFleet = (options: RunOptions): Promise<RunResult> => new Run(options).run();
