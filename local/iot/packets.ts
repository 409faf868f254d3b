/** What a connection is held to before aedes sees its packets. */
import type { TLSSocket } from 'node:tls';
import type { Client } from 'aedes';
import { MAX_PAYLOAD_BYTES, MAX_SUBSCRIPTIONS_A_REQUEST } from './limits.ts';

/** Room for one publish with its header, beyond which a partial packet is not read on. */
const MAX_PACKET_BYTES = MAX_PAYLOAD_BYTES + 1024;

interface Packet {
  readonly cmd: string;
  subscriptions?: readonly unknown[];
}

interface Parser {
  readonly client: Client;
  readonly _list: { readonly length: number };
  prependListener(event: 'packet', listener: (this: Parser, packet: Packet) => void): void;
}

/** A socket that aedes has been given. */
type Handled = TLSSocket & { readonly client?: { readonly _parser: Parser } };

/** Holds the packets of a connection to their bounds; one that goes beyond ends it. */
export const boundPackets = (socket: TLSSocket): void => {
  // The same functions for all sockets: closures would cost memory with ten thousand of them.
  socket.on('readable', boundPartialPacket);
  (socket as Handled).client?._parser.prependListener('packet', boundSubscriptions);
};

/** MQTT lets a packet be 256 MiB; the parser would keep it all. */
function boundPartialPacket(this: Handled): void {
  if ((this.client?._parser._list.length ?? 0) > MAX_PACKET_BYTES)
    this.destroy(new Error('the packet is too long'));
}

/** AWS closes the connection; nothing of the request is granted. */
function boundSubscriptions(this: Parser, packet: Packet): void {
  if (packet.cmd !== 'subscribe' || (packet.subscriptions?.length ?? 0) <= MAX_SUBSCRIPTIONS_A_REQUEST)
    return;
  packet.subscriptions = [];
  this.client.conn.destroy(
    new Error(`more than ${MAX_SUBSCRIPTIONS_A_REQUEST} subscriptions in one request`),
  );
}
