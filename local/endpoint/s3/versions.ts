/** ListObjectVersions. Here an object has one version, its newest: that of a bucket without versioning, `null`. */
import { element } from '../xml.ts';
import { document, page, timestamp } from './listing.ts';
import type { Bucket } from './store.ts';

const PAGE = 1000;

/** One page of versions. */
export function listVersions(bucket: Bucket, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('key-marker') ?? '';
  const max = Math.min(Number(query.get('max-keys') ?? PAGE), PAGE);
  const { objects, next } = page(bucket.list(), prefix, '', after, max);
  const encode = (text: string) =>
    query.get('encoding-type') === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text;
  return document(
    'ListVersionsResult',
    [
      element('Name', bucket.name),
      element('Prefix', encode(prefix)),
      element('KeyMarker', encode(after)),
      element('MaxKeys', max),
      element('IsTruncated', next !== undefined),
      next === undefined
        ? ''
        : element('NextKeyMarker', encode(next)) + element('NextVersionIdMarker', 'null'),
      ...objects.map(
        ({ key, modified, etag, size }) =>
          `<Version>${element('Key', encode(key))}${element('VersionId', 'null')}${element('IsLatest', true)}${element('LastModified', timestamp(modified))}${element('ETag', etag)}${element('Size', size)}</Version>`,
      ),
    ].join(''),
  );
}
