/**
 * Whether a request was signed with the secret of the access key that it names: it is signed again here, by AWS's own
 * signer, and the two signatures are compared.
 */
import { Hash } from '@smithy/hash-node';
import { ALGORITHM_IDENTIFIER, createScope, getCanonicalHeaders, SignatureV4 } from '@smithy/signature-v4';
import type { AccessKey } from '../../types.ts';
import { AwsError } from '../../types.ts';
import { verifyChunks } from './chunks.ts';
import { isSame, sha256 } from './digest.ts';
import { headerOf, type Received, type Signature, splitUrl } from './read.ts';
import { refusal } from './refusals.ts';

type HttpRequest = Parameters<SignatureV4['presign']>[0];

/** Signs for an access key what others say that it has signed. */
export class Resigner extends SignatureV4 {
  constructor(key: AccessKey, { region, service }: Signature) {
    // S3 alone signs the path as it is sent; all others encode it a second time.
    super({
      credentials: key,
      region,
      service,
      sha256: Hash.bind(null, 'sha256'),
      uriEscapePath: service !== 's3',
    });
  }

  /** @returns the signature in hexadecimal that the request should have */
  async resign(request: HttpRequest, signature: Signature, payloadHash: string): Promise<string> {
    const { date, region, service, time, signedHeaders } = signature;
    const headers = getCanonicalHeaders(request, undefined, new Set(signedHeaders));
    const canonical = this.createCanonicalRequest(request, headers, payloadHash);
    const scope = createScope(date, region, service);
    return this.sign(await this.createStringToSign(time, scope, canonical, ALGORITHM_IDENTIFIER), {
      signingDate: instant(time),
    });
  }
}

/** @param time `YYYYMMDD'T'HHMMSS'Z'` */
const instant = (time: string): Date =>
  new Date(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

/**
 * Checks that a request was signed with an access key, for this region, now.
 * @param region the one that everything here is in
 * @param now milliseconds since the epoch
 * @throws {AwsError} in words of the service that it was signed for
 */
export async function verify(
  request: Received,
  signature: Signature,
  key: AccessKey,
  region: string,
  now: number,
): Promise<void> {
  const { service, sessionToken } = signature;
  if (!isSame(sessionToken, key.sessionToken)) throw refusal('wrong-token', service);
  if (key.expires !== undefined && key.expires <= now) throw refusal('expired-token', service);
  if (signature.region !== region) {
    throw refusal('wrong-region', service, `it is ${signature.region}, expecting ${region}`);
  }
  checkTime(signature, now);
  checkSignedHeaders(request, signature);
  const payloadHash = payloadHashOf(request, signature);
  const signer = new Resigner(key, signature);
  const expected = await signer.resign(asSigned(request, signature), signature, payloadHash);
  if (!isSame(signature.value, expected)) throw refusal('wrong-signature', service);
  if (/^[0-9a-f]{64}$/.test(payloadHash)) {
    if (service === 's3' && sha256(request.body) !== payloadHash) {
      throw new AwsError(
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    }
  } else if (payloadHash.startsWith(SIGNED_CHUNKS)) {
    await verifyChunks(request.body, payloadHash.endsWith('-TRAILER'), signature, signer);
  }
}

const MOST_SKEW_MS = 15 * 60_000;

function checkTime({ time, seconds, service }: Signature, now: number): void {
  const signed = instant(time).getTime();
  // A day or hour that does not exist makes no time at all.
  const early = !(signed <= now + MOST_SKEW_MS);
  if (seconds === undefined) {
    if (early || signed < now - MOST_SKEW_MS) throw tooSkewed(service, time, now);
    return;
  }
  if (early) throw new AwsError('AccessDenied', 'Request is not yet valid', 403);
  if (signed + seconds * 1000 < now) throw new AwsError('AccessDenied', 'Request has expired', 403);
}

const tooSkewed = (service: string, time: string, now: number): AwsError =>
  refusal('wrong-time', service, `it was signed at ${time}, and now is ${new Date(now).toISOString()}`);

/** `host` (`:authority` in HTTP/2) says for whom the request is, and what begins with `x-amz-` changes what is done. */
function checkSignedHeaders({ headers }: Received, { service, signedHeaders }: Signature): void {
  if (!signedHeaders.includes('host') && !signedHeaders.includes(':authority'))
    throw refusal('unsigned-header', service, 'host');
  for (const name of Object.keys(headers)) {
    if (name.startsWith('x-amz-') && !signedHeaders.includes(name))
      throw refusal('unsigned-header', service, name);
  }
}

/** What of the body is signed. S3 is told it, and may be told that it is nothing; the others hash the body. */
function payloadHashOf(request: Received, { service, seconds }: Signature): string {
  if (service !== 's3') return sha256(request.body);
  const [, search] = splitUrl(request.url);
  const told =
    headerOf(request, 'x-amz-content-sha256') ||
    (seconds === undefined ? '' : (new URLSearchParams(search).get('X-Amz-Content-Sha256') ?? UNSIGNED));
  if (told === '') {
    throw new AwsError(
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
      400,
    );
  }
  if (!PAYLOADS.has(told) && !/^[0-9a-f]{64}$/.test(told)) {
    throw new AwsError('InvalidArgument', `x-amz-content-sha256 must not be ${told}`);
  }
  return told;
}

const UNSIGNED = 'UNSIGNED-PAYLOAD';
const SIGNED_CHUNKS = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
const PAYLOADS = new Set([
  UNSIGNED,
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  SIGNED_CHUNKS,
  `${SIGNED_CHUNKS}-TRAILER`,
]);

/** The request as its signer saw it: the headers that are signed, and the query decoded, without the signature. */
function asSigned(request: Received, { signedHeaders, seconds }: Signature): HttpRequest {
  const [path, search] = splitUrl(request.url);
  const query: Record<string, string[]> = Object.create(null);
  if (search !== '') {
    for (const [name, value] of new URLSearchParams(search)) {
      if (seconds !== undefined && name === 'X-Amz-Signature') continue;
      query[name] = [...(query[name] ?? []), value];
    }
  }
  const headers: Record<string, string> = {};
  for (const name of signedHeaders) headers[name] = headerOf(request, name);
  return { method: request.method, protocol: 'http:', hostname: '', path, query, headers };
}
