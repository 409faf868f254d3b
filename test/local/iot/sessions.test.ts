import { DeleteConnectionCommand } from '@aws-sdk/client-iot-data-plane';
import type { MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SESSION_LIFE } from '../../../local/iot/limits.ts';
import { Outgoing, type QueuedPacket } from '../../../local/iot/outgoing.ts';
import { Presence } from '../../../local/iot/presence.ts';
import type { Session } from '../../../local/iot/session.ts';
import { devicePolicy, kinesis, resource, rule, startWorld, until, type World } from '../../support/iot.ts';

const open = resource('AWS::IoT::Policy', 'open', {
  PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'iot:*', Resource: '*' }] },
});
let world: World;
beforeAll(async () => {
  world = await startWorld({
    resources: [
      devicePolicy,
      open,
      rule('events', "SELECT * FROM '$aws/events/#'", { Actions: [kinesis('events', 'k')] }),
    ],
  });
});
afterAll(() => world[Symbol.asyncDispose]());

const collect = (client: MqttClient, received: string[] = []): string[] => {
  client.on('message', (topic, payload, { dup }) =>
    received.push(`${topic} ${payload.toString()}${dup ? ' dup' : ''}`),
  );
  return received;
};
const events = (clientId: string): Record<string, unknown>[] =>
  world.puts
    .map(({ data }) => JSON.parse(data.toString()) as Record<string, unknown>)
    .filter((event) => event['clientId'] === clientId);

describe('a persistent session', () => {
  it('gets what was published while it was away, until it has acknowledged it', async () => {
    const device = await world.device('p-1', 'berlin', { policy: 'open' });
    const first = await world.connect(device, { clean: false });
    await first.subscribeAsync('news/+', { qos: 1 });
    await first.endAsync();
    await world.iot.publish('news/a', Buffer.from('1'));
    await world.iot.publish('news/b', Buffer.from('2'));
    const received: string[] = [];
    const second = await world.connect(device, { clean: false }, (client) => collect(client, received));
    await until(() => received.length === 2);
    await world.iot.publish('news/c', Buffer.from('3'));
    await until(() => received.length === 3);
    expect(received).toEqual(['news/a 1', 'news/b 2', 'news/c 3']);
    await second.endAsync();
    const third = await world.connect(device, { clean: false }, (client) => collect(client, received));
    await world.iot.publish('news/d', Buffer.from('4'));
    await until(() => received.includes('news/d 4'));
    expect(received).toHaveLength(4);
    await third.endAsync();
  });

  it('ends with DeleteConnection and cleanSession', async () => {
    const device = await world.device('p-2', 'berlin', { policy: 'open' });
    const first = await world.connect(device, { clean: false });
    await first.subscribeAsync('old/+', { qos: 1 });
    await world.data.send(new DeleteConnectionCommand({ clientId: 'p-2', cleanSession: true }));
    await until(() => !first.connected);
    await world.iot.publish('old/a', Buffer.from('1'));
    const received: string[] = [];
    const second = await world.connect(device, { clean: false }, (client) => collect(client, received));
    await second.subscribeAsync('new/+', { qos: 1 });
    await world.iot.publish('new/a', Buffer.from('2'));
    await until(() => received.length > 0);
    expect(received).toEqual(['new/a 2']);
    await second.endAsync();
  });
});

describe('the queue of a session', () => {
  const packet = (brokerCounter: number, bytes = 1): QueuedPacket => ({
    brokerCounter,
    payload: Buffer.alloc(bytes),
  });
  const waiting = async (outgoing: Outgoing<QueuedPacket>): Promise<number[]> =>
    (await outgoing.stream('a').toArray()).map((each: QueuedPacket) => each.brokerCounter);

  it('forgets a message when it is acknowledged, in any order', async () => {
    const outgoing = new Outgoing<QueuedPacket>((each) => ({ ...each }));
    for (const counter of [1, 2, 3]) {
      outgoing.enqueue('a', packet(counter));
      outgoing.update('a', { ...packet(counter), messageId: counter + 10 });
    }
    expect(outgoing.clear('a', 12)?.brokerCounter).toBe(2);
    expect(outgoing.clear('a', 12)).toBeUndefined();
    expect(outgoing.clear('b', 11)).toBeUndefined();
    expect(await waiting(outgoing)).toEqual([1, 3]);
    expect((await outgoing.stream('a').toArray())[0]).toMatchObject({ dup: true, messageId: 11 });
  });

  it('keeps a bounded number of messages and bytes: the oldest go', async () => {
    const outgoing = new Outgoing<QueuedPacket>((each) => ({ ...each }));
    for (let counter = 1; counter <= 10_001; counter++) outgoing.enqueue('a', packet(counter));
    expect((await waiting(outgoing))[0]).toBe(2);
    outgoing.enqueue('a', packet(20_000, 16 * 1024 * 1024));
    expect(await waiting(outgoing)).toEqual([20_000]);
    expect(outgoing.dropped).toBe(10_001);
  });

  it('ends an hour after the connection', async () => {
    const outgoing = new Outgoing<QueuedPacket>((each) => ({ ...each }));
    outgoing.enqueue('a', packet(1));
    outgoing.enqueue('b', packet(2));
    outgoing.disconnected('a');
    outgoing.disconnected('b');
    outgoing.connected('b', false);
    expect(outgoing.sweep(Date.now() + SESSION_LIFE - 1000)).toEqual([]);
    expect(outgoing.sweep(Date.now() + SESSION_LIFE + 1000)).toEqual(['a']);
    expect(await waiting(outgoing)).toEqual([]);
  });
});

