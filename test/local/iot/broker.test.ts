import { connect } from 'node:tls';
import { UpdateCertificateCommand } from '@aws-sdk/client-iot';
import { DeleteConnectionCommand, PublishCommand } from '@aws-sdk/client-iot-data-plane';
import type { MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPki } from '../../../local/iot/pki.ts';
import { type Device, newCsr, startWorld, until, type World } from '../../support/iot.ts';

let world: World;
let ph: Device;
let scale: Device;

beforeAll(async () => {
  world = await startWorld();
  ph = await world.device('ph-1');
  scale = await world.device('scale-1', 'munich');
});
afterAll(() => world[Symbol.asyncDispose]());

const closed = async (client: MqttClient): Promise<void> => {
  if (client.connected) await new Promise<void>((resolve) => client.once('close', () => resolve()));
};

describe('a device', () => {
  it('publishes as itself, and the measurement reaches the stream under its own key', async () => {
    const client = await world.connect(ph);
    await client.publishAsync('lab/berlin/ph-1/data', Buffer.from([0xa1, 0, 255]), { qos: 1 });
    await world.iot.flush();
    expect(world.puts.at(-1)).toEqual({
      stream: 'measurements',
      partitionKey: 'berlin/ph-1',
      data: Buffer.from([0xa1, 0, 255]),
    });
    await client.endAsync();
  });

  it('gets what the application publishes for it', async () => {
    const client = await world.connect(ph);
    const [grant] = await client.subscribeAsync('lab/berlin/ph-1/ack', { qos: 1 });
    expect(grant?.qos).toBe(1);
    const message = new Promise<[string, Buffer]>((resolve) =>
      client.once('message', (topic, payload) => resolve([topic, payload])),
    );
    await world.data.send(
      new PublishCommand({ topic: 'lab/berlin/ph-1/ack', qos: 1, payload: Buffer.from('{"seq":1}') }),
    );
    expect(await message).toEqual(['lab/berlin/ph-1/ack', Buffer.from('{"seq":1}')]);
    await client.endAsync();
  });

  it('is cut off when it publishes on the topic of another', async () => {
    const before = world.puts.length;
    const client = await world.connect(ph);
    client.publish('lab/munich/scale-1/data', 'mine now', { qos: 1 });
    await closed(client);
    await world.iot.flush();
    expect(world.puts.length).toBe(before);
    expect(world.iot.denials.at(-1)).toMatchObject({
      clientId: 'ph-1',
      action: 'iot:Publish',
      resource: 'arn:aws:iot:us-east-1:000000000000:topic/lab/munich/scale-1/data',
    });
  });

  it('may not subscribe to the topics of another', async () => {
    const client = await world.connect(ph);
    await expect(client.subscribeAsync('lab/munich/scale-1/ack')).rejects.toThrow();
    expect(world.iot.denials.at(-1)).toMatchObject({ action: 'iot:Subscribe' });
    expect(client.connected).toBe(true);
    await client.endAsync();
  });

  it('may ask for eight subscriptions in one request, and is cut off when it asks for nine', async () => {
    const client = await world.connect(ph);
    const filters = (count: number) => Array.from({ length: count }, (_, at) => `lab/berlin/ph-1/ack${at}`);
    const granted = await new Promise<readonly number[] | undefined>((resolve) => {
      client.once('packetreceive', (packet) =>
        resolve(packet.cmd === 'suback' ? (packet.granted as number[]) : undefined),
      );
      client.subscribe(filters(8));
    });
    expect(granted).toHaveLength(8);
    const before = world.iot.stats().received;
    client.subscribe(['lab/berlin/ph-1/ack', ...filters(8)]);
    await closed(client);
    await until(() => world.iot.stats().connections === 0);
    // Nothing but the end of the connection is told.
    expect(world.iot.stats().received).toBe(before + 1);
  });

  it('does not receive on a topic that its policy does not name, though the filter matches', async () => {
    const client = await world.connect(ph);
    await client.subscribeAsync('lab/berlin/ph-1/#', { qos: 1 });
    const topics: string[] = [];
    client.on('message', (topic) => topics.push(topic));
    await world.iot.publish('lab/berlin/ph-1/secret', Buffer.from('no'));
    await world.iot.publish('lab/berlin/ph-1/ack', Buffer.from('yes'));
    await until(() => topics.length > 0);
    expect(topics).toEqual(['lab/berlin/ph-1/ack']);
    expect(world.iot.denials.at(-1)).toMatchObject({ action: 'iot:Receive' });
    await client.endAsync();
  });

  it('cannot take the client id of another', async () => {
    await expect(world.connect({ ...ph, name: 'scale-1' })).rejects.toThrow(/not authorized/i);
    expect(world.iot.denials.at(-1)).toMatchObject({ action: 'iot:Connect', clientId: 'scale-1' });
  });
});

