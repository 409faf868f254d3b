/**
 * What a signed request says of its caller (AWS Signature Version 4, in the header or in the query). A request
 * signed in the header is believed by its session token, a random secret that only its holder sees; one signed
 * in the query, which is given away, by its signature.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../types.ts';

export interface Signature {
  readonly accessKeyId: string;
  readonly sessionToken: string;
  /** `YYYYMMDD` */
  readonly date: string;
  readonly region: string;
  /** Signing name: `dynamodb`, `s3`, `iotdata`, ... */
  readonly service: string;
  /** Given when the request is presigned: then the signature itself has to be checked. */
  readonly presigned: Presigned | undefined;
}

interface Presigned {
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDD'T'HHMMSS'Z'` */
  readonly time: string;
  readonly expires: number;
}

const header = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
};

/** @returns `undefined` when the request is not signed, or not readably */
export function readSignature(url: string, headers: IncomingHttpHeaders): Signature | undefined {
  const authorization = header(headers, 'authorization');
  if (authorization !== '') {
    const credential = /^AWS4-HMAC-SHA256 .*?Credential=([^,\s]+)/.exec(authorization)?.[1];
    return scope(credential, header(headers, 'x-amz-security-token'), undefined);
  }
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  if (!url.includes('?') || query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return undefined;
  return scope(query.get('X-Amz-Credential') ?? undefined, query.get('X-Amz-Security-Token') ?? '', {
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    time: query.get('X-Amz-Date') ?? '',
    expires: Number(query.get('X-Amz-Expires')),
  });
}

function scope(
  credential: string | undefined,
  sessionToken: string,
  presigned: Presigned | undefined,
): Signature | undefined {
  const [accessKeyId, date, region, service, end] = (credential ?? '').split('/');
  if (!accessKeyId || !date || !region || !service || end !== 'aws4_request') return undefined;
  return { accessKeyId, sessionToken, date, region, service, presigned };
}

const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/**
 * Checks a presigned URL. Its session token can be read by whoever is given the URL, so only the signature
 * says that the URL was meant for this.
 * @param secret secret access key of the caller
 * @throws {AwsError} `AccessDenied` when it has expired, `SignatureDoesNotMatch`
 */
export function checkPresigned(
  request: { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders },
  signed: Signature,
  presigned: Presigned,
  secret: string,
  now: number,
): void {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(presigned.time) ?? [];
  const issued = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (!(now <= issued + presigned.expires * 1000) || presigned.expires > 604_800) {
    throw new AwsError('AccessDenied', 'Request has expired', 403);
  }
  const [path = '/', query = ''] = request.url.split(/\?(.*)/s);
  const canonicalQuery = query
    .split('&')
    .filter((pair) => !pair.startsWith('X-Amz-Signature='))
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .sort()
    .join('&');
  const headers = presigned.signedHeaders.map(
    (name) => `${name}:${header(request.headers, name).trim().replace(/ +/g, ' ')}\n`,
  );
  const canonical = [
    request.method,
    path,
    canonicalQuery,
    headers.join(''),
    presigned.signedHeaders.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const scopeText = `${signed.date}/${signed.region}/${signed.service}/aws4_request`;
  const toSign = [
    'AWS4-HMAC-SHA256',
    presigned.time,
    scopeText,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n');
  const key = scopeText.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const expected = hmac(key, toSign);
  const given = Buffer.from(presigned.signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new AwsError('SignatureDoesNotMatch', 'The signature does not match the request', 403);
  }
}
