/** The bytes of an upload: taken out of the SDK's chunks, and compared with the checksum sent along. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { AwsError } from '../../types.ts';

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
  const { body, trailers } = streaming ? unchunk(raw) : { body: raw, trailers: new Map<string, string>() };
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

/** `<hex size>[;chunk-signature=...]\r\n<data>\r\n ... 0\r\n<trailer>\r\n\r\n` */
function unchunk(raw: Buffer): { body: Buffer; trailers: Map<string, string> } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = raw.indexOf('\r\n', at);
    const size = Number.parseInt(raw.toString('latin1', at, lineEnd), 16);
    if (lineEnd < 0 || Number.isNaN(size)) throw incomplete();
    at = lineEnd + 2;
    if (size === 0) break;
    if (at + size + 2 > raw.length) throw incomplete();
    chunks.push(raw.subarray(at, at + size));
    at += size + 2;
  }
  const trailers = new Map<string, string>();
  for (const line of raw.toString('latin1', at).split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) trailers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { body: Buffer.concat(chunks), trailers };
}

const incomplete = () => new AwsError('IncompleteBody', 'the chunks of the body are broken');
