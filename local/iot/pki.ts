/**
 * The certificate authority of the local broker: made on first start, kept in the data folder, ECDSA P-256.
 *
 * AWS IoT Core signs device certificates with its own authority too; here one authority signs both the server
 * certificate of the broker and the certificates of devices.
 */
import 'reflect-metadata';
import { X509Certificate as NodeCertificate, randomBytes, webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const CERTIFICATE = '-----BEGIN CERTIFICATE-----';
const DAY = 86_400_000;
const CA_LIFE = 20 * 365 * DAY;
const SERVER_LIFE = 365 * DAY;
/** A server certificate with less life than this left is replaced at start. */
const SERVER_RENEWAL = 30 * DAY;
/** AWS IoT gives device certificates until 2049-12-31; so does this authority. */
const DEVICE_END = new Date('2049-12-31T23:59:59Z');
const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A certificate signing request that cannot be accepted; the message says why. */
export class BadCsr extends Error {
  override readonly name = 'BadCsr';
}

export interface SignedCertificate {
  /** SHA-256 of the DER form in lower-case hexadecimal: what AWS IoT calls the certificate id. */
  readonly id: string;
  readonly pem: string;
}

export interface Pki {
  /** Certificate of the authority. */
  readonly caPem: string;
  /** Key and certificate of the broker, PEM. */
  readonly server: { readonly key: string; readonly cert: string };
  /**
   * Signs a device's PKCS #10 request.
   * @throws {BadCsr} when it is not PEM, not a request, or not signed by its own key
   */
  signCsr(pem: string): Promise<SignedCertificate>;
}

interface KeyAndCertificate {
  readonly key: webcrypto.CryptoKey;
  readonly keyPem: string;
  readonly certificate: X509Certificate;
}

/**
 * Opens the authority of a data folder, or makes it there.
 * @param dataDir folder for `ca.pem` and `server.pem` (each a private key and its certificate); in memory when absent
 * @param hosts further names or addresses that the server certificate shall carry
 */
export const openPki = async (dataDir: string | undefined, hosts: readonly string[] = []): Promise<Pki> => {
  if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const ca = (await load(dataDir, 'ca')) ?? keep(dataDir, 'ca', await makeAuthority());
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...hosts])];
  const old = await load(dataDir, 'server');
  const server =
    old !== undefined && serves(old.certificate, names)
      ? old
      : keep(dataDir, 'server', await makeServer(ca, names));
  return {
    caPem: pemOf(ca.certificate),
    server: { key: server.keyPem, cert: `${pemOf(server.certificate)}\n${pemOf(ca.certificate)}` },
    signCsr: (pem) => signCsr(ca, pem),
  };
};

const pemOf = (certificate: X509Certificate): string => `${certificate.toString('pem')}\n`;

const serialNumber = (): string => {
  const bytes = randomBytes(20);
  // A positive integer that needs no padding: the first byte lies in 0x40..0x7f.
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
};

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);

const keyPem = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;

const makeAuthority = async (): Promise<KeyAndCertificate> => {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=labgate local authority, O=labgate',
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + CA_LIFE),
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: keys.privateKey, keyPem: await keyPem(keys.privateKey), certificate };
};

const makeServer = async (ca: KeyAndCertificate, names: readonly string[]): Promise<KeyAndCertificate> => {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=localhost, O=labgate',
    issuer: ca.certificate.subject,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + SERVER_LIFE),
    publicKey: keys.publicKey,
    signingKey: ca.key,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value }) as const),
      ),
      ...(await leafExtensions(ca, keys.publicKey, ExtendedKeyUsage.serverAuth)),
    ],
  });
  return { key: keys.privateKey, keyPem: await keyPem(keys.privateKey), certificate };
};

