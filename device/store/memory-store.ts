/** A message store that lives as long as the process: for simulated devices, and for devices without a disk. */
import type { MessageStore, Stored } from './message-store.ts';
import { StoreFull } from './message-store.ts';
import { Pending } from './pending.ts';
import { newSession } from './session.ts';

interface Kept extends Stored {
  readonly payload: Uint8Array;
}

/** Opens an empty store in memory. A new process is a new session. */
export const openMemoryStore = (maxBytes: number): MessageStore => {
  const pending = new Pending<Kept>();
  const session = newSession();
  let nextSeq = 0;
  let bytes = 0;
  let refused = 0;
  return {
    session,
    maxBytes,
    get bytes() {
      return bytes;
    },
    get refused() {
      return refused;
    },
    append(encode) {
      const seq = nextSeq;
      const payload = encode(session, seq);
      // Also used up by a message that is refused: the platform sees the gap.
      nextSeq += 1;
      if (bytes + payload.length > maxBytes) {
        refused += 1;
        throw new StoreFull(seq, bytes, maxBytes);
      }
      const kept = { session, seq, bytes: payload.length, payload };
      pending.add(kept);
      bytes += payload.length;
      return kept;
    },
    sync: () => Promise.resolve(),
    read(message) {
      const kept = pending.get(message.session, message.seq);
      if (kept === undefined) throw new Error(`message ${message.session}/${message.seq} is not kept`);
      return kept.payload;
    },
    acknowledge(ofSession, from, to) {
      const taken = pending.take(ofSession, from, to);
      for (const message of taken) bytes -= message.bytes;
      return taken;
    },
    pending: () => pending,
    close: () => Promise.resolve(),
  };
};
