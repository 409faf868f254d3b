/** Requests of every kind that somebody might sign, signed by AWS's own signer. */
import { Hash } from '@smithy/hash-node';
import { getCanonicalQuery, SignatureV4 } from '@smithy/signature-v4';

export interface Signer {
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Signing name. */
  readonly service: string;
  readonly region?: string;
  readonly at?: Date;
}

export interface Unsigned {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const signerOf = ({ credentials, service, region = 'us-east-1' }: Signer): SignatureV4 =>
  new SignatureV4({
    credentials,
    service,
    region,
    sha256: Hash.bind(null, 'sha256'),
    uriEscapePath: service !== 's3',
  });

const requestOf = ({ method = 'GET', url, headers = {}, body }: Unsigned) => {
  const { protocol, hostname, pathname: path, searchParams, host } = new URL(url);
  const query: Record<string, string[]> = {};
  for (const name of searchParams.keys()) query[name] = searchParams.getAll(name);
  return { method, protocol, hostname, path, query, headers: { host, ...headers }, body };
};

/** @returns all headers to send, `host` included */
export const signedHeaders = async (request: Unsigned, signer: Signer): Promise<Record<string, string>> =>
  (await signerOf(signer).sign(requestOf(request), { signingDate: signer.at ?? new Date() })).headers;

/** Sends a request that is signed in its header. */
export const fetchSigned = async (request: Unsigned, signer: Signer): Promise<Response> => {
  const { method = 'GET', url, body } = request;
  const headers = await signedHeaders(request, signer);
  return fetch(url, { method, headers, body: body === undefined ? null : Buffer.from(body) });
};

/** Signs an address for GET, as the presigner of the SDK does. */
export const presigned = async (url: string, signer: Signer, seconds = 60): Promise<string> => {
  const request = requestOf({ url, headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } });
  const { query = {} } = await signerOf(signer).presign(request, {
    signingDate: signer.at ?? new Date(),
    expiresIn: seconds,
  });
  const { 'X-Amz-Signature': signature, ...others } = query;
  const { origin, pathname } = new URL(url);
  const search = getCanonicalQuery({ ...request, query: others });
  return `${origin}${pathname}?${search}&X-Amz-Signature=${signature}`;
};
