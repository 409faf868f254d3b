/**
 * Devices that take commands: a process of its own, with one TLS connection a device. Each accepts what it is told at
 * once, and is done with it a little later; what it is told again it does not do again.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { connect, DISCONNECT, puback, publisherOf, Reader, subscribe } from './mqtt.ts';
import type { Credentials, Fleet } from './plan.ts';

export type ToDevices = { readonly type: 'connect'; readonly fleet: string } | { readonly type: 'tell' };
export type FromDevices =
  | { readonly type: 'connected' }
  | { readonly type: 'told'; readonly commands: number; readonly repeated: number };

const HANDSHAKES = 32;
const KEEP_ALIVE = 1200;
/** How long a device is at it. */
const WORK_MS = 300;

const sockets: TLSSocket[] = [];
const known = new Set<string>();
let repeated = 0;

const attend = async ({ host, port, ca }: Fleet, device: Credentials): Promise<void> => {
  const root = device.data.replace(/data$/, 'commands');
  const secureContext = createSecureContext({ ca, cert: device.certificate, key: device.key });
  const socket = tlsConnect({ host, port, secureContext });
  sockets.push(socket);
  socket.setNoDelay(true);
  let packet = 0;
  const say = (id: string, kind: string, document: string): void => {
    packet = (packet % 65_535) + 1;
    socket.write(publisherOf(`${root}/${id}/${kind}`)(packet, document));
  };
  await new Promise<void>((resolve, reject) => {
    const reader = new Reader({
      connack: (code) => {
        if (code === 0) socket.write(subscribe(1, `${root}/+`));
        else reject(new Error(`CONNACK ${code}`));
      },
      suback: () => resolve(),
      puback: () => undefined,
      publish: (payload, number) => {
        if (number !== undefined) socket.write(puback(number));
        const { id } = JSON.parse(payload.toString()) as { readonly id: string };
        if (known.has(id)) {
          repeated += 1;
          return;
        }
        known.add(id);
        say(id, 'accepted', '{"v":1}');
        setTimeout(() => say(id, 'result', '{"v":1,"ok":true,"value":{"done":true}}'), WORK_MS);
      },
    });
    socket.once('secureConnect', () => socket.write(connect(device.clientId, KEEP_ALIVE)));
    socket.on('data', (chunk: Buffer) => reader.take(chunk));
    socket.on('error', reject);
  });
};

const connectAll = async (file: string): Promise<void> => {
  const fleet = JSON.parse(readFileSync(file, 'utf8')) as Fleet;
  const queue = fleet.devices.values();
  const work = async (): Promise<void> => {
    for (const device of queue) await attend(fleet, device);
  };
  await Promise.all(Array.from({ length: HANDSHAKES }, work));
  process.send?.({ type: 'connected' } satisfies FromDevices);
};

process.on('message', (message: ToDevices) => {
  if (message.type === 'connect') void connectAll(message.fleet);
  else process.send?.({ type: 'told', commands: known.size, repeated } satisfies FromDevices);
});
process.on('disconnect', () => {
  for (const socket of sockets) socket.end(DISCONNECT);
  process.exit(0);
});
