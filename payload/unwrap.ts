/** Takes gzip and zstd wrapping off a message, within bounds. */
import { LIMITS } from '../contracts/limits.ts';
import { UndecodableMessage } from '../contracts/messages/message.ts';

/**
 * Inflates a whole compressed message.
 * @param bytes all frames or members, nothing else
 * @param maxBytes how large the output may be
 * @returns the output of all frames or members, one after the other; `undefined` when it would be larger
 * @throws {Error} for bytes that are corrupt or cut off, and for anything that follows the last frame
 */
export type Inflate = (bytes: Uint8Array, maxBytes: number) => Uint8Array | undefined;

/**
 * What a platform inflates with. Node has both in `node:zlib`; a browser brings a library for each.
 */
export interface Inflaters {
  /** gzip, RFC 1952: one member or several. */
  readonly gunzip: Inflate;
  /** zstd, RFC 8878: one frame or several, with windows of at most 8 MiB. */
  readonly unzstd: Inflate;
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;
const isZstd = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;

const inflated = (inflate: Inflate, bytes: Uint8Array): Uint8Array => {
  let plain: Uint8Array | undefined;
  try {
    plain = inflate(bytes, LIMITS.unpackedBytes);
  } catch (error) {
    throw new UndecodableMessage('corrupt-compression', error instanceof Error ? error.message : 'corrupt');
  }
  if (plain !== undefined) return plain;
  throw new UndecodableMessage(
    'unpacked-too-large',
    `Unwrapped, the message is larger than ${LIMITS.unpackedBytes} bytes.`,
  );
};

/**
 * The bytes of the format itself: as given, or taken out of one gzip or zstd wrapping.
 * @throws {UndecodableMessage} for an empty, too large, corrupt or doubly wrapped message
 */
export const unwrap = (bytes: Uint8Array, { gunzip, unzstd }: Inflaters): Uint8Array => {
  if (bytes.length === 0) throw new UndecodableMessage('empty-message', 'The message has no bytes.');
  if (bytes.length > LIMITS.messageBytes) {
    throw new UndecodableMessage(
      'message-too-large',
      `${bytes.length} bytes; at most ${LIMITS.messageBytes} are taken.`,
    );
  }
  if (!isGzip(bytes) && !isZstd(bytes)) return bytes;
  const plain = inflated(isGzip(bytes) ? gunzip : unzstd, bytes);
  if (plain.length === 0) throw new UndecodableMessage('empty-message', 'The wrapping holds no bytes.');
  if (isGzip(plain) || isZstd(plain)) {
    throw new UndecodableMessage('unknown-format', 'The message is wrapped more than once.');
  }
  return plain;
};
