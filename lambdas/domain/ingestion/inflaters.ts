/** Inflates messages with Node's zlib, within the bounds of RFC 8878 and of the caller. */
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Inflaters } from '../../../payload/unwrap.ts';

/** RFC 8878 §3.1.1.1.2 asks decoders for windows of 8 MiB; larger ones would let a small message reserve memory. */
const MAX_WINDOW_LOG = 23;
/** Each frame costs some 50 µs, whatever it holds: so many stay below what parsing a full message takes. */
const MAX_FRAMES = 256;

const isTooLarge = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';

/** What `inflate` gives, or `undefined` where Node stops it at the bound. */
const within = <T>(maxBytes: number, inflate: (maxOutputLength: number) => T): T | undefined => {
  try {
    // Node takes no bound below 1.
    return inflate(Math.max(1, maxBytes));
  } catch (error) {
    if (isTooLarge(error)) return undefined;
    throw error;
  }
};

/** One frame, and how many bytes it has: zlib leaves what follows it unread and says nothing. */
const unzstdFrame = (bytes: Uint8Array, maxOutputLength: number) => {
  const params = { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG };
  // What `info` gives is missing in the types of Node.
  return zstdDecompressSync(bytes, { maxOutputLength, params, info: true }) as unknown as {
    readonly buffer: Uint8Array;
    readonly engine: { readonly bytesWritten: number };
  };
};

/** The inflaters of a Lambda function, for `decodeMessage`. */
export const inflaters: Inflaters = {
  gunzip: (bytes, maxBytes) => within(maxBytes, (maxOutputLength) => gunzipSync(bytes, { maxOutputLength })),

  unzstd: (bytes, maxBytes) => {
    const outputs: Uint8Array[] = [];
    let left = maxBytes;
    for (let at = 0; at < bytes.length; ) {
      if (outputs.length === MAX_FRAMES) throw new Error(`more than ${MAX_FRAMES} frames`);
      const frame = within(left, (maxOutputLength) => unzstdFrame(bytes.subarray(at), maxOutputLength));
      if (frame === undefined || frame.buffer.length > left) return undefined;
      outputs.push(frame.buffer);
      left -= frame.buffer.length;
      at += frame.engine.bytesWritten;
    }
    return Buffer.concat(outputs);
  },
};
