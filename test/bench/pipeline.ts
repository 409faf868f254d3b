/**
 * The whole way of a measurement under load, with the settings of `dev`: mutual TLS, broker, rule, one shard, `ingest`,
 * table. The gateway and the publisher are two processes on the same processors.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesizeTo } from '../support/assembly.ts';
import { atLeast, atMost, type Figure, inform } from './figure.ts';
import type { Phase, Quantiles } from './load/plan.ts';
import { type PhaseResult, runScenario, type ScenarioResult, type Together } from './load/scenario.ts';

const BENCH = 'pipeline';
const RATE = 5000;
const RSS_MB = 1536;
/** The fastest of several rounds counts, because other work on the computer can only slow it down. */
const ROUNDS = 3;
const FLOOD = 30_000;
const PACED_SECONDS = 15;

const progressOf = (name: string) => (progress: string) => {
  process.stderr.write(`${new Date().toISOString()} ${name}: ${progress}\n`);
};

const latency = (of: string, { p50, p95, p99 }: Quantiles): Figure[] => [
  inform(BENCH, `${of}: p50`, p50, 'ms'),
  inform(BENCH, `${of}: p95`, p95, 'ms'),
  inform(BENCH, `${of}: p99`, p99, 'ms'),
];

const cost = (name: string, { messages, gatewayCpu, cpu }: PhaseResult): Figure[] => [
  inform(BENCH, `${name}: processor time of the gateway`, (1e6 * gatewayCpu) / messages, 'µs/message'),
  inform(BENCH, `${name}: processor time of the publisher`, (1e6 * cpu) / messages, 'µs/message'),
];

const together = (name: string, { seconds, gatewayCpu }: Together, devices: number): Figure[] => [
  inform(BENCH, name, (1000 * seconds) / devices, 'ms'),
  inform(BENCH, `${name}: processor time of the gateway`, (1000 * gatewayCpu) / devices, 'ms'),
];

/** Without a data folder tables and stream are in memory: the memory figure contains all data of the run. */
const whole = (name: string, result: ScenarioResult, devices: number): Figure[] => [
  atLeast(BENCH, `${name}: connected`, result.connections, 'devices', devices),
  ...together(`${name}: registering a device`, result.registering, devices),
  ...together(`${name}: connecting a device`, result.connecting, devices),
  atMost(BENCH, `${name}: memory of the gateway`, result.rss, 'MB', RSS_MB),
  atMost(BENCH, `${name}: lost`, result.sentPoints - result.storedPoints, 'measurements', 0),
];

const storedRate = ({ messages, storedSeconds }: PhaseResult): number => messages / storedSeconds;

const fastest = (phases: readonly PhaseResult[]): PhaseResult =>
  phases.reduce((best, phase) => (storedRate(phase) > storedRate(best) ? phase : best));

const thousand = async (assembly: string): Promise<Figure[]> => {
  const flood = (format: Phase['format']): Phase => ({ format, messages: FLOOD, window: 4 });
  const phases: Phase[] = [
    // Warm-up: until the code is compiled.
    { format: 'columns', messages: 10_000, window: 4 },
    ...Array.from({ length: ROUNDS }, () => flood('columns')),
    ...Array.from({ length: ROUNDS }, () => flood('rows')),
    { format: 'columns', messages: RATE * PACED_SECONDS, rate: RATE, window: 100, ackEvery: 10 },
  ];
  const devices = 1000;
  const result = await runScenario({ assembly, devices, phases }, progressOf('1000 devices'));
  const paced = result.phases.at(-1);
  if (paced === undefined) throw new Error('a phase is missing');
  const figures: Figure[] = [];
  for (const [format, first] of [
    ['columns', 1],
    ['rows', 1 + ROUNDS],
  ] as const) {
    const phase = fastest(result.phases.slice(first, first + ROUNDS));
    const name = `1000 devices, ${format}`;
    figures.push(
      atLeast(BENCH, `${name}: stored`, storedRate(phase), 'messages/s', RATE),
      ...cost(name, phase),
    );
  }
  const name = `1000 devices at ${RATE} messages/s`;
  figures.push(
    inform(BENCH, `${name}: reached`, paced.messages / paced.seconds, 'messages/s'),
    ...latency(`${name}: broker's acknowledgement`, paced.broker),
    ...latency(`${name}: durable acknowledgement`, paced.durable),
    ...cost(name, paced),
    ...whole('1000 devices', result, devices),
  );
  return figures;
};

/** With a data folder: what is acknowledged is on disk. */
const onDisk = async (assembly: string): Promise<Figure[]> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'labgate-bench-data-'));
  const devices = 1000;
  const name = '1000 devices, on disk';
  try {
    const phases: Phase[] = [
      { format: 'columns', messages: 10_000, window: 4 },
      ...Array.from({ length: ROUNDS }, (): Phase => ({ format: 'columns', messages: FLOOD, window: 4 })),
      { format: 'columns', messages: 1000 * 10, rate: 1000, window: 100, ackEvery: 10 },
    ];
    const result = await runScenario({ assembly, dataDir, devices, phases }, progressOf(name));
    const phase = fastest(result.phases.slice(1, 1 + ROUNDS));
    const paced = result.phases.at(-1);
    if (paced === undefined) throw new Error('a phase is missing');
    return [
      atLeast(BENCH, `${name}: stored`, storedRate(phase), 'messages/s', RATE),
      ...cost(name, phase),
      ...latency(`${name} at 1000 messages/s: durable acknowledgement`, paced.durable),
      ...whole(name, result, devices),
    ];
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
};

const tenThousand = async (assembly: string): Promise<Figure[]> => {
  const devices = 10_000;
  const rate = devices / 10;
  const phases: Phase[] = [{ format: 'columns', messages: rate * 60, rate, window: 10, ackEvery: 10 }];
  const name = '10000 devices';
  const result = await runScenario({ assembly, devices, phases }, progressOf(name));
  const [phase] = result.phases;
  if (phase === undefined) throw new Error('a phase is missing');
  return [
    // A minute at this rate; 5 % less is allowed for the time until the last message is stored.
    atLeast(BENCH, `${name}: stored`, storedRate(phase), 'messages/s', rate * 0.95),
    ...latency(`${name}: broker's acknowledgement`, phase.broker),
    ...latency(`${name}: durable acknowledgement`, phase.durable),
    ...cost(name, phase),
    ...whole(name, result, devices),
  ];
};

/** Runs the benches of this file. */
export const run = async (): Promise<readonly Figure[]> => {
  const assembly = await mkdtemp(join(tmpdir(), 'labgate-bench-assembly-'));
  try {
    await synthesizeTo(assembly);
    return [...(await thousand(assembly)), ...(await onDisk(assembly)), ...(await tenThousand(assembly))];
  } finally {
    await rm(assembly, { recursive: true, force: true });
  }
};
