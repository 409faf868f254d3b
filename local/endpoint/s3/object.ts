/** Single objects: conditions, ranges and the headers that go with them. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { AwsResponse } from '../../types.ts';
import { AwsError } from '../../types.ts';
import { type Checksum, checksumHeaders } from './checksums.ts';
import type { S3Request } from './request.ts';
import type { Bucket, ObjectHead } from './store.ts';

const KEPT = new Set(['content-type', 'content-disposition', 'content-language', 'cache-control', 'expires']);

/** What is kept with an object of what came with it. */
export function newHead(
  key: string,
  body: Buffer,
  checksum: Checksum | undefined,
  headers: IncomingHttpHeaders | Readonly<Record<string, string>>,
): ObjectHead {
  const kept: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && (KEPT.has(name) || name.startsWith('x-amz-meta-'))) kept[name] = value;
  }
  // `aws-chunked` is how it was sent, not what it is.
  const encoding = String(headers['content-encoding'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'aws-chunked');
  if (encoding.length > 0) kept['content-encoding'] = encoding.join(',');
  return {
    key,
    size: body.length,
    etag: `"${createHash('md5').update(body).digest('hex')}"`,
    modified: Date.now(),
    checksum,
    headers: kept,
  };
}

/** @throws {AwsError} `PreconditionFailed` when the object is not as `If-Match` or `If-None-Match` wants it */
export function checkWrite(headers: IncomingHttpHeaders, before: ObjectHead | undefined): void {
  const match = headers['if-match'];
  if (match !== undefined && !before)
    throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  if ((headers['if-none-match'] === '*' && before) || (match !== undefined && match !== before?.etag)) {
    throw new AwsError(
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
      412,
    );
  }
}

/**
 * GetObject and HeadObject.
 * @param absent is called (and throws) when the key is not there
 */
export async function getObject(
  bucket: Bucket,
  asked: S3Request,
  headers: IncomingHttpHeaders,
  absent: () => never,
): Promise<AwsResponse> {
  const head = bucket.head(asked.key) ?? absent();
  const common = {
    ...head.headers,
    ...overrides(asked.query),
    etag: head.etag,
    'last-modified': new Date(head.modified).toUTCString(),
    'accept-ranges': 'bytes',
  };
  if (headers['if-match'] !== undefined && headers['if-match'] !== head.etag) {
    throw new AwsError(
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
      412,
    );
  }
  if (headers['if-none-match'] === head.etag) return { status: 304, headers: { etag: head.etag }, body: '' };
  const range = parseRange(headers.range, head.size);
  const { start, end } = range ?? { start: 0, end: head.size };
  const isHead = asked.operation === 'HeadObject';
  return {
    status: range ? 206 : 200,
    headers: {
      ...common,
      ...(isHead ? { 'content-length': String(end - start) } : {}),
      ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${head.size}` } : {}),
      // A checksum of the whole says nothing of a part.
      ...(range || headers['x-amz-checksum-mode'] !== 'ENABLED' ? {} : checksumHeaders(head.checksum)),
    },
    body: isHead ? '' : await bucket.read(head, start, end),
  };
}

/** `response-content-type=...` of a presigned URL. */
function overrides(query: URLSearchParams): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of [...KEPT, 'content-encoding']) {
    const value = query.get(`response-${name}`);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

/** One range of bytes, end exclusive; more than one is answered with the whole, as S3 does. */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  if (start >= end) throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416);
  return { start, end };
}