const leafExtensions = async (
  ca: KeyAndCertificate,
  publicKey: webcrypto.CryptoKey | PublicKey,
  usage: ExtendedKeyUsage,
) => [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
  new ExtendedKeyUsageExtension([usage]),
  await SubjectKeyIdentifierExtension.create(publicKey),
  await AuthorityKeyIdentifierExtension.create(ca.certificate.publicKey),
];

const signCsr = async (ca: KeyAndCertificate, pem: string): Promise<SignedCertificate> => {
  const request = await readCsr(pem);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: request.subject === '' ? 'CN=AWS IoT Certificate' : request.subject,
    issuer: ca.certificate.subject,
    notBefore: new Date(Date.now() - DAY),
    notAfter: DEVICE_END,
    publicKey: request.publicKey,
    signingKey: ca.key,
    signingAlgorithm: SIGNATURE,
    extensions: await leafExtensions(ca, request.publicKey, ExtendedKeyUsage.clientAuth),
  });
  const signed = pemOf(certificate);
  return { id: certificateId(new NodeCertificate(signed)), pem: signed };
};

/** Id that AWS IoT gives a certificate: SHA-256 over its DER form, lower-case hexadecimal. */
export const certificateId = (certificate: NodeCertificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase();

const readCsr = async (pem: string): Promise<Pkcs10CertificateRequest> => {
  if (!/-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/.test(pem)) {
    throw new BadCsr('The certificate signing request is not a PEM CERTIFICATE REQUEST.');
  }
  let request: Pkcs10CertificateRequest;
  let genuine: boolean;
  try {
    request = new Pkcs10CertificateRequest(pem);
    genuine = await request.verify();
  } catch (cause) {
    throw new BadCsr('The certificate signing request cannot be read.', { cause });
  }
  if (!genuine) throw new BadCsr('The certificate signing request is not signed by its own key.');
  if (!isSupported(request.publicKey.algorithm)) {
    throw new BadCsr('The key is neither RSA of at least 2048 bits nor ECC on NIST P-256, P-384 or P-521.');
  }
  return request;
};

/** The keys that `CreateCertificateFromCsr` takes. */
const isSupported = (key: Partial<webcrypto.RsaHashedKeyAlgorithm & webcrypto.EcKeyAlgorithm>): boolean =>
  key.name === 'ECDSA'
    ? ['P-256', 'P-384', 'P-521'].includes(key.namedCurve ?? '')
    : /^RSA/.test(key.name ?? '') && (key.modulusLength ?? 0) >= 2048;

const serves = (certificate: X509Certificate, names: readonly string[]): boolean => {
  const carried = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  return (
    certificate.notAfter.getTime() - Date.now() > SERVER_RENEWAL &&
    names.every((name) => carried.some((item) => sameName(item.value, name)))
  );
};

/** IPv6 addresses come back written out. */
const sameName = (carried: string, name: string): boolean =>
  carried === name || (name === '::1' && /^(?:0+:){7}0*1$/.test(carried));

const load = async (dataDir: string | undefined, name: string): Promise<KeyAndCertificate | undefined> => {
  if (dataDir === undefined) return undefined;
  const path = join(dataDir, `${name}.pem`);
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  const end = text.indexOf(CERTIFICATE);
  const pem = text.slice(0, end);
  const [pkcs8] = end < 0 ? [] : PemConverter.decode(pem);
  if (pkcs8 === undefined) throw new Error(`${path} does not hold a private key and its certificate`);
  return {
    key: await webcrypto.subtle.importKey('pkcs8', pkcs8, KEY, true, ['sign']),
    keyPem: pem,
    certificate: new X509Certificate(text.slice(end)),
  };
};

/** Key and certificate go into one file, so that no crash can leave one without the other. */
const keep = (dataDir: string | undefined, name: string, made: KeyAndCertificate): KeyAndCertificate => {
  if (dataDir === undefined) return made;
  const path = join(dataDir, `${name}.pem`);
  writeFileSync(`${path}.new`, `${made.keyPem}${pemOf(made.certificate)}`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return made;
};
