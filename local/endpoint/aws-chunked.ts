/**
 * Bodies in chunks of their own (`Content-Encoding: aws-chunked`), as S3 takes them from who does not know their digest
 * beforehand: "Signature calculations for the Authorization header: transferring a payload in multiple chunks" and
 * "Trailing headers" of the S3 API reference.
 */
import { AwsError } from '../types.ts';

interface Chunk {
  readonly data: Buffer;
  /** Empty where chunks are not signed. */
  readonly signature: string;
}

export interface ChunkedBody {
  /** The last one, which is empty, included. */
  readonly chunks: readonly Chunk[];
  /** Headers after the last chunk, by lower-case name, in the order in which they were sent. */
  readonly trailers: ReadonlyMap<string, string>;
}

/**
 * Takes a body apart: `<hex size>[;chunk-signature=...]\r\n<data>\r\n ... 0[;chunk-signature=...]\r\n<trailers>\r\n\r\n`
 * @throws {AwsError} `IncompleteBody`
 */
export function readChunks(raw: Buffer): ChunkedBody {
  const chunks: Chunk[] = [];
  for (let at = 0; ; ) {
    const lineEnd = raw.indexOf('\r\n', at);
    const line = lineEnd < 0 ? '' : raw.toString('latin1', at, lineEnd);
    const [, hex, signature = ''] = /^([0-9a-f]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line) ?? [];
    if (hex === undefined) throw incomplete();
    const size = Number.parseInt(hex, 16);
    const start = lineEnd + 2;
    const end = start + size;
    chunks.push({ data: raw.subarray(start, end), signature });
    if (size === 0) return { chunks, trailers: readTrailers(raw.toString('latin1', start)) };
    if (raw.toString('latin1', end, end + 2) !== '\r\n') throw incomplete();
    at = end + 2;
  }
}

function readTrailers(text: string): Map<string, string> {
  const trailers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return trailers;
}

const incomplete = () => new AwsError('IncompleteBody', 'the chunks of the body are broken');
