/** People who watch over WebSocket, and decode what they hear as the page does: a process of its own. */
import { WebSocket } from 'ws';
import { liveUsername } from '../../../contracts/live-access.ts';
import { inflaters } from '../../../lambdas/domain/ingestion/inflaters.ts';
import { decodeMessage } from '../../../payload/decode.ts';
import { connect, DISCONNECT, Reader, subscribe } from './mqtt.ts';
import { STAMP_ROUND, stamp } from './stamp.ts';

export type ToPeople =
  | {
      readonly type: 'connect';
      readonly url: string;
      readonly authorizer: string;
      readonly token: string;
      /** What client ids begin with. */
      readonly prefix: string;
      /** A filter each; a person hears nothing without one. */
      readonly filters: readonly (string | null)[];
    }
  | { readonly type: 'listen' }
  | { readonly type: 'tell' };
export type FromPeople =
  | { readonly type: 'connected' }
  | { readonly type: 'listening' }
  | { readonly type: 'told'; readonly millis: readonly number[]; readonly lost: number };

/** More would start as many environments of the authorizer at once, which takes longer than the broker waits. */
const AT_ONCE = 4;
const KEEP_ALIVE = 1200;

const sockets: WebSocket[] = [];
let millis: number[] = [];
let lost = 0;

const hear = (payload: Buffer): void => {
  const [column] = decodeMessage(payload, Date.now() * 1000, inflaters).columns;
  const sent = Number(column?.value[0]);
  millis.push((stamp() - sent + STAMP_ROUND) % STAMP_ROUND);
};

const watch = (
  { url, authorizer, token, prefix }: Extract<ToPeople, { type: 'connect' }>,
  filter: string | null,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'mqtt', { perMessageDeflate: false });
    const reader = new Reader({
      connack: (code) => {
        if (code !== 0) reject(new Error(`CONNACK ${code}`));
        else if (filter === null) resolve();
        else socket.send(subscribe(1, filter, 0));
      },
      suback: () => resolve(),
      puback: () => undefined,
      publish: hear,
    });
    const clientId = `${prefix}${sockets.length}`;
    const who = { username: liveUsername(authorizer), password: token };
    socket.on('open', () => socket.send(connect(clientId, KEEP_ALIVE, who)));
    socket.on('message', (data: Buffer) => reader.take(data));
    socket.on('error', reject);
    socket.on('close', () => {
      lost += 1;
      reject(new Error('the broker closed a connection'));
    });
    sockets.push(socket);
  });

const connectAll = async (message: Extract<ToPeople, { type: 'connect' }>): Promise<void> => {
  const queue = message.filters.values();
  const work = async (): Promise<void> => {
    for (const filter of queue) await watch(message, filter);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  process.send?.({ type: 'connected' } satisfies FromPeople);
};

process.on('message', (message: ToPeople) => {
  if (message.type === 'connect') void connectAll(message);
  else if (message.type === 'listen') {
    millis = [];
    process.send?.({ type: 'listening' } satisfies FromPeople);
  } else process.send?.({ type: 'told', millis, lost } satisfies FromPeople);
});
process.on('disconnect', () => {
  for (const socket of sockets) socket.send(DISCONNECT);
  process.exit(0);
});
