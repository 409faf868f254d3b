/**
 * Signatures of chunks: each signs its data and the signature before it, the first that of the request ("Signature
 * calculations for the Authorization header: transferring a payload in multiple chunks" of the S3 API reference).
 */
import { createScope, type SignatureV4 } from '@smithy/signature-v4';
import { readChunks } from '../aws-chunked.ts';
import { isSame, sha256 } from './digest.ts';
import type { Signature } from './read.ts';
import { refusal } from './refusals.ts';

const OF_NOTHING = sha256('');
const TRAILER_SIGNATURE = 'x-amz-trailer-signature';

/**
 * Checks the chunks of a body and, where there have to be some, the headers behind it.
 * @throws {AwsError} `SignatureDoesNotMatch` when they are not what was signed
 */
export async function verifyChunks(
  raw: Buffer,
  withTrailers: boolean,
  signature: Signature,
  signer: SignatureV4,
): Promise<void> {
  const { date, region, service, time } = signature;
  const { chunks, trailers } = readChunks(raw);
  const signingDate = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  let before = signature.value;
  const check = async (kind: string, digests: readonly string[], found: string): Promise<void> => {
    const toSign = [kind, time, createScope(date, region, service), before, ...digests].join('\n');
    const expected = await signer.sign(toSign, { signingDate });
    if (!isSame(found, expected)) throw refusal('wrong-signature', service);
    before = expected;
  };
  for (const chunk of chunks) {
    await check('AWS4-HMAC-SHA256-PAYLOAD', [OF_NOTHING, sha256(chunk.data)], chunk.signature);
  }
  const signed = [...trailers].filter(([name]) => name !== TRAILER_SIGNATURE);
  if (!withTrailers && trailers.size === 0) return;
  const text = signed
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}:${value}\n`)
    .join('');
  await check('AWS4-HMAC-SHA256-TRAILER', [sha256(text)], trailers.get(TRAILER_SIGNATURE) ?? '');
}
