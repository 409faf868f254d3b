/** Records in a file, one after the other: `length u32 | crc32 u32 | body`, big-endian; length counts the body. */
import { ftruncateSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** Bytes before the body of a record. */
export const FRAME = 8;

/** A file that records are appended to. */
export interface Appendable {
  readonly fd: number;
  size: number;
}

/** A record of a body. */
export const framed = (body: Uint8Array): Buffer => {
  const record = Buffer.allocUnsafe(FRAME + body.length);
  record.writeUInt32BE(body.length, 0);
  record.writeUInt32BE(crc32(body), 4);
  record.set(body, FRAME);
  return record;
};

/**
 * The bodies of a file, up to the first that is not whole.
 * @returns each with its place in the file
 */
export function* framesOf(file: Buffer): Generator<{ readonly body: Buffer; readonly at: number }> {
  for (let at = 0; file.length - at >= FRAME; ) {
    const length = file.readUInt32BE(at);
    const body = file.subarray(at + FRAME, at + FRAME + length);
    if (length === 0 || body.length < length || crc32(body) !== file.readUInt32BE(at + 4)) return;
    yield { body, at: at + FRAME };
    at += FRAME + length;
  }
}

/**
 * Appends a record, or nothing.
 * @returns where it begins
 */
export const appendTo = (file: Appendable, record: Buffer): number => {
  const at = file.size;
  try {
    for (let done = 0; done < record.length; ) {
      done += writeSync(file.fd, record, done, record.length - done, at + done);
    }
  } catch (error) {
    // Half a record would hide those after it.
    ftruncateSync(file.fd, at);
    throw error;
  }
  file.size += record.length;
  return at;
};
