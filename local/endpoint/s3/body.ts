/** The bytes of an upload: taken out of the SDK's chunks, and compared with the checksums sent along. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../../types.ts';
import { readChunks } from '../aws-chunked.ts';
import { type Checksum, checkChecksum } from './checksums.ts';

export interface Uploaded {
  readonly body: Buffer;
  /** The one that came with it. */
  readonly checksum: Checksum | undefined;
}

/**
 * Reads the body of an upload.
 * @throws {AwsError} `BadDigest` when a checksum does not fit, `IncompleteBody` when chunks are broken or missing,
 *   `MalformedTrailerError` when a header that was to come behind the body did not, and what `checkChecksum` throws
 */
export async function uploadedBody(raw: Buffer, given: IncomingHttpHeaders): Promise<Uploaded> {
  const { body, headers } = whole(raw, given);
  const md5 = headers.get('content-md5');
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64')) {
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  return { body, checksum: await checkChecksum(body, headers) };
}

/**
 * Puts a body that came in chunks together, and what trails behind it with its headers.
 * @throws {AwsError} `IncompleteBody`, `MalformedTrailerError`
 */
export function whole(
  raw: Buffer,
  given: IncomingHttpHeaders,
): { readonly body: Buffer; readonly headers: ReadonlyMap<string, string> } {
  const headers = new Map(Object.entries(given).map(([name, value]) => [name, String(value)]));
  if (headers.get('x-amz-content-sha256')?.startsWith('STREAMING-') !== true) return { body: raw, headers };
  const { chunks, trailers } = readChunks(raw);
  const body = Buffer.concat(chunks.map(({ data }) => data));
  if (String(body.length) !== headers.get('x-amz-decoded-content-length')) {
    throw new AwsError('IncompleteBody', 'x-amz-decoded-content-length is not the number of bytes that came');
  }
  for (const name of (headers.get('x-amz-trailer') ?? '')
    .split(',')
    .map((each) => each.trim().toLowerCase())) {
    const value = trailers.get(name);
    if (name !== '' && value === undefined)
      throw new AwsError('MalformedTrailerError', `the trailing header ${name} is missing`);
    if (value !== undefined) headers.set(name, value);
  }
  return { body, headers };
}
