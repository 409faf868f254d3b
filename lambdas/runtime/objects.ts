/** Objects of S3: put, and nothing else. */
import { defaultProvider } from './credentials.ts';
import { sign } from './sign.ts';

/** S3 did not take an object; `name` is the code that it gave, e.g. `AccessDenied` or `SlowDown`. */
export class ObjectRefused extends Error {
  readonly $fault: 'client' | 'server';
  constructor(code: string, status: number, key: string) {
    super(`S3 refused ${key}: ${status} ${code}`);
    this.name = code;
    this.$fault = status < 500 ? 'client' : 'server';
  }
}

/** S3 gave no answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

const REQUEST_MILLIS = 5000;

/** Puts a JSON document. */
export type PutObject = (key: string, document: unknown, signal?: AbortSignal) => Promise<void>;

const credentials = defaultProvider();

/** A path with each part encoded as Signature Version 4 wants it: all but letters, digits and `-._~`. */
const encodePath = (path: string): string =>
  path
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(
        /[!'()*]/g,
        (sign_) => `%${sign_.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/');

/**
 * A way to put objects into a bucket, by path-style address: a bucket name in the host would need wildcard DNS on
 * one's own computer, and AWS takes both styles.
 * @throws {ObjectRefused} or {@link NoAnswer} from the function that is returned
 */
export const putInto = (bucket: string): PutObject => {
  const { AWS_REGION: region = 'us-east-1', AWS_ENDPOINT_URL: endpoint } = process.env;
  const base = endpoint ?? `https://s3.${region}.amazonaws.com`;
  return async (key, document, signal) => {
    const url = new URL(`/${encodePath(bucket)}/${encodePath(key)}`, base);
    const body = JSON.stringify(document);
    const headers = sign(
      { method: 'PUT', url, headers: { 'content-type': 'application/json' }, body },
      { credentials: await credentials(), region, service: 's3', at: new Date() },
    );
    const limit = AbortSignal.timeout(REQUEST_MILLIS);
    const ends = signal === undefined ? limit : AbortSignal.any([signal, limit]);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { method: 'PUT', headers, body, signal: ends });
      text = await response.text();
    } catch (error) {
      throw new NoAnswer(`S3 gave no answer to ${key}`, { cause: error });
    }
    if (response.ok) return;
    throw new ObjectRefused(/<Code>([^<]+)<\/Code>/.exec(text)?.[1] ?? 'UnknownError', response.status, key);
  };
};
