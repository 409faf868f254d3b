/** What an S3 request asks for: operation, bucket and key out of method, path and query. */
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../../types.ts';

export interface S3Request {
  readonly operation: S3Operation;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

export type S3Operation =
  | 'ListBuckets'
  | 'HeadBucket'
  | 'GetBucketLocation'
  | 'ListObjectsV2'
  | 'ListObjectVersions'
  | 'DeleteObjects'
  | 'GetObject'
  | 'HeadObject'
  | 'PutObject'
  | 'CopyObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'ListParts'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload';

/** Query parameters that choose an operation which is not run here. */
const SUBRESOURCES = [
  'acl',
  'attributes',
  'cors',
  'encryption',
  'legal-hold',
  'lifecycle',
  'logging',
  'notification',
  'object-lock',
  'policy',
  'replication',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'versionId',
  'versioning',
  'website',
];

/** @throws {AwsError} `NotImplemented`, naming what was asked for */
export function parseS3(method: string, url: string, headers: IncomingHttpHeaders): S3Request {
  const [path = '/', search = ''] = url.split(/\?(.*)/s);
  const query = new URLSearchParams(search);
  const [bucket = '', ...rest] = path.slice(1).split('/');
  const key = decode(rest.join('/'));
  const other = SUBRESOURCES.find((name) => query.has(name)) ?? refusedHeader(headers);
  const operation = other === undefined ? operationOf(method, bucket, key, query, headers) : undefined;
  if (operation === undefined) {
    throw new AwsError(
      'NotImplemented',
      `the local S3 does not know ${method} of ${key === '' ? 'a bucket' : 'an object'}${other === undefined ? '' : ` with ${other}`}`,
      501,
    );
  }
  return { operation, bucket: decode(bucket), key, query };
}

/** Headers that would change what is done, in a way that is not done here. */
function refusedHeader(headers: IncomingHttpHeaders): string | undefined {
  return Object.keys(headers).find(
    (name) =>
      /^x-amz-(copy-source-|object-lock-|tagging|website-|grant-|write-offset)/.test(name) ||
      /^x-amz-server-side-encryption-customer-/.test(name),
  );
}

function operationOf(
  method: string,
  bucket: string,
  key: string,
  query: URLSearchParams,
  headers: IncomingHttpHeaders,
): S3Operation | undefined {
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : undefined;
  if (key === '') {
    if (method === 'HEAD') return 'HeadBucket';
    if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
    if (method !== 'GET') return undefined;
    if (query.has('location')) return 'GetBucketLocation';
    if (query.has('versions')) return 'ListObjectVersions';
    return query.get('list-type') === '2' ? 'ListObjectsV2' : undefined;
  }
  const upload = query.has('uploadId');
  const copies = headers['x-amz-copy-source'] !== undefined;
  switch (method) {
    case 'GET':
      if (query.has('partNumber')) return undefined;
      return upload ? 'ListParts' : 'GetObject';
    case 'HEAD':
      return query.has('partNumber') ? undefined : 'HeadObject';
    case 'PUT':
      if (upload) return copies ? undefined : 'UploadPart';
      return copies ? 'CopyObject' : 'PutObject';
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload';
      return upload ? 'CompleteMultipartUpload' : undefined;
    case 'DELETE':
      return upload ? 'AbortMultipartUpload' : 'DeleteObject';
    default:
      return undefined;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError('InvalidURI', `${text} is not percent-encoded UTF-8`);
  }
}

/** Bucket and key of `x-amz-copy-source`. */
export function copySource(headers: IncomingHttpHeaders): { bucket: string; key: string } {
  const [bucket = '', ...key] = decode(String(headers['x-amz-copy-source'])).replace(/^\//, '').split('/');
  return { bucket, key: key.join('/') };
}
