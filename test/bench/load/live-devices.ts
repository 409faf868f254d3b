/** Devices that measure once a second each, and write into the value when that was: a process of its own. */
import { readFileSync } from 'node:fs';
import { createSecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { connect, DISCONNECT, publisherOf, Reader } from './mqtt.ts';
import type { Credentials, Fleet } from './plan.ts';
import { stamp } from './stamp.ts';

export type ToDevices = { readonly type: 'start'; readonly fleet: string } | { readonly type: 'stop' };
export type FromDevices =
  | { readonly type: 'started' }
  | { readonly type: 'stopped'; readonly messages: number; readonly acknowledged: number };

const HANDSHAKES = 32;
const KEEP_ALIVE = 1200;
const EVERY_MS = 1000;

const sockets: TLSSocket[] = [];
const timers: NodeJS.Timeout[] = [];
let messages = 0;
let acknowledged = 0;

const measure = (socket: TLSSocket, publish: (id: number, payload: string) => Buffer): void => {
  messages += 1;
  const point = `{"n":"temp","t":${Date.now()},"v":${stamp().toFixed(3)}}`;
  socket.write(publish((messages % 65_535) + 1, `{"v":1,"data":[${point}]}`));
};

const open = async ({ host, port, ca }: Fleet, device: Credentials): Promise<TLSSocket> => {
  const secureContext = createSecureContext({ ca, cert: device.certificate, key: device.key });
  const socket = tlsConnect({ host, port, secureContext });
  sockets.push(socket);
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    const reader = new Reader({
      connack: (code) => (code === 0 ? resolve() : reject(new Error(`CONNACK ${code}`))),
      suback: () => undefined,
      puback: () => {
        acknowledged += 1;
      },
      publish: () => undefined,
    });
    socket.once('secureConnect', () => socket.write(connect(device.clientId, KEEP_ALIVE)));
    socket.on('data', (chunk: Buffer) => reader.take(chunk));
    socket.on('error', reject);
  });
  return socket;
};

const start = async (file: string): Promise<void> => {
  const fleet = JSON.parse(readFileSync(file, 'utf8')) as Fleet;
  const queue = fleet.devices.entries();
  const work = async (): Promise<void> => {
    for (const [at, device] of queue) {
      const socket = await open(fleet, device);
      const publish = publisherOf(device.data);
      // Spread over the second, as clocks of devices are.
      setTimeout(
        () => timers.push(setInterval(() => measure(socket, publish), EVERY_MS)),
        (at * 389) % EVERY_MS,
      );
    }
  };
  await Promise.all(Array.from({ length: HANDSHAKES }, work));
  process.send?.({ type: 'started' } satisfies FromDevices);
};

process.on('message', (message: ToDevices) => {
  if (message.type === 'start') void start(message.fleet);
  else {
    timers.forEach(clearInterval);
    setTimeout(
      () => process.send?.({ type: 'stopped', messages, acknowledged } satisfies FromDevices),
      EVERY_MS,
    );
  }
});
process.on('disconnect', () => {
  for (const socket of sockets) socket.end(DISCONNECT);
  process.exit(0);
});
