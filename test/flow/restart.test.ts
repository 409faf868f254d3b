/** What a data folder keeps from one start to the next, and that only one gateway at a time has it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Device } from '../../contracts/resources/devices.ts';
import type { Point } from '../../contracts/resources/series.ts';
import { type Instrument, type Lab, openLab } from '../support/lab.ts';

const assembly = inject('assembly');
const dataDir = mkdtempSync(join(tmpdir(), 'labgate-restart-'));
const start = Date.now() - 60_000;

let before: Lab;
let after: Lab | undefined;
let device: Instrument;
let retired: Instrument;

const time = (second: number): string => new Date(start + second * 1000).toISOString();

const send = async (lab: Lab, second: number, value: number): Promise<void> => {
  // The certificate is the one of the registration; the port may be another after each start.
  const client = await lab.connect(device, { port: Number(new URL(lab.gateway.addresses.mqtt).port) });
  const message = { v: 1, data: [{ n: 'temp', t: time(second), v: value }] };
  await client.publishAsync(device.topics.data, JSON.stringify(message), { qos: 1 });
  await client.endAsync();
};

beforeAll(async () => {
  before = await openLab(assembly, { dataDir });
  await before.createType();
  device = await before.register('lasting');
  retired = await before.register('retired');
  const { headers } = await before.call('/v1/devices/retired');
  await before.json('/v1/devices/retired', {
    method: 'DELETE',
    body: '{"reason":"a test"}',
    headers: { 'if-match': headers.get('etag') ?? '' },
  });
  await send(before, 0, 1);
  await before.gateway.drain();
  // From here on nothing is stored: what the stream takes is left to the next start.
  before.gateway.faults.set({ service: 'dynamodb', kind: 'error', rate: 1, seed: 1 });
  await send(before, 1, 2);
});

afterAll(async () => {
  await after?.[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('while a gateway runs', () => {
  test('no second one gets its data folder: the error names the folder and who has it', async () => {
    await expect(openLab(assembly, { dataDir })).rejects.toThrow(
      `another gateway has the data folder: ${dataDir} is in use by process ${process.pid}`,
    );
  });

  test.each([
    ['api', 'API'],
    ['mqtt', 'MQTT'],
    ['aws', 'AWS endpoint'],
    ['issuer', 'token issuer'],
    ['live', 'MQTT over WebSocket'],
  ] as const)('no second one gets its %s port: the error names it', async (listener, name) => {
    const port = Number(new URL(before.gateway.addresses[listener] ?? '').port);
    const ports = { api: 0, mqtt: 0, aws: 0, issuer: 0, page: 0, live: 0, [listener]: port };
    await expect(openLab(assembly, { ports })).rejects.toThrow(
      `port ${port} (${name}) is already in use; choose another with --${listener}-port or --port-base`,
    );
  });
});

describe('after the next start on the same folder', () => {
  beforeAll(async () => {
    await before[Symbol.asyncDispose]();
    after = await openLab(assembly, { dataDir });
  });
  const lab = (): Lab => {
    if (after === undefined) throw new Error('not started');
    return after;
  };

  test('programs get tokens with their old secrets, and devices and types are known', async () => {
    const { items } = await lab().json<{ items: Device[] }>('/v1/devices');
    expect(items.map(({ id, state }) => [id, state])).toEqual([
      ['lasting', 'active'],
      ['retired', 'retired'],
    ]);
    await expect(lab().json('/v1/types/meter')).resolves.toMatchObject({ id: 'meter' });
  });

  test('what was stored is there, and what was not yet is stored now', async () => {
    await lab().gateway.drain();
    const { items } = await lab().json<{ items: Point[] }>(`/v1/devices/lasting/series?from=${time(-1)}`);
    expect(items.map(({ t, v }) => [t, v])).toEqual([
      [time(0), 1],
      [time(1), 2],
    ]);
  });

  test('a device connects with its old certificate and measures on', async () => {
    await send(lab(), 2, 3);
    await lab().gateway.drain();
    const { items } = await lab().json<{ items: Point[] }>('/v1/devices/lasting/latest');
    expect(items).toMatchObject([{ n: 'temp', t: time(2), v: 3 }]);
  });

  test('a revoked certificate stays revoked', async () => {
    const port = Number(new URL(lab().gateway.addresses.mqtt).port);
    await expect(lab().connect(retired, { port })).rejects.toThrow();
  });

  test('nothing was denied', () => {
    expect(lab().gateway.iam.denials).toEqual([]);
  });
});
