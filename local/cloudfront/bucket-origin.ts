/** Objects of a bucket, as its policy lets CloudFront have them. */
import type { Buckets } from '../endpoint/index.ts';
import type { Iam, Log } from '../types.ts';
import type { BucketOrigin, Distribution } from './model.ts';

/** An answer that is whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const refused = (code: string, message: string, status: number): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  ),
});

const DENIED = refused('AccessDenied', 'Access Denied', 403);

/** The key of an object: the path, of which S3 decodes every percent sign, and nothing else. */
const keyOf = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path.slice(1));
  } catch {
    return undefined;
  }
};

export interface BucketReader {
  readonly buckets: Buckets;
  readonly iam: Pick<Iam, 'serviceMay'>;
  readonly log: Log;
}

/**
 * Reads an object as the distribution.
 * @param path as sent, still encoded
 */
export const readObject = async (
  { buckets, iam, log }: BucketReader,
  { arn }: Pick<Distribution, 'arn'>,
  origin: BucketOrigin,
  path: string,
): Promise<Answer> => {
  const key = keyOf(`${origin.path}${path}`);
  if (key === undefined) return refused('InvalidURI', 'Couldn&apos;t parse the specified URI.', 400);
  const bucketArn = `arn:aws:s3:::${origin.bucket}`;
  const may = (action: string, resource: string): boolean =>
    origin.signed &&
    iam.serviceMay('cloudfront.amazonaws.com', { action, resource, context: { 'aws:sourcearn': arn } });
  if (!may('s3:GetObject', `${bucketArn}/${key}`)) {
    log('warn', `the policy of bucket ${origin.bucket} gives CloudFront no ${key}`);
    return DENIED;
  }
  const bucket = buckets.get(origin.bucket);
  const found = await bucket?.alone(key, async () => {
    const head = bucket.head(key);
    return head && { head, body: await bucket.read(head) };
  });
  // Who may not list a bucket does not learn what is not in it.
  if (found === undefined)
    return may('s3:ListBucket', bucketArn)
      ? refused('NoSuchKey', 'The specified key does not exist.', 404)
      : DENIED;
  const { head, body } = found;
  return {
    status: 200,
    headers: { ...head.headers, etag: head.etag, 'last-modified': new Date(head.modified).toUTCString() },
    body,
  };
};