describe('the door', () => {
  it('is closed to a client without a certificate', async () => {
    await expect(world.connect({ name: 'ph-1' })).rejects.toThrow();
  });

  it('is closed to a certificate of another authority', async () => {
    const foreign = await openPki(undefined);
    const { key, csr } = await newCsr('ph-1');
    const { pem } = await foreign.signCsr(csr);
    await expect(world.connect({ name: 'ph-1', key, certificate: pem })).rejects.toThrow();
    expect(world.iot.denials.at(-1)).toMatchObject({ action: 'tls' });
  });

  it('is closed to a revoked certificate, though a live connection stays until it is ended', async () => {
    const device = await world.device('pump-1');
    const client = await world.connect(device);
    await world.control.send(
      new UpdateCertificateCommand({ certificateId: device.certificateId, newStatus: 'REVOKED' }),
    );
    await client.publishAsync('lab/berlin/pump-1/data', 'still here', { qos: 1 });
    await world.data.send(new DeleteConnectionCommand({ clientId: 'pump-1' }));
    await closed(client);
    await expect(world.connect(device)).rejects.toThrow();
    expect(world.iot.denials.at(-1)).toMatchObject({ action: 'tls', resource: 'certificate is REVOKED' });
  });

  it('is closed to a device without a policy, and to one whose certificate is not attached to its thing', async () => {
    const bare = await world.device('bare-1', 'berlin', { policy: null });
    await expect(world.connect(bare)).rejects.toThrow(/not authorized/i);
    const loose = await world.device('loose-1', 'berlin', { attach: false });
    await expect(world.connect(loose)).rejects.toThrow(/not authorized/i);
  });

  it('lets the second connection of a client id in and ends the first', async () => {
    const first = await world.connect(scale);
    const second = await world.connect(scale);
    await closed(first);
    await second.publishAsync('lab/munich/scale-1/data', '1', { qos: 1 });
    await second.endAsync();
  });
});

/** CONNECT of MQTT 3.1.1: clean session, keep-alive of 60 s. */
const connectPacket = (clientId: string): Buffer => {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
  const body = Buffer.concat([text('MQTT'), Buffer.from([4, 2, 0, 60]), text(clientId)]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
};

describe('a TLS session that is resumed', () => {
  /** @returns the ticket for the next time, and whether CONNACK came with code 0 */
  const visit = (
    { key, certificate, name }: Device,
    options: { readonly session?: Buffer; readonly maxVersion: 'TLSv1.2' | 'TLSv1.3' },
  ): Promise<{
    readonly session: Buffer | undefined;
    readonly resumed: boolean;
    readonly welcome: boolean;
  }> =>
    new Promise((resolve) => {
      let session: Buffer | undefined;
      let welcome = false;
      let resumed = false;
      const socket = connect({
        host: '127.0.0.1',
        port: world.iot.endpoint.port,
        servername: 'localhost',
        ca: world.iot.ca,
        key,
        cert: certificate,
        ...options,
      });
      socket.on('session', (ticket) => {
        session = ticket;
      });
      socket.once('secureConnect', () => {
        resumed = socket.isSessionReused();
        socket.write(connectPacket(name));
      });
      socket.once('data', (answer: Buffer) => {
        welcome = answer[0] === 0x20 && answer[3] === 0;
        socket.end(Buffer.from([0xe0, 0]));
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve({ session, resumed, welcome }));
    });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('with %s is still that of its certificate', async (maxVersion) => {
    const device = await world.device(`resume-${maxVersion.replace(/\D/g, '')}`);
    const first = await visit(device, { maxVersion });
    expect(first).toMatchObject({ resumed: false, welcome: true });
    const again = { maxVersion, ...(first.session === undefined ? {} : { session: first.session }) };
    expect(await visit(device, again)).toMatchObject({ resumed: true, welcome: true });
    await world.control.send(
      new UpdateCertificateCommand({ certificateId: device.certificateId, newStatus: 'REVOKED' }),
    );
    expect(await visit(device, again)).toMatchObject({ welcome: false });
  });
});
