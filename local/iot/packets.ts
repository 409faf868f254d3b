/** What a connection is held to before aedes sees its packets. */
import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import { MAX_PAYLOAD_BYTES, MAX_PUBLISHES, MAX_SUBSCRIPTIONS_A_REQUEST } from './limits.ts';

/** Room for one publish with its header, beyond which a partial packet is not read on. */
const MAX_PACKET_BYTES = MAX_PAYLOAD_BYTES + 1024;

interface Packet {
  cmd: string;
  messageId?: number;
  subscriptions?: readonly unknown[];
}

/** Is told of a connection that publishes more than it may, at most once a second. */
export type Discarded = (client: Client) => void;

interface Parser {
  readonly client: Client;
  /** Publishes that may come now. */
  allowance?: number;
  /** Milliseconds of the process when that was so. */
  allowedAt?: number;
  toldAt?: number;
  discarded?: Discarded;
  readonly _list: { readonly length: number };
  prependListener(event: 'packet', listener: (this: Parser, packet: Packet) => void): void;
}

/** A socket that aedes has been given. */
type Handled = Duplex & { readonly client?: { readonly _parser: Parser } };

/** Holds the packets of a connection to their bounds. */
export const boundPackets = (socket: Duplex, discarded: Discarded): void => {
  // The same functions for all sockets: closures would cost memory with ten thousand of them.
  socket.on('readable', boundPartialPacket);
  const parser = (socket as Handled).client?._parser;
  if (parser === undefined) return;
  parser.discarded = discarded;
  parser.prependListener('packet', boundPacket);
};

/** MQTT lets a packet be 256 MiB; the parser would keep it all. */
function boundPartialPacket(this: Handled): void {
  if ((this.client?._parser._list.length ?? 0) > MAX_PACKET_BYTES)
    this.destroy(new Error('the packet is too long'));
}

function boundPacket(this: Parser, packet: Packet): void {
  if (packet.cmd === 'publish') boundPublishes(this, packet);
  else if (packet.cmd === 'subscribe') boundSubscriptions(this, packet);
}

/** AWS closes the connection; nothing of the request is granted. */
const boundSubscriptions = ({ client }: Parser, packet: Packet): void => {
  if ((packet.subscriptions?.length ?? 0) <= MAX_SUBSCRIPTIONS_A_REQUEST) return;
  packet.subscriptions = [];
  client.conn.destroy(new Error(`more than ${MAX_SUBSCRIPTIONS_A_REQUEST} subscriptions in one request`));
};

/** AWS discards what goes beyond: no subscriber and no rule gets it, and nothing acknowledges it. */
const boundPublishes = (parser: Parser, packet: Packet): void => {
  const now = performance.now();
  const { allowance = MAX_PUBLISHES, allowedAt = now, toldAt = Number.NEGATIVE_INFINITY } = parser;
  const left = Math.min(MAX_PUBLISHES, allowance + ((now - allowedAt) / 1000) * MAX_PUBLISHES);
  parser.allowedAt = now;
  parser.allowance = left < 1 ? left : left - 1;
  if (left >= 1) return;
  // The acknowledgement of a message that nobody has sent: aedes goes on to the next packet.
  packet.cmd = 'puback';
  packet.messageId = 0;
  if (now - toldAt < 1000) return;
  parser.toldAt = now;
  parser.discarded?.(parser.client);
};
