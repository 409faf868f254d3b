import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectDevice, Device } from '../../device/device.ts';
import { openMemoryStore } from '../../device/store/memory-store.ts';
import { StoreFull } from '../../device/store/message-store.ts';
import { encodeMessage } from '../../payload/encode.ts';
import { TestBroker } from '../support/broker.ts';

const point = (value: number) => ({
  channel: 'chamber.temp',
  time: 1_772_359_200_000_000 + value,
  value,
  unit: 'Cel',
});
const quick = { messagesPerSecond: 10_000, bytesPerSecond: 2 ** 30, burst: 1000 };
const LONG = AbortSignal.timeout(600_000);

let broker: TestBroker;
let device: Device | undefined;
beforeEach(async () => {
  broker = await TestBroker.start();
});
afterEach(async () => {
  await device?.close();
  device = undefined;
  await broker.stop();
});

describe('a device', () => {
  it('sends what was measured before it was connected, in order, and forgets it when it is durable', async () => {
    broker.acknowledgeAll();
    device = new Device(await broker.options({ rateLimit: quick }));
    for (let value = 0; value < 100; value += 1) await device.send({ points: [point(value)] });
    expect(device.pending).toBe(100);
    device.connect();
    await device.drained(LONG);
    expect(broker.received.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, at) => at));
    expect(broker.received.every(({ ack }) => ack)).toBe(true);
    expect(broker.received[7]?.columns[0]?.value).toEqual([7]);
  });

  it.each(['rows', 'columns', 'protobuf'] as const)('sends %s, wrapped when asked', async (format) => {
    broker.acknowledgeAll();
    device = connectDevice(await broker.options());
    await device.send({ points: [point(1)], facts: { firmware: '2.1.0' }, format, wrapping: 'zstd' });
    await device.drained(LONG);
    expect(broker.received[0]).toMatchObject({ format, facts: { firmware: '2.1.0' } });
  });

  it('keeps what the broker took until the platform says that it is durable', async () => {
    device = connectDevice(await broker.options());
    const told = new Promise<void>((resolve) => {
      broker.onMessage = () => resolve();
    });
    const { session, seq } = await device.send({ points: [point(1)] });
    await told;
    expect(device.pending).toBe(1);
    const acknowledged = once(device, 'acknowledged');
    await broker.acknowledge('another-session', [0, 10]);
    expect(await acknowledged).toMatchObject([{ session: 'another-session' }, 0]);
    expect(device.pending).toBe(1);
    const settled = once(device, 'drained');
    await broker.acknowledge(session, [seq, seq]);
    await settled;
    expect(device.pending).toBe(0);
  });

  it('takes seq of an acknowledgement as all up to it', async () => {
    device = connectDevice(await broker.options({ rateLimit: quick }));
    for (let value = 0; value < 5; value += 1) await device.send({ points: [point(value)] });
    if (!device.connected) await once(device, 'connected');
    const { session } = await device.send({ points: [point(5)] });
    const drained = device.drained(LONG);
    await broker.publish(
      'lab/basel/incubator-1/ack',
      JSON.stringify({ v: 1, session, ranges: [[5, 5]], seq: 5 }),
    );
    await drained;
  });

  it('sends again what was not acknowledged in time', async () => {
    let times = 0;
    broker.onMessage = ({ session, seq = 0 }) => {
      times += 1;
      if (times === 3) void broker.acknowledge(session, [seq, seq]);
    };
    device = connectDevice(await broker.options({ acknowledgeWithinMs: 40, rateLimit: quick }));
    const repeated = once(device, 'repeated');
    await device.send({ points: [point(1)] });
    expect(await repeated).toEqual([1]);
    await device.drained(LONG);
    expect(broker.received.map(({ seq }) => seq)).toEqual([0, 0, 0]);
  });

  it('comes back after every loss of the connection, and loses nothing', async () => {
    device = connectDevice(await broker.options({ rateLimit: quick, acknowledgeWithinMs: 200 }));
    let came = 0;
    broker.onMessage = ({ session, seq = 0 }) => {
      came += 1;
      if (came % 7 === 3 && came < 60) broker.cutAll();
      else void broker.acknowledge(session, [seq, seq]);
    };
    for (let value = 0; value < 60; value += 1) await device.send({ points: [point(value)] });
    await device.drained(LONG);
    expect(new Set(broker.received.map(({ seq }) => seq)).size).toBe(60);
  });

  it('tries until a broker is there', async () => {
    broker.acknowledgeAll();
    const options = await broker.options();
    await broker.down();
    device = new Device(options);
    const trouble = once(device, 'trouble');
    device.connect();
    await device.send({ points: [point(1)] });
    expect((await trouble)[0]).toBeInstanceOf(Error);
    await broker.listen(options.port);
    await device.drained(LONG);
  });

  it('is cut, disconnected and connected again at will', async () => {
    device = connectDevice(await broker.options());
    await once(device, 'connected');
    const back = once(device, 'connected');
    device.cut();
    await back;
    await device.disconnect();
    expect(device.connected).toBe(false);
    await expect(device.publishOnce(new Uint8Array([1]))).rejects.toThrow('not connected');
    broker.acknowledgeAll();
    await device.send({ points: [point(1)] });
    device.connect();
    device.connect();
    await device.drained(LONG);
  });

  it('says so when it may not listen, and tries again', async () => {
    broker.deny = true;
    broker.acknowledgeAll();
    device = new Device(await broker.options());
    const trouble = once(device, 'trouble');
    device.connect();
    expect((await trouble)[0]).toMatchObject({ message: expect.stringContaining('cannot listen') });
    expect(device.connected).toBe(false);
    broker.deny = false;
    await device.send({ points: [point(1)] });
    await device.drained(LONG);
  });

  it('does not wait for long for a broker that answers nothing, and sends again later', async () => {
    broker.mute = true;
    device = connectDevice(await broker.options());
    await once(device, 'connected');
    await device.send({ points: [point(1)] });
    await device.disconnect();
    expect(device.pending).toBe(1);
    broker.mute = false;
    broker.acknowledgeAll();
    device.connect();
    await device.drained(LONG);
  });

  it('keeps to the rateLimit of the connection', async () => {
    broker.acknowledgeAll();
    const rateLimit = { messagesPerSecond: 100, bytesPerSecond: 2 ** 30, burst: 2 };
    device = connectDevice(await broker.options({ rateLimit }));
    await once(device, 'connected');
    const began = performance.now();
    const untracked = encodeMessage({ points: [point(1)] }, 'senml-json');
    await Promise.all([
      ...Array.from({ length: 10 }, (_, at) => device?.send({ points: [point(at)] })),
      ...Array.from({ length: 10 }, () => device?.publishOnce(untracked)),
    ]);
    await device.drained(LONG);
    // 20 publishes, 2 of them at once, 10 ms apart: slower is fine, faster is not.
    expect(performance.now() - began).toBeGreaterThanOrEqual(175);
    expect(broker.received).toHaveLength(20);
  });

  it('publishes formats that cannot be acknowledged as they are', async () => {
    device = connectDevice(await broker.options());
    await once(device, 'connected');
    await device.publishOnce(encodeMessage({ points: [point(1)] }, 'senml-cbor'));
    expect(broker.received[0]).toMatchObject({ format: 'senml-cbor', points: 1 });
  });

  it('says what was quarantined, and what it could not read', async () => {
    device = connectDevice(await broker.options());
    await once(device, 'connected');
    const note = {
      v: 1,
      codes: [{ code: 'unknown-channel', pointer: '/data/0/n', points: 1, detail: 'no such channel' }],
      at: '2026-03-01T10:00:00Z',
      ref: 'quarantine/basel/incubator-1/1.json',
    };
    const quarantined = once(device, 'quarantined');
    await broker.note(note);
    expect(await quarantined).toEqual([note]);
    const trouble = once(device, 'trouble');
    await broker.note({ v: 2 });
    expect((await trouble)[0]).toBeInstanceOf(Error);
  });

  it('refuses what the platform would not take, without using up a number', async () => {
    device = new Device(await broker.options());
    await expect(device.send({ points: Array.from({ length: 2001 }, (_, at) => point(at)) })).rejects.toThrow(
      RangeError,
    );
    const text = { channel: 'note', time: 0, value: 'x'.repeat(200_000) };
    await expect(device.send({ points: [text] })).rejects.toThrow('131072');
    await expect(device.send({ points: [point(Number.NaN)] })).rejects.toThrow(RangeError);
    expect(await device.send({ points: [point(1)] })).toMatchObject({ seq: 0 });
  });

  it('refuses the newest when its store is full, and counts it', async () => {
    device = new Device(await broker.options({ store: openMemoryStore(300) }));
    await device.send({ points: [point(1)] });
    await expect(device.send({ points: [point(2), point(3)] })).rejects.toThrow(StoreFull);
    expect(device.refused).toBe(1);
  });

  it('gives up waiting when told', async () => {
    device = new Device(await broker.options());
    await device.send({ points: [point(1)] });
    await expect(device.drained(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    const controller = new AbortController();
    const waiting = device.drained(controller.signal);
    controller.abort(new Error('enough now'));
    await expect(waiting).rejects.toThrow('enough now');
  });

  it('sends after a restart what its store still holds', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'device-'));
    try {
      const options = await broker.options({ store: { directory } });
      device = new Device(options);
      const { session } = await device.send({ points: [point(1)] });
      await device.close();
      await expect(device.send({ points: [point(2)] })).rejects.toThrow('closed');
      broker.acknowledgeAll();
      device = connectDevice(options);
      expect(await device.send({ points: [point(2)] })).toEqual({ session, seq: 1 });
      await device.drained(LONG);
      expect(broker.received.map(({ seq }) => seq)).toEqual([0, 1]);
      await device.close();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
