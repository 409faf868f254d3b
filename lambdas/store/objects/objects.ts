/**
 * Objects of S3, by requests of our own: put, get, list, and addresses to give away. The S3 client of the SDK would
 * make a bundle 120 KB larger.
 */
import { createHash } from 'node:crypto';
import type { CredentialsFor } from '../../runtime/assume-role.ts';
import { NoAnswer } from '../../runtime/calls.ts';
import { defaultProvider } from '../../runtime/credentials.ts';
import { tryAgain } from '../../runtime/retry.ts';
import { presign, sign } from '../../runtime/sign.ts';

/** S3 refused something; `name` is the code that it gave, e.g. `AccessDenied` or `SlowDown`. */
export class ObjectRefused extends Error {
  readonly $fault: 'client' | 'server';
  readonly status: number;
  constructor(code: string, status: number, key: string) {
    super(`S3 refused ${key}: ${status} ${code}`);
    this.name = code;
    this.status = status;
    this.$fault = status < 500 ? 'client' : 'server';
  }
}

const REQUEST_MILLIS = 5000;

/** Puts a JSON document. */
export type PutObject = (key: string, document: unknown, signal?: AbortSignal) => Promise<void>;

const credentials = defaultProvider();

/** Encodes as Signature Version 4 wants it: all but letters, digits and `-._~`. */
const encodeStrictly = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const queryOf = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => `${name}=${encodeStrictly(value)}`)
    .join('&');

/** A path with each part encoded. */
const encodePath = (path: string): string => path.split('/').map(encodeStrictly).join('/');

interface Sending {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly query?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole answer. */
  readonly millis?: number;
}

interface Answer {
  readonly answer: Buffer;
  readonly tag: string | undefined;
}

/**
 * By path-style address: a bucket name in the host would need wildcard DNS on one's own computer, and AWS takes both
 * styles.
 */
const reach = (bucket: string) => {
  const { AWS_REGION: region = 'us-east-1', AWS_ENDPOINT_URL: endpoint } = process.env;
  const base = endpoint ?? `https://s3.${region}.amazonaws.com`;
  const urlOf = (key: string): URL =>
    new URL(`/${encodePath(bucket)}${key === '' ? '' : `/${encodePath(key)}`}`, base);
  const askOnce = async (method: string, key: string, sending: Sending = {}): Promise<Answer> => {
    const { headers: given = {}, body = '', query = {}, signal, millis = REQUEST_MILLIS } = sending;
    const url = urlOf(key);
    url.search = queryOf(query);
    const headers = await sign(
      { method, url, headers: given, body },
      { credentials: await credentials(), region, service: 's3', at: new Date() },
    );
    const limit = AbortSignal.timeout(millis);
    const ends = signal === undefined ? limit : AbortSignal.any([signal, limit]);
    let response: Response;
    let answer: Buffer;
    try {
      response = await fetch(url, {
        method,
        headers,
        signal: ends,
        ...(method === 'PUT' ? { body } : {}),
      });
      answer = Buffer.from(await response.arrayBuffer());
    } catch (error) {
      throw new NoAnswer(`S3 gave no answer to ${key}`, { cause: error });
    }
    if (response.ok) return { answer, tag: response.headers.get('etag') ?? undefined };
    const [, code = 'UnknownError'] = /<Code>([^<]+)<\/Code>/.exec(answer.toString()) ?? [];
    throw new ObjectRefused(code, response.status, key);
  };
  const ask = (method: string, key: string, sending: Sending = {}): Promise<Answer> =>
    tryAgain(() => askOnce(method, key, sending), sending.signal);
  const send = async (method: string, key: string, sending?: Sending): Promise<Buffer> =>
    (await ask(method, key, sending)).answer;
  return { urlOf, region, askOnce, ask, send };
};

/**
 * A way to put JSON documents into a bucket.
 * @throws {ObjectRefused} or {@link NoAnswer} from the function that is returned
 */
export const putInto = (bucket: string): PutObject => {
  const { send } = reach(bucket);
  return async (key, document, signal) => {
    const headers = { 'content-type': 'application/json' };
    await send('PUT', key, { headers, body: JSON.stringify(document), signal });
  };
};

/**
 * A way to get objects out of a bucket; `undefined` for one that is not there. Who may not list the bucket is told
 * `AccessDenied` instead.
 */
export type GetObject = (key: string, signal?: AbortSignal) => Promise<Buffer | undefined>;

/** @throws {ObjectRefused} or {@link NoAnswer} from the function that is returned */
export const getFrom = (bucket: string): GetObject => {
  const { send } = reach(bucket);
  return async (key, signal) => {
    try {
      return await send('GET', key, { signal });
    } catch (error) {
      if (error instanceof ObjectRefused && error.name === 'NoSuchKey') return undefined;
      throw error;
    }
  };
};

/** An object as a list tells of it. */
export interface Listed {
  readonly key: string;
  readonly bytes: number;
}

export interface ListRequest {
  readonly prefix: string;
  /** Keys after this one only. */
  readonly after?: string | undefined;
  /** From 1 to 1000. */
  readonly limit: number;
}