describe('lifecycle events', () => {
  it('tell of connection, subscription and disconnection in the shape of AWS', async () => {
    const device = await world.device('l-1', 'berlin', { policy: 'open' });
    const client = await world.connect(device);
    await client.subscribeAsync(['x/1', 'x/2']);
    await client.unsubscribeAsync('x/1');
    await client.endAsync();
    await until(() => events('l-1').length === 4);
    const common = {
      clientId: 'l-1',
      timestamp: expect.any(Number),
      sessionIdentifier: expect.stringMatching(/^[0-9a-f-]{36}$/),
      principalIdentifier: device.certificateId,
    };
    expect(events('l-1')).toEqual([
      { ...common, eventType: 'connected', ipAddress: '127.0.0.1', versionNumber: 0 },
      { ...common, eventType: 'subscribed', topics: ['x/1', 'x/2'] },
      { ...common, eventType: 'unsubscribed', topics: ['x/1'] },
      {
        ...common,
        eventType: 'disconnected',
        clientInitiatedDisconnect: true,
        disconnectReason: 'CLIENT_INITIATED_DISCONNECT',
        versionNumber: 0,
      },
    ]);
  });

  it.each([
    ['CONNECTION_LOST', (client: MqttClient) => void client.stream.destroy()],
    ['FORBIDDEN_ACCESS', (client: MqttClient) => void client.publish('not/mine', 'x')],
    [
      'API_INITIATED_DISCONNECT',
      () => void world.data.send(new DeleteConnectionCommand({ clientId: 'l-2' })),
    ],
    [
      'CLIENT_ERROR',
      (client: MqttClient) => void client.publish('lab/berlin/l-2/data', Buffer.alloc(200_000)),
    ],
    ['CLIENT_ERROR', (client: MqttClient) => void client.publish('lab/berlin/l-2/data', 'x', { qos: 2 })],
  ])('say %s', async (reason, end) => {
    const device = await world.device('l-2');
    const before = events('l-2').length;
    end(await world.connect(device));
    await until(() => events('l-2').length === before + 2);
    expect(events('l-2').at(-1)).toMatchObject({
      disconnectReason: reason,
      clientInitiatedDisconnect: false,
    });
    expect(events('l-2').at(-1)?.['versionNumber']).toBe(events('l-2').at(-2)?.['versionNumber']);
  });

  it('say DUPLICATE_CLIENTID, with a greater version for the new connection', async () => {
    const device = await world.device('l-3');
    await world.connect(device);
    await world.connect(device);
    await until(() => events('l-3').length === 3);
    expect(
      events('l-3').map((event) => [event['eventType'], event['versionNumber'], event['disconnectReason']]),
    ).toEqual([
      ['connected', 0, undefined],
      ['disconnected', 0, 'DUPLICATE_CLIENTID'],
      ['connected', 1, undefined],
    ]);
  });

  it('tell of a client that may not connect', async () => {
    const device = await world.device('l-4', 'berlin', { attach: false });
    await expect(world.connect(device)).rejects.toThrow();
    await until(() => events('l-4').length === 1);
    expect(events('l-4')[0]).toMatchObject({
      eventType: 'connect_failed',
      connectFailureReason: 'AUTHORIZATION_FAILED',
    });
  });
});

