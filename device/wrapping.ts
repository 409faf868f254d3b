/** Compresses messages: the platform takes gzip and zstd off again. */
import { gzipSync, zstdCompressSync } from 'node:zlib';

/** How the bytes of a message are compressed. */
export const WRAPPINGS = ['none', 'gzip', 'zstd'] as const;
export type Wrapping = (typeof WRAPPINGS)[number];

/**
 * Wraps an encoded message.
 * @param bytes what `encodeMessage` gives
 */
export const wrap = (bytes: Uint8Array, wrapping: Wrapping): Uint8Array => {
  if (wrapping === 'gzip') return gzipSync(bytes);
  return wrapping === 'zstd' ? zstdCompressSync(bytes) : bytes;
};
