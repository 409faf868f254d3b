import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FAULTS, simulateFleet } from '../../../device/simulator/index.ts';
import { openMemoryStore } from '../../../device/store/memory-store.ts';
import { TestBroker } from '../../support/broker.ts';

const quick = { messagesPerSecond: 10_000, bytesPerSecond: 2 ** 30, burst: 1000 };
let broker: TestBroker;
beforeEach(async () => {
  broker = await TestBroker.start();
});
afterEach(() => broker.stop());

describe('a fleet over real connections', () => {
  it('sends everything, through disconnections, and knows that it is durable', async () => {
    broker.acknowledgeAll();
    const start = (Date.now() - 3_600_000) * 1000;
    const fleet = simulateFleet({
      devices: 2,
      seed: 5,
      intervalMs: 1000,
      start,
      samples: 400,
      faults: FAULTS,
      formats: ['rows', 'protobuf'],
    });
    const labels: unknown[] = [];
    const result = await fleet.run({
      connect: ({ id }) => broker.options({ clientId: id, rateLimit: quick }),
      on: { label: (label) => labels.push(label) },
    });
    expect(result).toMatchObject({ acknowledged: result.messages, refused: 0, untracked: 0, pending: 0 });
    const sent = new Set(
      [...fleet.messages()].flatMap(({ device, points }) =>
        points.map(({ channel, time }) => `${device.facts.mac} ${channel} ${time}`),
      ),
    );
    expect(result.points).toBeGreaterThanOrEqual(sent.size);
    expect(broker.received.reduce((sum, { points }) => sum + points, 0)).toBeGreaterThanOrEqual(
      result.points,
    );
    expect(labels.length).toBeGreaterThan(0);
  });

  it('sends SenML as it is, with the facts ahead', async () => {
    broker.acknowledgeAll();
    const fleet = simulateFleet({
      devices: 1,
      seed: 5,
      intervalMs: 10,
      start: (Date.now() - 1000) * 1000,
      samples: 5,
      formats: ['senml-json'],
    });
    const result = await fleet.run({ connect: () => broker.options({ rateLimit: quick }) });
    expect(result).toMatchObject({ messages: 6, untracked: 5, acknowledged: 1, pending: 0, refused: 0 });
    expect(broker.received.map(({ format }) => format).sort()).toEqual([
      'rows',
      ...Array(5).fill('senml-json'),
    ]);
  });

  it('goes on until it is told to end, keeping to its times', async () => {
    broker.acknowledgeAll();
    const controller = new AbortController();
    let sent = 0;
    const fleet = simulateFleet({ devices: 1, seed: 5, intervalMs: 20, start: Date.now() * 1000 });
    const result = await fleet.run({
      connect: () => broker.options(),
      signal: controller.signal,
      on: {
        sent: ({ at }) => {
          expect(at / 1000).toBeLessThanOrEqual(Date.now() + 2);
          sent += 1;
          if (sent === 5) controller.abort();
        },
      },
    });
    expect(result).toMatchObject({ messages: 5, acknowledged: 5, pending: 0 });
  });

  it('counts what the store refuses', async () => {
    const fleet = simulateFleet({
      devices: 1,
      seed: 5,
      intervalMs: 10,
      start: (Date.now() - 1000) * 1000,
      samples: 10,
    });
    const result = await fleet.run({
      connect: () => broker.options({ store: openMemoryStore(1500) }),
      drainMs: 1,
    });
    expect(result.refused).toBeGreaterThan(0);
    expect(result.pending + result.refused).toBe(10);
  });

  it('fails with what made connecting fail', async () => {
    const fleet = simulateFleet({ devices: 3, seed: 5, intervalMs: 10, start: 0, samples: 10 });
    await expect(fleet.run({ connect: () => Promise.reject(new Error('no such type')) })).rejects.toThrow(
      'no such type',
    );
  });
});