/** One page of keys in their order, and whether there are more. */
export type ListObjects = (
  request: ListRequest,
) => Promise<{ readonly objects: readonly Listed[]; readonly more: boolean }>;

const decodeKey = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

/** @throws {ObjectRefused} or {@link NoAnswer} from the function that is returned */
export const listOf = (bucket: string): ListObjects => {
  const { send } = reach(bucket);
  return async ({ prefix, after, limit }) => {
    const query = {
      'list-type': '2',
      // Keys come percent-encoded, so that no entity of XML can stand in them.
      'encoding-type': 'url',
      'max-keys': String(limit),
      prefix,
      ...(after === undefined ? {} : { 'start-after': after }),
    };
    const text = (await send('GET', '', { query })).toString();
    const objects = [...text.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, content = '']): Listed => {
      const [, key = ''] = /<Key>([^<]*)<\/Key>/.exec(content) ?? [];
      const [, size = '0'] = /<Size>(\d+)<\/Size>/.exec(content) ?? [];
      return { key: decodeKey(key), bytes: Number(size) };
    });
    return { objects, more: text.includes('<IsTruncated>true</IsTruncated>') };
  };
};

/**
 * Whether a bucket can be reached and listed.
 * @throws {ObjectRefused} or {@link NoAnswer} from the function that is returned
 */
export const lookAt = (bucket: string): ((signal: AbortSignal) => Promise<void>) => {
  const { askOnce } = reach(bucket);
  return async (signal) => {
    // Who asks whether it answers wants to know of the first fault.
    await askOnce('HEAD', '', { signal });
  };
};

/** Puts bytes of a media type. */
export type PutBytes = (key: string, bytes: Uint8Array<ArrayBuffer>, type: string) => Promise<void>;

/** Large objects take their time. */
const BYTES_MILLIS = 60_000;

/** @throws {ObjectRefused} or {@link NoAnswer} from the function that is returned */
export const putBytesInto = (bucket: string): PutBytes => {
  const { send } = reach(bucket);
  return async (key, body, type) => {
    await send('PUT', key, { headers: { 'content-type': type }, body, millis: BYTES_MILLIS });
  };
};

/** What tells one content of an object from another; `undefined` when it is not there. */
export type TagOf = (key: string, signal?: AbortSignal) => Promise<string | undefined>;

/** @throws {ObjectRefused} or {@link NoAnswer} from the function that is returned */
export const tagsIn = (bucket: string): TagOf => {
  const { ask } = reach(bucket);
  return async (key, signal) => {
    try {
      return (await ask('HEAD', key, { signal })).tag;
    } catch (error) {
      if (error instanceof ObjectRefused && error.status === 404) return undefined;
      throw error;
    }
  };
};

/**
 * Puts bytes in the place of what was there: of the object that has the tag, or of none.
 * @returns whether nobody else has put or deleted the object since
 */
export type ReplaceBytes = (
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
  type: string,
  before: string | undefined,
) => Promise<boolean>;

/** Not as it was, just being changed, and gone ("Conditional writes" of the S3 user guide). */
const CHANGED = [412, 409, 404];

/** @throws {ObjectRefused} or {@link NoAnswer} from the function that is returned */
export const replaceIn = (bucket: string): ReplaceBytes => {
  const { send } = reach(bucket);
  return async (key, body, type, before) => {
    const condition = before === undefined ? { 'if-none-match': '*' } : { 'if-match': before };
    const headers = { 'content-type': type, ...condition };
    try {
      await send('PUT', key, { headers, body, millis: BYTES_MILLIS });
      return true;
    } catch (error) {
      if (error instanceof ObjectRefused && CHANGED.includes(error.status) && error.name !== 'NoSuchBucket')
        return false;
      throw error;
    }
  };
};

/**
 * Puts a text where nothing is yet, with its checksum, which S3 wants of what it is to lock.
 * @returns whether nothing was there
 */
export type CreateText = (key: string, text: string, type: string) => Promise<boolean>;

/** @throws {ObjectRefused} or {@link NoAnswer} from the function that is returned */
export const createIn = (bucket: string): CreateText => {
  const { send } = reach(bucket);
  return async (key, body, type) => {
    const sum = createHash('sha256').update(body).digest('base64');
    const headers = { 'content-type': type, 'if-none-match': '*', 'x-amz-checksum-sha256': sum };
    try {
      await send('PUT', key, { headers, body });
      return true;
    } catch (error) {
      if (error instanceof ObjectRefused && error.status === 412) return false;
      throw error;
    }
  };
};

/** An address at which whoever holds it may get an object for so many seconds. */
export type LinkTo = (key: string, seconds: number) => Promise<string>;

/**
 * A way to give objects of a bucket away.
 * @param credentialsFor credentials that may read what is given away and nothing else: their key and session token can
 *   be read in the address
 */
export const linksInto = (bucket: string, credentialsFor: CredentialsFor): LinkTo => {
  const { urlOf, region } = reach(bucket);
  return async (key, seconds) => {
    const credentials = await credentialsFor(seconds);
    return presign(urlOf(key), { credentials, region, service: 's3', at: new Date() }, seconds);
  };
};
