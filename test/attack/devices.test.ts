import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Moved } from '../../contracts/resources/devices.ts';
import { createIdentity } from '../../device/identity.ts';
import { closed, type Instrument, type Lab, openLab } from '../support/lab.ts';
import { selfSigned } from '../support/self-signed.ts';

let lab: Lab;
let mine: Instrument;
let other: Instrument;

beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  await lab.createType();
  mine = await lab.register('mine');
  other = await lab.register('other', 'lab-2');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const measurement = (value: number): string =>
  JSON.stringify({ v: 1, data: [{ n: 'temp', t: new Date().toISOString(), v: value }] });

/** Everything stored for a device. */
const stored = async (id: string): Promise<number[]> => {
  await lab.gateway.drain();
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const to = new Date(Date.now() + 3_600_000).toISOString();
  const { items } = await lab.json<{ items: { v: number }[] }>(
    `/v1/devices/${id}/series?from=${from}&to=${to}`,
  );
  return items.map(({ v }) => v);
};

describe('a device gets nowhere', () => {
  test('without a certificate', async () => {
    await expect(lab.connect(mine, { cert: undefined, key: undefined } as never)).rejects.toThrow();
  });

  test('with a certificate that it made itself', async () => {
    const fake = await selfSigned('mine');
    await expect(lab.connect(mine, { cert: fake.certificate, key: fake.key })).rejects.toThrow();
  });

  test('with the certificate of another device', async () => {
    await expect(lab.connect(mine, { cert: other.certificate, key: other.identity.key })).rejects.toThrow();
  });

  test('with a certificate and a key that do not belong together', async () => {
    const { key } = await createIdentity('mine');
    await expect(lab.connect(mine, { key })).rejects.toThrow();
  });

  test('under another client identifier', async () => {
    await expect(lab.connect(mine, { clientId: 'someone' })).rejects.toThrow();
  });

  test('on the topic of another device: it is cut off, and nothing is stored', async () => {
    const client = await lab.connect(mine);
    const cut = closed(client);
    client.publish(other.topics.data, measurement(666), { qos: 1 });
    await cut;
    expect(await stored('other')).toEqual([]);
    expect(lab.gateway.iot.denials).toContainEqual(
      expect.objectContaining({ clientId: 'mine', action: 'iot:Publish' }),
    );
  });

  test.each([
    'lab/lab-2/mine/data',
    'lab/lab-1/mine/ack',
    'lab/lab-1/mine/data/x',
    '$aws/events/presence/connected/mine',
    'lab/lab-1/mine/commands/01jt2q0v5s8kx3m9d6w4a7c1ef',
    'lab/lab-1/mine/commands/01jt2q0v5s8kx3m9d6w4a7c1ef/done',
    'lab/lab-2/other/commands/01jt2q0v5s8kx3m9d6w4a7c1ef/result',
    'lab/lab-1/other/commands/01jt2q0v5s8kx3m9d6w4a7c1ef/accepted',
    'live/lab-1/commands/mine',
  ])('on %s, which is not its own to publish on', async (topic) => {
    const client = await lab.connect(mine);
    const cut = closed(client);
    client.publish(topic, measurement(667), { qos: 1 });
    await cut;
    expect(await stored('mine')).not.toContain(667);
  });

  test.each([
    'lab/lab-2/other/ack',
    'lab/+/+/data',
    '#',
    'lab/lab-1/mine/#',
    '$aws/events/#',
    'lab/lab-2/other/commands/+',
    'lab/+/+/commands/+',
    'lab/lab-1/+/commands/+',
    'lab/lab-1/mine/commands/#',
    'lab/lab-1/mine/commands/+/result',
  ])('listening on %s', async (filter) => {
    const client = await lab.connect(mine);
    await expect(client.subscribeAsync(filter, { qos: 1 })).rejects.toThrow();
    client.end(true);
  });

  test('without TLS', async () => {
    // With a certificate the client would turn to TLS by itself.
    const plain = { protocol: 'mqtt', ca: undefined, cert: undefined, key: undefined } as never;
    await expect(lab.connect(mine, plain)).rejects.toThrow();
  });

  test('over TLS 1.1', async () => {
    const attempt = new Promise<string>((resolve) => {
      const socket = tlsConnect({
        host: mine.endpoint.host,
        port: mine.endpoint.port,
        ca: mine.ca,
        cert: mine.certificate,
        key: mine.identity.key,
        minVersion: 'TLSv1.1',
        maxVersion: 'TLSv1.1',
      });
      socket.once('secureConnect', () => resolve('connected'));
      socket.once('error', (error) => resolve(error.message));
    });
    expect(await attempt).not.toBe('connected');
  });

  test('once it is retired: its connection is cut, its certificate refused, its messages quarantined', async () => {
    const retiring = await lab.register('retiring');
    const client = await lab.connect(retiring);
    const cut = closed(client);
    const { headers } = await lab.call('/v1/devices/retiring');
    await lab.json('/v1/devices/retiring', {
      method: 'DELETE',
      body: '{"reason":"a test"}',
      headers: { 'if-match': headers.get('etag') ?? '' },
    });
    await cut;
    await expect(lab.connect(retiring)).rejects.toThrow();
  });

  test('once it is moved, on the topics of its old site: what was sent before is kept', async () => {
    const moving = await lab.register('moving');
    const client = await lab.connect(moving);
    await client.publishAsync(moving.topics.data, measurement(1), { qos: 1 });
    const cut = closed(client);
    const { headers } = await lab.call('/v1/devices/moving');
    const { topics } = await lab.json<Moved>('/v1/devices/moving/move', {
      method: 'POST',
      body: JSON.stringify({ site: 'lab-2', reason: 'a test' }),
      headers: { 'if-match': headers.get('etag') ?? '' },
    });
    await cut;
    const again = await lab.connect(moving);
    const refused = closed(again);
    again.publish(moving.topics.data, measurement(2), { qos: 1 });
    await refused;
    const right = await lab.connect(moving);
    await right.publishAsync(topics.data, measurement(3), { qos: 1 });
    await right.endAsync();
    expect(await stored('moving')).toEqual([1, 3]);
  });
});

test('and what it may do, it still can', async () => {
  const client = await lab.connect(mine);
  await client.publishAsync(mine.topics.data, measurement(20), { qos: 1 });
  await client.endAsync();
  expect(await stored('mine')).toEqual([20]);
});
