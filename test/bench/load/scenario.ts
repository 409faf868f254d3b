/**
 * One scenario in a process of its own, whose memory is that of the gateway: opens it, registers a fleet through
 * the API, lets the publisher load it, and counts at the end what is stored.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registered } from '../../../contracts/devices.ts';
import { createIdentity } from '../../../device/identity.ts';
import { type Lab, openLab } from '../../flow/lab.ts';
import { SENSOR } from './message.ts';
import {
  type Credentials,
  type Fleet,
  type FromPublisher,
  type Phase,
  POINTS,
  type Published,
  type ToPublisher,
} from './plan.ts';

export interface Scenario {
  readonly assembly: string;
  readonly devices: number;
  readonly phases: readonly Phase[];
}

export interface PhaseResult extends Published {
  /** Seconds from the first publish until everything was in the table. */
  readonly storedSeconds: number;
  /** Processor time of the gateway, in seconds. */
  readonly gatewayCpu: number;
}

export interface ScenarioResult {
  readonly phases: readonly PhaseResult[];
  /** Seconds in which all devices registered, and connected. */
  readonly registering: number;
  readonly connecting: number;
  readonly connections: number;
  readonly sentPoints: number;
  readonly storedPoints: number;
  /** Greatest resident set of the process while it was loaded, in MB. */
  readonly rss: number;
}

const AT_ONCE = 4;

/** Runs over all with a few at once. */
const each = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [at, item] of queue) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
};

/** Calls the API, and again later where it says that there were too many calls. */
const ask = async <T>(lab: Lab, path: string, init: RequestInit = {}): Promise<T> => {
  for (;;) {
    const response = await lab.call(path, init);
    const text = await response.text();
    if (response.ok) return JSON.parse(text) as T;
    if (response.status !== 429) throw new Error(`${path}: ${response.status} ${text}`);
    await delay(100 + Math.random() * 100);
  }
};

const register = async (lab: Lab, id: string): Promise<Registered & { readonly key: string }> => {
  const { csr, key } = await createIdentity(id);
  const body = JSON.stringify({ id, site: 'lab-1', type: SENSOR.id, csr });
  return { ...(await ask<Registered>(lab, '/v1/devices', { method: 'POST', body })), key };
};

const enroll = async (lab: Lab, count: number): Promise<Fleet> => {
  const ids = Array.from({ length: count }, (_, at) => `sensor-${at}`);
  const registered = await each(ids, (id) => register(lab, id));
  const [first] = registered;
  if (first === undefined) throw new RangeError('a fleet has at least one device');
  const devices = registered.map(
    ({ clientId, topics, certificate, key }): Credentials => ({
      clientId,
      data: topics.data,
      ack: topics.ack,
      certificate,
      key,
    }),
  );
  const { host, port } = first.endpoint;
  return { host, port, ca: first.ca, devices };
};

const storedPoints = async (lab: Lab, fleet: Fleet): Promise<number> => {
  const counts = await each(fleet.devices, async ({ clientId }) => {
    const from = new Date(Date.now() - 2 * 86_400_000).toISOString();
    const series = await ask<{
      readonly items: readonly { readonly count: number }[];
      readonly next: unknown;
    }>(lab, `/v1/devices/${clientId}/series?from=${from}&every=P1D&agg=count`);
    if (series.next !== null) throw new Error('the bench expects one page');
    return series.items.reduce((sum, { count }) => sum + count, 0);
  });
  return counts.reduce((sum, count) => sum + count, 0);
};

class Publisher {
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(new URL('./publisher.ts', import.meta.url), { execArgv: [] });
    this.child.once('exit', (code) => {
      if (code !== 0) throw new Error(`the publisher ended with ${code}`);
    });
  }

  async say<T extends FromPublisher['type']>(
    message: ToPublisher,
    answer: T,
  ): Promise<Extract<FromPublisher, { readonly type: T }>> {
    this.child.send(message);
    const [heard] = (await once(this.child, 'message')) as [FromPublisher];
    if (heard.type !== answer) throw new Error(`the publisher said ${heard.type} instead of ${answer}`);
    return heard as Extract<FromPublisher, { readonly type: T }>;
  }

  async end(): Promise<void> {
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}

const load = async (lab: Lab, publisher: Publisher, phase: Phase): Promise<PhaseResult> => {
  const cpu = process.cpuUsage();
  await publisher.say({ type: 'publish', phase }, 'published');
  await lab.gateway.drain();
  const stored = Date.now();
  const { user, system } = process.cpuUsage(cpu);
  const { published } = await publisher.say({ type: 'finish' }, 'finished');
  return {
    ...published,
    storedSeconds: (stored - published.start) / 1000,
    gatewayCpu: (user + system) / 1e6,
  };
};

const seconds = async <T>(work: () => Promise<T>): Promise<readonly [T, number]> => {
  const begin = performance.now();
  const result = await work();
  return [result, (performance.now() - begin) / 1000];
};

const runScenario = async ({ assembly, devices, phases }: Scenario): Promise<ScenarioResult> => {
  await using lab = await openLab(assembly);
  await lab.createType(SENSOR);
  const [fleet, registering] = await seconds(() => enroll(lab, devices));
  const folder = mkdtempSync(join(tmpdir(), 'labgate-bench-'));
  const file = join(folder, 'fleet.json');
  writeFileSync(file, JSON.stringify(fleet), { mode: 0o600 });
  const publisher = new Publisher();
  const { seconds: connecting } = await publisher.say({ type: 'connect', fleet: file }, 'connected');
  rmSync(folder, { recursive: true });
  const { connections } = lab.gateway.iot.stats();
  let rss = 0;
  const watch = setInterval(() => {
    rss = Math.max(rss, process.memoryUsage.rss());
  }, 200);
  const results: PhaseResult[] = [];
  for (const phase of phases) results.push(await load(lab, publisher, phase));
  clearInterval(watch);
  await publisher.end();
  const sent = results.reduce((sum, { messages }) => sum + messages, 0);
  return {
    phases: results,
    registering,
    connecting,
    connections,
    sentPoints: sent * POINTS,
    storedPoints: await storedPoints(lab, fleet),
    rss: rss / 2 ** 20,
  };
};

process.once('message', async (scenario: Scenario) => {
  // Nobody would hear the result of a scenario whose bench has been stopped.
  const forsaken = () => process.exit(1);
  process.once('disconnect', forsaken);
  const result = await runScenario(scenario);
  process.off('disconnect', forsaken);
  process.send?.(result, () => process.disconnect());
});
