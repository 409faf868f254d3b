/** A local process without any certificate or token takes all the connections that it can get, and says nothing. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { type Instrument, type Lab, labOf } from '../support/lab.ts';

/** Far fewer than are usual: each takes time. */
const DESCRIPTORS = 400;

let lab: Lab<GatewayProcess>;
let device: Instrument;
beforeAll(async () => {
  lab = labOf(await startGatewayProcess(inject('assembly'), { limit: DESCRIPTORS }));
  await lab.createType();
  device = await lab.register('ph-1');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

test('people and devices get in all the same, and the gateway lives on and says what is short', async () => {
  const { addresses, child, log } = lab.gateway;
  const held: Socket[] = [];
  const hold = async (url: string | undefined, bytes: string): Promise<void> => {
    const socket = connect(Number(new URL(url ?? '').port), '127.0.0.1');
    held.push(socket);
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
    socket.write(bytes);
  };
  for (let at = 0; at < DESCRIPTORS; at += 1) {
    await Promise.all([
      hold(addresses.mqtt, '\x16'),
      hold(addresses.api, 'GET / HTTP/1.1\r\n'),
      hold(addresses.aws, 'PRI * HTTP/2'),
    ]);
  }
  expect((await lab.call('/v1/health/live')).status).toBe(200);
  const client = await lab.connect(device);
  const heard = new Promise<Buffer>((resolve) => {
    client.once('message', (_topic, payload) => resolve(payload));
  });
  await client.subscribeAsync(device.topics.ack, { qos: 1 });
  const message = { v: 1, session: 's', seq: 0, ack: true, data: [{ n: 'temp', t: Date.now(), v: 20 }] };
  await client.publishAsync(device.topics.data, JSON.stringify(message), { qos: 1 });
  expect(JSON.parse(String(await heard))).toMatchObject({ session: 's', ranges: [[0, 0]] });
  expect(child.exitCode).toBeNull();
  expect(log.join('\n')).toContain('too many open files');
  for (const socket of held) socket.destroy();
});
