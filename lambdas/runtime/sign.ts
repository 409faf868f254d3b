/**
 * AWS Signature Version 4 by AWS's own signer, for the few calls that a function makes without a client of the SDK:
 * each client would make a bundle 60 to 120 KB larger.
 */
import { Hash } from '@smithy/hash-node';
import { getCanonicalQuery, SignatureV4 } from '@smithy/signature-v4';

type HttpRequest = Parameters<SignatureV4['presign']>[0];

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

const CONTENT_HASH = 'x-amz-content-sha256';

const sha256 = Hash.bind(null, 'sha256');

const signerFor = ({ credentials, region, service }: SignedFor): SignatureV4 =>
  // S3 alone signs the path as it is sent; all others encode it a second time.
  new SignatureV4({ credentials, region, service, sha256, uriEscapePath: service !== 's3' });

const requestOf = (method: string, url: URL): HttpRequest => ({
  method,
  protocol: url.protocol,
  hostname: url.hostname,
  path: url.pathname,
  // Most addresses have no query, and to look for its parts takes longer than the digest.
  query: url.search === '' ? {} : Object.fromEntries(url.searchParams),
  headers: { host: url.host },
});

/**
 * Signs a request.
 * @returns all headers to send, `host` left out
 */
export const sign = async (
  { method, url, headers, body }: ToSign,
  signedFor: SignedFor,
): Promise<Record<string, string>> => {
  const request = requestOf(method, url);
  Object.assign(request.headers, headers);
  const signed = await signerFor(signedFor).sign({ ...request, body }, { signingDate: signedFor.at });
  const { host: _, ...sent } = signed.headers;
  return sent;
};

/**
 * Signs an address instead of a request: whoever holds it may GET it for so long, as its signer may ("Authenticating
 * requests: using query parameters" of the S3 API reference).
 * @param seconds at most 7 days; it ends sooner when the signer's credentials do
 */
export const presign = async (url: URL, signedFor: SignedFor, seconds: number): Promise<string> => {
  const request = requestOf('GET', url);
  request.headers[CONTENT_HASH] = 'UNSIGNED-PAYLOAD';
  // It says how to sign, and need not be sent.
  const contentHash = new Set([CONTENT_HASH]);
  const { query = {} } = await signerFor(signedFor).presign(request, {
    signingDate: signedFor.at,
    expiresIn: seconds,
    unhoistableHeaders: contentHash,
    unsignableHeaders: contentHash,
  });
  const { 'X-Amz-Signature': signature = '', ...others } = query;
  return `${url.origin}${url.pathname}?${getCanonicalQuery({ query: others } as HttpRequest)}&X-Amz-Signature=${signature}`;
};
