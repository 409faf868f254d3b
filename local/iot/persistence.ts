/**
 * Puts our queues into the store that aedes makes for itself.
 */
import type { Readable } from 'node:stream';
import type { Aedes } from 'aedes';
import { Outgoing, type QueuedPacket } from './outgoing.ts';

interface Named {
  readonly id: string;
}

/** The part of aedes' store that is replaced or called. */
interface Store {
  outgoingEnqueue: (subscription: { readonly clientId: string }, packet: QueuedPacket) => Promise<void>;
  outgoingEnqueueCombi: (
    subscriptions: readonly { readonly clientId: string }[],
    packet: QueuedPacket,
  ) => PromiseLike<void>;
  outgoingUpdate: (client: Named, packet: QueuedPacket) => Promise<void>;
  outgoingClearMessageId: (client: Named, packet: QueuedPacket) => Promise<QueuedPacket | undefined>;
  outgoingStream: (client: Named) => Readable;
  cleanSubscriptions: (client: Named) => Promise<unknown>;
}

const SWEEP = 60_000;

/** Persistent sessions of a broker. */
export interface Sessions {
  connected(clientId: string, clean: boolean): void;
  disconnected(clientId: string): void;
  /** Ends a persistent session: what it subscribed to and what waits for it. */
  forget(clientId: string): Promise<void>;
  readonly dropped: number;
  close(): void;
}

/** @param aedes after `listen()`, which makes the store */
export const bindSessions = (aedes: Aedes): Sessions => {
  const { persistence: store } = aedes as Aedes & { readonly persistence: Store };
  const outgoing = new Outgoing<QueuedPacket>((packet) => ({ ...packet }));
  store.outgoingEnqueue = async ({ clientId }, packet) => outgoing.enqueue(clientId, packet);
  store.outgoingEnqueueCombi = async (subscriptions, packet) => {
    for (const { clientId } of subscriptions) outgoing.enqueue(clientId, packet);
  };
  store.outgoingUpdate = async ({ id }, packet) => outgoing.update(id, packet);
  store.outgoingClearMessageId = async ({ id }, { messageId }) => outgoing.clear(id, messageId);
  store.outgoingStream = ({ id }) => outgoing.stream(id);

  const timer = setInterval(() => {
    for (const id of outgoing.sweep()) void store.cleanSubscriptions({ id });
  }, SWEEP);
  timer.unref();
  return {
    connected: (clientId, clean) => outgoing.connected(clientId, clean),
    disconnected: (clientId) => outgoing.disconnected(clientId),
    async forget(id) {
      outgoing.forget(id);
      await store.cleanSubscriptions({ id });
    },
    get dropped() {
      return outgoing.dropped;
    },
    close: () => clearInterval(timer),
  };
};
