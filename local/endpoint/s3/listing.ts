/** ListObjectsV2, and what all replies in XML have in common. */
import { AwsError } from '../../types.ts';
import { element } from '../xml.ts';
import type { Bucket, ObjectHead } from './store.ts';

const HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** A reply in XML. @param content of its root element */
export const document = (root: string, content: string): string =>
  `${HEADER}<${root} ${NAMESPACE}>${content}</${root}>`;
/** A time as S3 writes it in XML. @param ms milliseconds since the epoch */
export const timestamp = (ms: number): string => new Date(ms).toISOString();

interface Page {
  readonly objects: readonly ObjectHead[];
  readonly prefixes: readonly string[];
  /** Last key or common prefix of the page, when there is more. */
  readonly next: string | undefined;
}

/** One page of keys, those with the delimiter after the prefix rolled up. */
export function page(
  heads: readonly ObjectHead[],
  prefix: string,
  delimiter: string,
  after: string,
  max: number,
): Page {
  const objects: ObjectHead[] = [];
  const prefixes: string[] = [];
  let last = '';
  for (const head of heads) {
    if (!head.key.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : head.key.indexOf(delimiter, prefix.length);
    const name = cut < 0 ? head.key : head.key.slice(0, cut + delimiter.length);
    if (
      name === prefixes.at(-1) ||
      (after !== '' && Buffer.compare(Buffer.from(name), Buffer.from(after)) <= 0)
    ) {
      continue;
    }
    if (objects.length + prefixes.length === max) return { objects, prefixes, next: last };
    if (cut < 0) objects.push(head);
    else prefixes.push(name);
    last = name;
  }
  return { objects, prefixes, next: undefined };
}

/** @throws {AwsError} `InvalidArgument` */
export function listObjects(bucket: Bucket, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const requested = Number(query.get('max-keys') ?? 1000);
  if (!Number.isInteger(requested) || requested < 0)
    throw new AwsError('InvalidArgument', 'max-keys is no number');
  const max = Math.min(requested, 1000);
  const token = query.get('continuation-token');
  const after =
    token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
  const found =
    max === 0
      ? { objects: [], prefixes: [], next: undefined }
      : page(bucket.list(), prefix, delimiter, after, max);
  const url = query.get('encoding-type') === 'url';
  const encode = (text: string) => (url ? encodeURIComponent(text).replaceAll('%2F', '/') : text);
  return document(
    'ListBucketResult',
    [
      element('Name', bucket.name),
      element('Prefix', encode(prefix)),
      delimiter === '' ? '' : element('Delimiter', encode(delimiter)),
      url ? element('EncodingType', 'url') : '',
      element('MaxKeys', max),
      element('KeyCount', found.objects.length + found.prefixes.length),
      element('IsTruncated', found.next !== undefined),
      found.next === undefined
        ? ''
        : element('NextContinuationToken', Buffer.from(found.next).toString('base64url')),
      ...found.objects.map(
        (head) =>
          `<Contents>${element('Key', encode(head.key))}${element('LastModified', timestamp(head.modified))}${element('ETag', head.etag)}${element('Size', head.size)}${element('StorageClass', 'STANDARD')}</Contents>`,
      ),
      ...found.prefixes.map((name) => `<CommonPrefixes>${element('Prefix', encode(name))}</CommonPrefixes>`),
    ].join(''),
  );
}
