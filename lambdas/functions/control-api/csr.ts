/**
 * Certificate signing requests, in the forms that people have them, and of keys that AWS IoT signs: RSA of at least
 * 2048 bits, and ECC on NIST P-256, P-384 and P-521 (API reference, `CreateCertificateFromCsr`). AWS IoT says of all
 * others only that the request is invalid.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';

/** The request is none, or of a key that AWS IoT does not sign; the message says which. */
export class UnusableCsr extends Error {
  override readonly name = 'UnusableCsr';
}

const PEM = /-----BEGIN ((?:NEW )?CERTIFICATE REQUEST)-----\s([A-Za-z0-9+/=\s]+)-----END \1-----/;
const LABEL = 'CERTIFICATE REQUEST';
const MIN_RSA_BITS = 2048;
/** By their names in OpenSSL. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

/** An element of DER: where its content begins and where it ends. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

const broken = (cause?: unknown): UnusableCsr => new UnusableCsr('it is no PKCS #10 request', { cause });

const elementAt = (der: Buffer, start: number): Element => {
  const tag = der[start];
  const first = der[start + 1];
  if (tag === undefined || first === undefined) throw broken();
  const count = first < 128 ? 0 : first & 127;
  const content = start + 2 + count;
  if (count > 3 || content > der.length) throw broken();
  const length = count === 0 ? first : der.readUIntBE(start + 2, count);
  if (content + length > der.length) throw broken();
  return { tag, start, content, end: content + length };
};

const SEQUENCE = 0x30;

/** The key that a request is for: `SEQUENCE { SEQUENCE { version, subject, subjectPKInfo, ...` (RFC 2986). */
const keyOf = (der: Buffer): KeyObject => {
  const request = elementAt(der, 0);
  const info = elementAt(der, request.content);
  const version = elementAt(der, info.content);
  const subject = elementAt(der, version.end);
  const key = elementAt(der, subject.end);
  if ([request, info, subject, key].some(({ tag }) => tag !== SEQUENCE)) throw broken();
  try {
    return createPublicKey({ key: der.subarray(key.start, key.end), format: 'der', type: 'spki' });
  } catch (cause) {
    throw broken(cause);
  }
};

const faultOf = ({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): string | undefined => {
  if (type === 'rsa') {
    const { modulusLength = 0 } = details ?? {};
    return modulusLength < MIN_RSA_BITS
      ? `its RSA key has ${modulusLength} bits, and needs at least ${MIN_RSA_BITS}`
      : undefined;
  }
  const curves = Object.values(CURVES).join(', ');
  if (type !== 'ec')
    return `its key is of the kind ${type}: use RSA of at least ${MIN_RSA_BITS} bits, or ECC on ${curves}`;
  const { namedCurve = 'of its own' } = details ?? {};
  return Object.hasOwn(CURVES, namedCurve)
    ? undefined
    : `its key is on the curve ${namedCurve}: use ${curves}`;
};

/** The public key of a request that {@link usableCsr} has given. */
export const keyOfCsr = (pem: string): KeyObject =>
  keyOf(Buffer.from(PEM.exec(pem)?.[2]?.replaceAll(/\s/g, '') ?? '', 'base64'));

/**
 * The request as AWS IoT takes it, out of a text that may hold more, as OpenSSL's own description of it.
 * @throws {UnusableCsr}
 */
export const usableCsr = (text: string): string => {
  const base64 = PEM.exec(text)?.[2]?.replaceAll(/\s/g, '');
  if (base64 === undefined) throw broken();
  const der = Buffer.from(base64, 'base64');
  const fault = faultOf(keyOf(der));
  if (fault !== undefined) throw new UnusableCsr(fault);
  const lines = der.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${LABEL}-----\n${lines}\n-----END ${LABEL}-----\n`;
};
