/** A device's own key and its request for a certificate, made in this browser: the key leaves it in a file alone. */
import 'reflect-metadata';
import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;

export interface Identity {
  /** Private key, PKCS #8 in PEM. */
  readonly key: string;
  /** Certificate signing request, PKCS #10 in PEM. */
  readonly csr: string;
}

/** @param device identifier of the device, the common name of the request */
export const makeIdentity = async (device: string): Promise<Identity> => {
  const keys = await crypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create(
    // The structured form of a name needs no escaping.
    { name: [{ CN: [device] }], keys, signingAlgorithm: { ...KEY, hash: 'SHA-256' } },
    crypto,
  );
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: `${PemConverter.encode(key, 'PRIVATE KEY')}\n`, csr: `${request.toString('pem')}\n` };
};
