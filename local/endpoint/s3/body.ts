/** The bytes of an upload: taken out of the SDK's chunks, and compared with the checksum sent along. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { AwsError } from '../../types.ts';
import { readChunks } from '../aws-chunked.ts';

/** CRC-32 as S3 writes it: big-endian, base64. */
export function crc32Base64(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
}

/**
 * @throws {AwsError} `BadDigest` when a checksum does not fit, `IncompleteBody` when chunks are broken
 */
export function uploadedBody(raw: Buffer, headers: IncomingHttpHeaders): Buffer {
  const streaming = String(headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');
  const { body, trailers } = streaming ? joined(raw) : { body: raw, trailers: NO_TRAILERS };
  const given = (name: string) => trailers.get(name) ?? headers[name];
  const digests: readonly (readonly [name: string, actual: () => string])[] = [
    ['x-amz-checksum-crc32', () => crc32Base64(body)],
    ['x-amz-checksum-sha256', () => createHash('sha256').update(body).digest('base64')],
    ['x-amz-checksum-sha1', () => createHash('sha1').update(body).digest('base64')],
    ['content-md5', () => createHash('md5').update(body).digest('base64')],
  ];
  for (const [name, actual] of digests) {
    const expected = given(name);
    if (expected !== undefined && expected !== actual()) {
      throw new AwsError('BadDigest', `the ${name} you sent does not fit what arrived`);
    }
  }
  return body;
}

const NO_TRAILERS: ReadonlyMap<string, string> = new Map();

function joined(raw: Buffer): { readonly body: Buffer; readonly trailers: ReadonlyMap<string, string> } {
  const { chunks, trailers } = readChunks(raw);
  return { body: Buffer.concat(chunks.map(({ data }) => data)), trailers };
}
