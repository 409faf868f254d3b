/** Commands from the request to the device and back, to a connected fleet, each followed to its end. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from '../../contracts/resources/commands.ts';
import { synthesizeTo } from '../support/assembly.ts';
import { variantOf } from '../support/variant.ts';
import { atLeast, atMost, type Figure, inform } from './figure.ts';
import { Child } from './load/child.ts';
import type { FromDevices, ToDevices } from './load/command-devices.ts';
import { newGatewayProcess } from './load/gateway-process.ts';
import { labAt, tokensFor } from './load/lab.ts';

const BENCH = 'commands';
const DEVICES = 1000;
/** Commands a second; `BENCH_COMMANDS_RATE` has another rate tried. */
const RATE = Number(process.env['BENCH_COMMANDS_RATE'] ?? 100);
/** Commands that are asked for or watched at the same time, at most. */
const AT_ONCE = 32;
const SECONDS = 15;
/** Of so many commands one is watched from outside, so that watching is not what is measured. */
const WATCHED = 10;
/** Commands before it counts. */
const WARM_UP = 200;
const LOOK_MS = 15;

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? 0;

const latencies = (what: string, values: readonly number[], target: number | undefined): Figure[] => [
  inform(BENCH, `${what}, p50`, quantile(values, 0.5), 'ms'),
  inform(BENCH, `${what}, p95`, quantile(values, 0.95), 'ms'),
  target === undefined
    ? inform(BENCH, `${what}, p99`, quantile(values, 0.99), 'ms')
    : atMost(BENCH, `${what}, p99`, quantile(values, 0.99), 'ms', target),
];

const measure = async (assembly: string, folder: string): Promise<Figure[]> => {
  await using gateway = newGatewayProcess();
  const { api, credentialsDir } = await gateway.say({ type: 'open', assembly }, 'opened');
  const lab = await labAt(api, credentialsDir);
  const fleet = await lab.enroll(DEVICES, () => undefined);
  const file = join(folder, 'fleet.json');
  await writeFile(file, JSON.stringify(fleet), { mode: 0o600 });
  await using devices: Child<ToDevices, FromDevices> = new Child(
    'devices',
    new URL('./load/command-devices.ts', import.meta.url),
  );
  await devices.say({ type: 'connect', fleet: file }, 'connected');
  await gateway.say({ type: 'drain' }, 'drained');
  const token = tokensFor(credentialsDir, 'fleet');
  const ask = async (path: string, body?: object): Promise<Command> => {
    const response = await fetch(`${api}${path}`, {
      headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Command;
  };
  const accepted: number[] = [];
  const succeeded: number[] = [];
  const answered: number[] = [];
  let looks = 0;
  const give = async (at: number): Promise<string> => {
    const begin = performance.now();
    const device = fleet.devices[(at * 37) % DEVICES]?.clientId ?? '';
    const { id } = await ask(`/v1/devices/${device}/commands`, { command: 'check' });
    answered.push(performance.now() - begin);
    if (at % WATCHED !== 0) return id;
    for (let seen = false; ; await delay(LOOK_MS)) {
      looks += 1;
      const { state } = await ask(`/v1/commands/${id}`);
      const after = performance.now() - begin;
      if (!seen && state !== 'queued' && state !== 'sent') {
        seen = true;
        accepted.push(after);
      }
      if (state === 'succeeded') {
        succeeded.push(after);
        return id;
      }
      if (after > 60_000) throw new Error(`${id} is ${state} after a minute`);
    }
  };
  // Environments of the functions start, which is not what is measured.
  for (let at = 1; at <= WARM_UP; at += 10)
    await Promise.all(Array.from({ length: 10 }, (_, more) => give(WATCHED * (at + more) + 1)));
  answered.length = 0;
  await gateway.say({ type: 'count', service: 'dynamodb' }, 'counted');
  const before = await gateway.say({ type: 'use' }, 'used');
  const begin = performance.now();
  const given: Promise<string>[] = [];
  let underWay = 0;
  for (let at = 0; at < RATE * SECONDS; at += 1) {
    const wait = begin + (at * 1000) / RATE - performance.now();
    if (wait > 0) await delay(wait);
    // Whoever asks for more than is done would only measure how long the queue has become.
    while (underWay >= AT_ONCE) await delay(1);
    underWay += 1;
    given.push(
      give(at).finally(() => {
        underWay -= 1;
      }),
    );
  }
  const asked = (performance.now() - begin) / 1000;
  const ids = await Promise.all(given);
  await delay(2000);
  await gateway.say({ type: 'drain' }, 'drained');
  const after = await gateway.say({ type: 'use' }, 'used');
  const { calls } = await gateway.say({ type: 'count' }, 'counted');
  let done = 0;
  for (const id of ids) if ((await ask(`/v1/commands/${id}`)).state === 'succeeded') done += 1;
  const { commands, repeated } = await devices.say({ type: 'tell' }, 'told');
  return [
    atLeast(BENCH, 'given', ids.length / asked, 'commands/s', RATE * 0.98),
    atLeast(BENCH, 'succeeded', done, 'commands', ids.length),
    atMost(BENCH, 'done twice', commands - WARM_UP - ids.length, 'commands', 0),
    inform(BENCH, 'sent again', repeated, 'messages'),
    ...latencies('answered', answered, undefined),
    ...latencies('accepted', accepted, 250),
    ...latencies('succeeded, of which 300 ms at work', succeeded, undefined),
    inform(BENCH, 'DynamoDB calls a command, watching taken off', (calls - looks) / ids.length, 'calls'),
    inform(
      BENCH,
      'processor time of the gateway a command',
      (1000 * (after.cpu - before.cpu)) / ids.length,
      'ms',
    ),
  ];
};

/** Runs the benches of this file. */
export const run = async (): Promise<readonly Figure[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'labgate-bench-commands-'));
  try {
    await synthesizeTo(folder);
    // The limit of requests is not what is measured.
    using variant = variantOf(folder, ({ Resources }) => {
      for (const { Type, Properties } of Object.values(Resources)) {
        if (Type !== 'AWS::ApiGateway::Stage') continue;
        for (const method of (Properties['MethodSettings'] ?? []) as Record<string, unknown>[])
          Object.assign(method, { ThrottlingRateLimit: 5000, ThrottlingBurstLimit: 5000 });
      }
    });
    return await measure(variant.folder, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
