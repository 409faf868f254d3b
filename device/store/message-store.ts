/** What a device keeps until the platform says that it has it. */

/** A message in the store. Its identity on the wire is session and sequence number. */
export interface Stored {
  readonly session: string;
  readonly seq: number;
  readonly bytes: number;
}

/** The store is at its bound: the newest message is refused, so that nothing already promised is lost. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
  /** The sequence number that was used up: the platform sees and names the gap. */
  readonly seq: number;
  constructor(seq: number, bytes: number, maxBytes: number) {
    super(`the store holds ${bytes} of at most ${maxBytes} bytes; message ${seq} was not taken`);
    this.seq = seq;
  }
}

/** Keeps messages, numbers them, and forgets them once they are acknowledged. */
export interface MessageStore {
  /** Session of the messages appended from now on. */
  readonly session: string;
  /** A folder that is its own for as long as it is open, where the device may keep more; none in memory. */
  readonly directory?: string;
  /** Bytes taken, of those allowed. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** Messages refused for want of room since it was opened. */
  readonly refused: number;
  /**
   * Appends a message under the next sequence number.
   * @param encode writes the message with its identity inside
   * @throws {StoreFull} and uses up the sequence number when there is no room
   */
  append(encode: (session: string, seq: number) => Uint8Array): Stored;
  /** Resolves when every message appended so far survives what the store promises to survive. */
  sync(): Promise<void>;
  /**
   * The bytes of a message.
   * @throws {Error} when it is acknowledged already, or cannot be read from disk
   */
  read(message: Stored): Uint8Array;
  /**
   * Forgets the messages `from` to `to`, both included, of a session.
   * @returns those that were still kept
   */
  acknowledge(session: string, from: number, to: number): readonly Stored[];
  /** Messages not acknowledged, oldest first. */
  pending(): Iterable<Stored>;
  /** Makes everything durable and lets go of the store. */
  close(): Promise<void>;
}
