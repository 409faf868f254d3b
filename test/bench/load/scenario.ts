/**
 * One scenario: the gateway in a process of its own, a fleet registered through its API, a publisher in a second
 * process, and at the end the count of stored points.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.ts';
import { type GatewayProcess, newGatewayProcess } from './gateway-process.ts';
import { labAt } from './lab.ts';
import {
  type Fleet,
  type FromPublisher,
  type Phase,
  POINTS,
  type Published,
  type ToPublisher,
} from './plan.ts';

export interface Scenario {
  readonly assembly: string;
  /** Of the gateway; all is in memory when absent. */
  readonly dataDir?: string;
  readonly devices: number;
  readonly phases: readonly Phase[];
}

export interface PhaseResult extends Published {
  /** Seconds from the first publish until everything was in the table. */
  readonly storedSeconds: number;
  /** Processor time of the gateway, in seconds. */
  readonly gatewayCpu: number;
}

/** Something done for the whole fleet. */
export interface Together {
  readonly seconds: number;
  /** Processor time of the gateway, in seconds. */
  readonly gatewayCpu: number;
}

export interface ScenarioResult {
  readonly phases: readonly PhaseResult[];
  readonly registering: Together;
  readonly connecting: Together;
  readonly connections: number;
  readonly sentPoints: number;
  readonly storedPoints: number;
  /** Greatest resident set of the gateway's process, from its start until everything was stored, in MB. */
  readonly rss: number;
}

type PublisherProcess = Child<ToPublisher, FromPublisher>;

const load = async (
  gateway: GatewayProcess,
  publisher: PublisherProcess,
  phase: Phase,
): Promise<PhaseResult> => {
  const before = await gateway.say({ type: 'use' }, 'used');
  await publisher.say({ type: 'publish', phase }, 'published');
  const { at } = await gateway.say({ type: 'drain' }, 'drained');
  const after = await gateway.say({ type: 'use' }, 'used');
  const { published } = await publisher.say({ type: 'finish' }, 'finished');
  return {
    ...published,
    storedSeconds: (at - published.start) / 1000,
    gatewayCpu: after.cpu - before.cpu,
  };
};

const connect = async (publisher: PublisherProcess, fleet: Fleet): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'labgate-bench-'));
  try {
    const file = join(folder, 'fleet.json');
    writeFileSync(file, JSON.stringify(fleet), { mode: 0o600 });
    return (await publisher.say({ type: 'connect', fleet: file }, 'connected')).seconds;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** @param progress gets a line after each step */
export const runScenario = async (
  { devices, phases, ...where }: Scenario,
  progress: (text: string) => void,
): Promise<ScenarioResult> => {
  await using gateway = newGatewayProcess();
  const { api, credentialsDir } = await gateway.say({ type: 'open', ...where }, 'opened');
  const lab = await labAt(api, credentialsDir);
  const idle = await gateway.say({ type: 'use' }, 'used');
  const begin = performance.now();
  const fleet = await lab.enroll(devices, (done) => {
    if (done % 500 === 0) progress(`${done} of ${devices} devices are registered`);
  });
  const registeringSeconds = (performance.now() - begin) / 1000;
  const registered = await gateway.say({ type: 'use' }, 'used');
  await using publisher: PublisherProcess = new Child(
    'publisher',
    new URL('./publisher.ts', import.meta.url),
  );
  const connectingSeconds = await connect(publisher, fleet);
  await gateway.say({ type: 'drain' }, 'drained');
  const connected = await gateway.say({ type: 'use' }, 'used');
  progress(`${connected.connections} devices are connected, with ${Math.round(connected.rss)} MB at most`);
  const results: PhaseResult[] = [];
  for (const phase of phases) {
    const result = await load(gateway, publisher, phase);
    results.push(result);
    progress(`${results.length} of ${phases.length} loads are stored, in ${result.storedSeconds} s`);
  }
  const { rss } = await gateway.say({ type: 'use' }, 'used');
  const storedPoints = await lab.storedPoints(fleet);
  progress(`${storedPoints} points are found`);
  return {
    phases: results,
    registering: { seconds: registeringSeconds, gatewayCpu: registered.cpu - idle.cpu },
    connecting: { seconds: connectingSeconds, gatewayCpu: connected.cpu - registered.cpu },
    connections: connected.connections,
    sentPoints: results.reduce((sum, { messages }) => sum + messages, 0) * POINTS,
    storedPoints,
    rss,
  };
};
