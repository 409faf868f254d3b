/** Certificate signing requests, as a device makes them. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

export const ECC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
export const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

/** @param signingAlgorithm of the key too; ECC on P-256 when absent */
export const newCsr = async (
  name: string,
  signingAlgorithm: typeof ECC | typeof RSA | { readonly name: string } = ECC,
): Promise<string> => {
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${name}`,
    keys,
    signingAlgorithm,
  });
  return request.toString('pem');
};
