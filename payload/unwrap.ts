/** Takes gzip and zstd wrapping off a message, within bounds. */
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { LIMITS } from '../contracts/limits.ts';
import { UndecodableMessage } from '../contracts/messages/message.ts';

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;
const isZstd = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;

const bound = { maxOutputLength: LIMITS.unpackedBytes };
// RFC 8878 asks every decoder for windows of 8 MiB; larger ones would let a small message reserve memory.
const zstdBound = { ...bound, params: { [constants.ZSTD_d_windowLogMax]: 23 } };

const unpackZstd = (bytes: Uint8Array): Uint8Array => {
  // zlib leaves what follows the frame unread and says nothing.
  const { buffer, engine } = zstdDecompressSync(bytes, { ...zstdBound, info: true }) as unknown as {
    readonly buffer: Uint8Array;
    readonly engine: { readonly bytesWritten: number };
  };
  if (engine.bytesWritten !== bytes.length) throw new Error('Bytes follow the zstd frame.');
  return buffer;
};

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

const inflate = (unpack: () => Uint8Array): Uint8Array => {
  try {
    return unpack();
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') {
      throw new UndecodableMessage(
        'unpacked-too-large',
        `Unwrapped, the message is larger than ${LIMITS.unpackedBytes} bytes.`,
      );
    }
    throw new UndecodableMessage('corrupt-compression', error instanceof Error ? error.message : 'corrupt');
  }
};

/**
 * The bytes of the format itself: as given, or taken out of one gzip (RFC 1952) or zstd (RFC 8878) wrapping.
 * @throws UndecodableMessage for an empty, too large, corrupt or doubly wrapped message
 */
export const unwrap = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length === 0) throw new UndecodableMessage('empty-message', 'The message has no bytes.');
  if (bytes.length > LIMITS.messageBytes) {
    throw new UndecodableMessage(
      'message-too-large',
      `${bytes.length} bytes; at most ${LIMITS.messageBytes} are taken.`,
    );
  }
  if (!isGzip(bytes) && !isZstd(bytes)) return bytes;
  const plain = inflate(() => (isGzip(bytes) ? gunzipSync(bytes, bound) : unpackZstd(bytes)));
  if (plain.length === 0) throw new UndecodableMessage('empty-message', 'The wrapping holds no bytes.');
  if (isGzip(plain) || isZstd(plain)) {
    throw new UndecodableMessage('unknown-format', 'The message is wrapped more than once.');
  }
  return plain;
};