describe('last wills', () => {
  it('are published when a connection is lost, and need the right to publish', async () => {
    const listener = await world.connect(await world.device('w-1', 'berlin', { policy: 'open' }));
    await listener.subscribeAsync('lab/#');
    const received = collect(listener);
    const device = await world.device('w-2');
    const will = {
      topic: 'lab/berlin/w-2/data',
      payload: Buffer.from('gone'),
      qos: 1 as const,
      retain: false,
    };
    (await world.connect(device, { will })).stream.destroy();
    await until(() => received.length === 1);
    expect(received).toEqual(['lab/berlin/w-2/data gone']);
    await expect(world.connect(device, { will: { ...will, topic: 'not/mine' } })).rejects.toThrow(
      /not authorized/i,
    );
    await expect(world.connect(device, { will: { ...will, retain: true } })).rejects.toThrow(
      /not authorized/i,
    );
  });

  it.each([
    ['QoS 2', { qos: 2 as const }, 'QoS 2 is not supported'],
    ['a topic of eight slashes', { topic: 'a/b/c/d/e/f/g/h/i' }, 'more than 7 slashes'],
  ])('with %s are refused, as AWS refuses them', async (_, more, why) => {
    const device = await world.device('w-3', 'berlin', { policy: 'open' });
    const will = { topic: 'lab/berlin/w-3/data', payload: Buffer.from('gone'), qos: 1 as const, ...more };
    await expect(world.connect(device, { will: { ...will, retain: false } })).rejects.toThrow();
    expect(world.iot.denials.at(-1)).toMatchObject({
      clientId: 'w-3',
      action: 'iot:Connect',
      resource: expect.stringContaining(why),
    });
  });
});

describe('presence', () => {
  it('remembers no client id that was refused, nor one that was let in and came to nothing for ever', () => {
    const presence = new Presence(() => undefined);
    const session = (clientId: string): Session =>
      ({ clientId, version: presence.nextVersion(clientId), peer: {} }) as Session;
    for (let at = 0; at < 1000; at += 1) presence.connectFailed(session(`refused-${at}`));
    expect(presence.known).toBe(0);
    presence.accepted(session('a'));
    expect(presence.nextVersion('a')).toBe(1);
    vi.useFakeTimers({ now: Date.now() + 2 * SESSION_LIFE, toFake: ['Date'] });
    expect(presence.nextVersion('a')).toBe(0);
    vi.useRealTimers();
    expect(presence.known).toBe(0);
  });
});

describe('limits', () => {
  it('hold for publishes a second: what goes beyond is discarded, unacknowledged, and the connection stays', async () => {
    const device = await world.device('fast-1', 'berlin', { policy: 'open' });
    const client = await world.connect(device);
    const received = collect(client);
    await client.subscribeAsync('fast/#');
    for (let at = 0; at < 3000; at += 1) client.publish('fast/0', `${at}`);
    let acknowledged = 0;
    for (let at = 0; at < 50; at += 1) client.publish('fast/1', `${at}`, { qos: 1 }, () => acknowledged++);
    await until(() => received.length >= 100);
    // The next second.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await client.publishAsync('fast/2', 'later', { qos: 1 });
    await until(() => received.includes('fast/2 later'));
    expect(received.length).toBeLessThan(1500);
    expect(received.filter((text) => text.startsWith('fast/1')).length).toBe(acknowledged);
    expect(world.logs).toContainEqual({
      level: 'warn',
      message: 'publishes are discarded: a connection has 100 a second',
      fields: { clientId: 'fast-1' },
    });
    client.end(true);
  });

  it('hold for subscriptions', async () => {
    const client = await world.connect(await world.device('s-1', 'berlin', { policy: 'open' }));
    for (const topic of [
      'a/b/c/d/e/f/g/h/i',
      `a/${'x'.repeat(256)}`,
      '$SYS/#',
      '$aws/rules/a/b',
      '$share/g/a',
    ]) {
      await expect(client.subscribeAsync(topic)).rejects.toThrow();
    }
    for (let index = 0; index < 50; index++) await client.subscribeAsync(`many/${index}`);
    await expect(client.subscribeAsync('many/50')).rejects.toThrow();
    await client.endAsync();
  });

  it('hold for a retained message, which is kept for who comes later', async () => {
    const client = await world.connect(await world.device('r-1', 'berlin', { policy: 'open' }));
    await client.publishAsync('kept', 'value', { qos: 1, retain: true });
    const received = collect(client);
    await client.subscribeAsync('kept', { qos: 1 });
    await until(() => received.length === 1);
    await client.endAsync();
  });

  it('hold for packets that never end', async () => {
    const device = await world.device('big-1');
    const client = await world.connect(device);
    // PUBLISH with a remaining length of 256 MiB - 1.
    client.stream.write(Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]));
    const chunk = Buffer.alloc(64 * 1024);
    for (let index = 0; index < 8; index++) client.stream.write(chunk);
    await until(() => !client.connected);
    await until(() => events('big-1').length === 2);
  });
});
