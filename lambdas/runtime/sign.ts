/**
 * AWS Signature Version 4 of one request, as the "Signature Version 4 signing process" of the IAM user guide says.
 * For the few calls that a function makes of a service: the clients of the SDK would make a bundle 120 KB larger.
 */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface ToSign {
  readonly method: string;
  readonly url: URL;
  /** By lower-case name, `host` left out. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface SignedFor {
  readonly credentials: Credentials;
  readonly region: string;
  readonly service: string;
  readonly at: Date;
}

const sha256 = (data: string | Uint8Array): string => hash('sha256', data, 'hex');
const hmac = (key: KeyObject, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** The key that was made last: that of one service is good for a day. */
let made: { readonly secret: string; readonly scope: string; readonly key: KeyObject } | undefined;

const keyOf = (secret: string, scope: string): KeyObject => {
  if (made === undefined || made.secret !== secret || made.scope !== scope) {
    const first = createSecretKey(`AWS4${secret}`, 'utf8');
    const key = scope.split('/').reduce((before, part) => createSecretKey(hmac(before, part)), first);
    made = { secret, scope, key };
  }
  return made.key;
};

/** Encodes as Signature Version 4 wants it: all but letters, digits and `-._~`. */
export const encodeStrictly = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (task) => `%${task.charCodeAt(0).toString(16).toUpperCase()}`);

const queryOf = (url: URL): string =>
  // Most have none, and to look for its parts takes longer than all else but the digest.
  url.search === ''
    ? ''
    : [...url.searchParams]
        .map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`)
        .sort()
        .join('&');

/** `20130524T000000Z` */
const stamp = (at: Date): string => at.toISOString().replace(/[-:]|\.\d{3}/g, '');

const signatureOf = (
  canonical: string,
  { time, scope }: { readonly time: string; readonly scope: string },
  { secretAccessKey }: Credentials,
): string => {
  const key = keyOf(secretAccessKey, scope);
  return hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
};

/**
 * Signs a request.
 * @returns all headers to send, `host` left out
 */
export const sign = (
  request: ToSign,
  { credentials, region, service, at }: SignedFor,
): Record<string, string> => {
  const time = stamp(at);
  const day = time.slice(0, 8);
  const sent: Record<string, string> = {
    ...request.headers,
    'x-amz-content-sha256': sha256(request.body),
    'x-amz-date': time,
    ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
  };
  const signed = Object.entries({ ...sent, host: request.url.host }).sort(([left], [right]) =>
    left < right ? -1 : 1,
  );
  const names = signed.map(([name]) => name).join(';');
  const canonical = [
    request.method,
    request.url.pathname,
    queryOf(request.url),
    ...signed.map(([name, value]) => `${name}:${value.trim()}`),
    '',
    names,
    sent['x-amz-content-sha256'],
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const signature = signatureOf(canonical, { time, scope }, credentials);
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope},SignedHeaders=${names},Signature=${signature}`,
  };
};

/**
 * Signs an address instead of a request: whoever holds it may GET it for so long, as its signer may ("Authenticating
 * requests: using query parameters" of the S3 API reference).
 * @param seconds at most 7 days; it ends sooner when the signer's credentials do
 */
export const presign = (
  url: URL,
  { credentials, region, service, at }: SignedFor,
  seconds: number,
): string => {
  const time = stamp(at);
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const signed = new URL(url);
  const parameters = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(seconds),
    ...(credentials.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': credentials.sessionToken }),
    'X-Amz-SignedHeaders': 'host',
  };
  for (const [name, value] of Object.entries(parameters)) signed.searchParams.set(name, value);
  const query = queryOf(signed);
  const canonical = [
    'GET',
    signed.pathname,
    query,
    `host:${signed.host}`,
    '',
    'host',
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  return `${signed.origin}${signed.pathname}?${query}&X-Amz-Signature=${signatureOf(canonical, { time, scope }, credentials)}`;
};
