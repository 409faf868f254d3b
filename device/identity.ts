/** A device's own key and its request for a certificate: the key never leaves the device. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { ...KEY, hash: 'SHA-256' } as const;

/** What a device makes for itself before it is registered. */
export interface Identity {
  /** Private key, PKCS #8 in PEM. */
  readonly key: string;
  /** Certificate signing request, PKCS #10 in PEM. */
  readonly csr: string;
}

/**
 * Makes a fresh ECDSA P-256 key and a signing request for it.
 * @param device identifier of the device, the common name of the request
 * @returns both in PEM; nothing is written to disk
 */
export const createIdentity = async (device: string): Promise<Identity> => {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create(
    // The structured form of a name needs no escaping.
    { name: [{ CN: [device] }], keys, signingAlgorithm: SIGNATURE },
    webcrypto,
  );
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: `${PemConverter.encode(key, 'PRIVATE KEY')}\n`, csr: `${request.toString('pem')}\n` };
};
