/**
 * Live values from a device to people, and what people cost who only wait. `--scale 0.1` takes a tenth of the devices and
 * of those who wait.
 *
 * 1 000 devices at 10 sites measure once a second; 50 people watch, 5 a site: each hears 100 messages a second, which is
 * as much as AWS IoT delivers to one connection. What is timed is publish to decoded, devices and people in processes of
 * their own, and the whole platform stores the same messages meanwhile.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { PERSON_CLIENTS } from '../../contracts/live-access.ts';
import { synthesizeTo } from '../support/assembly.ts';
import { labOf } from '../support/lab.ts';
import { atLeast, atMost, type Figure, inform } from './figure.ts';
import { Child } from './load/child.ts';
import { newGatewayProcess } from './load/gateway-process.ts';
import { labAt } from './load/lab.ts';
import type { FromDevices, ToDevices } from './load/live-devices.ts';
import type { FromPeople, ToPeople } from './load/live-people.ts';

const BENCH = 'live';
const DEVICES = 1000;
const SITES = 10;
const PEOPLE = 50;
const IDLE = 10_000;
/** Connections before it counts: functions have started, and memory for many is there. */
const WARM_UP = 200;
const SETTLE_MS = 5000;
const SECONDS = 20;

const siteOf = (at: number): string => `lab-${at % SITES}`;

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;

const newPeople = (): Child<ToPeople, FromPeople> =>
  new Child('people', new URL('./load/live-people.ts', import.meta.url));

interface Place {
  readonly url: string;
  readonly authorizer: string;
  /** A fresh token, and what client ids begin with. */
  readonly who: (group: string) => Promise<{ readonly token: string; readonly prefix: string }>;
}

const watchValues = async (
  { url, authorizer, who }: Place,
  fleet: string,
  count: number,
): Promise<Figure[]> => {
  await using devices: Child<ToDevices, FromDevices> = new Child(
    'devices',
    new URL('./load/live-devices.ts', import.meta.url),
  );
  await using people = newPeople();
  const filters = Array.from({ length: PEOPLE }, (_, at) => `lab/${siteOf(at)}/+/data`);
  await people.say({ type: 'connect', url, authorizer, ...(await who('watching')), filters }, 'connected');
  await devices.say({ type: 'start', fleet }, 'started');
  await delay(SETTLE_MS);
  await people.say({ type: 'listen' }, 'listening');
  await delay(SECONDS * 1000);
  const { millis, lost } = await people.say({ type: 'tell' }, 'told');
  await devices.say({ type: 'stop' }, 'stopped');
  const sorted = millis.toSorted((one, other) => one - other);
  const expected = (count * PEOPLE) / SITES;
  return [
    atLeast(BENCH, 'heard', millis.length / SECONDS, 'messages/s', expected * 0.98),
    atMost(BENCH, 'connections lost', lost, 'connections', 0),
    inform(BENCH, 'publish to decoded, p50', quantile(sorted, 0.5), 'ms'),
    inform(BENCH, 'publish to decoded, p95', quantile(sorted, 0.95), 'ms'),
    atMost(BENCH, 'publish to decoded, p99', quantile(sorted, 0.99), 'ms', 16),
  ];
};

const weighIdle = async (
  gateway: ReturnType<typeof newGatewayProcess>,
  { url, authorizer, who }: Place,
  count: number,
): Promise<Figure[]> => {
  await using people = newPeople();
  const connect = async (many: number, group: string): Promise<number> => {
    const begin = performance.now();
    const filters = Array.from({ length: many }, (_, at) => `lab/${siteOf(at)}-idle/+/data`);
    await people.say({ type: 'connect', url, authorizer, ...(await who(group)), filters }, 'connected');
    return (performance.now() - begin) / 1000;
  };
  await connect(WARM_UP, 'warm');
  await delay(SETTLE_MS);
  const before = await gateway.say({ type: 'weigh' }, 'weighed');
  const seconds = await connect(count, 'idle');
  await delay(SETTLE_MS);
  const after = await gateway.say({ type: 'weigh' }, 'weighed');
  const { lost } = await people.say({ type: 'tell' }, 'told');
  const added = after.connections - before.connections;
  return [
    atLeast(BENCH, 'idle connections', added, 'connections', count),
    atMost(BENCH, 'idle connections lost', lost, 'connections', 0),
    inform(BENCH, 'connected', count / seconds, 'connections/s'),
    atMost(
      BENCH,
      'memory of the gateway an idle connection',
      (after.rss - before.rss) / added / 1024,
      'KB',
      64,
    ),
  ];
};

/** Runs the benches of this file. */
export const run = async ({
  scale = 1,
}: {
  readonly scale?: number | undefined;
}): Promise<readonly Figure[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'labgate-bench-live-'));
  try {
    await synthesizeTo(folder);
    await using gateway = newGatewayProcess();
    const { api, credentialsDir, live, authorizer } = await gateway.say(
      { type: 'open', assembly: folder },
      'opened',
    );
    const addresses = { api, live, mqtt: '', aws: '', issuer: undefined, page: undefined };
    const signIn = labOf({ addresses, credentialsDir, close: async () => undefined });
    const place: Place = {
      url: live,
      authorizer,
      who: async (group) => {
        const token = await signIn.personToken('viewer');
        const principalId = String(decodeJwt(token).sub).replaceAll('-', '');
        return { token, prefix: `${PERSON_CLIENTS}${principalId}.${group}-` };
      },
    };
    const count = Math.max(SITES, Math.round(DEVICES * scale));
    const fleet = await (await labAt(api, credentialsDir)).enroll(count, () => undefined, siteOf);
    const file = join(folder, 'fleet.json');
    await writeFile(file, JSON.stringify(fleet), { mode: 0o600 });
    await gateway.say({ type: 'drain' }, 'drained');
    const values = await watchValues(place, file, count);
    await gateway.say({ type: 'drain' }, 'drained');
    return [...values, ...(await weighIdle(gateway, place, Math.round(IDLE * scale)))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
