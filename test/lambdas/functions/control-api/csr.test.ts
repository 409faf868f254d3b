import { type createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { registration } from '../../../../contracts/resources/devices.ts';
import { UnusableCsr, usableCsr } from '../../../../lambdas/functions/control-api/csr.ts';
import { openPki } from '../../../../local/iot/pki.ts';
import { ECC, newCsr, RSA } from './csr.ts';

const accepted = (csr: string): boolean =>
  registration.safeParse({ id: 'd-1', site: 'lab-1', type: 'meter', csr }).success;

/** A request of a key that web cryptography does not make: with another key in the place of its own. */
const withKey = async (spki: Buffer): Promise<string> => {
  const der = Buffer.from((await newCsr('x')).replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const start = der.indexOf(Buffer.from('3059301306072a8648ce3d0201', 'hex'));
  const info = Buffer.concat([der.subarray(der.indexOf(Buffer.from('020100', 'hex')), start), spki]);
  const sequence = (...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([0x30, 0x82, body.length >> 8, body.length & 255]), body]);
  };
  const base64 = sequence(sequence(info), Buffer.alloc(20)).toString('base64');
  return `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----\n`;
};
const spkiOf = (made: { readonly publicKey: Parameters<typeof createPublicKey>[0] & object }): Buffer =>
  (made.publicKey as ReturnType<typeof createPublicKey>).export({ format: 'der', type: 'spki' });

describe('a signing request', () => {
  it.each([
    ['RSA of 2048 bits', RSA],
    ['P-256', ECC],
    ['P-384', { ...ECC, namedCurve: 'P-384' }],
    ['P-521', { ...ECC, namedCurve: 'P-521' }],
  ])('of a key on %s is taken, also by the local AWS IoT', async (_, algorithm) => {
    const csr = await newCsr('meter', algorithm);
    expect(accepted(csr)).toBe(true);
    const usable = usableCsr(csr);
    expect(usable.replaceAll(/\s/g, '')).toBe(csr.replaceAll(/\s/g, ''));
    await expect((await openPki(undefined)).signCsr(usable)).resolves.toHaveProperty('pem');
  });

  it.each([
    ['a byte order mark', (pem: string) => `\u{feff}${pem}`],
    ['another label', (pem: string) => pem.replaceAll('CERTIFICATE', 'NEW CERTIFICATE')],
    [
      'text around',
      (pem: string) => `Certificate Request:\n    Data:\n        Version: 1\n${pem}\nthat is all`,
    ],
    ['lines of Windows', (pem: string) => pem.replaceAll('\n', '\r\n')],
    ['one long line', (pem: string) => pem.replaceAll(/([^-])\n(?!-)/g, '$1')],
  ])('with %s is taken', async (_, change) => {
    const csr = await newCsr('meter');
    const changed = change(csr);
    expect(accepted(changed)).toBe(true);
    expect(usableCsr(changed).replaceAll(/\s/g, '')).toBe(csr.replaceAll(/\s/g, ''));
  });

  it.each([
    [
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      'its RSA key has 1024 bits, and needs at least 2048',
    ],
    [
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      'its key is on the curve secp256k1: use P-256, P-384, P-521',
    ],
    [generateKeyPairSync('ed25519'), 'its key is of the kind ed25519: use RSA'],
  ])('of a key that AWS IoT does not sign is refused, with what is wrong (%#)', async (made, why) => {
    const csr = await withKey(spkiOf(made));
    expect(() => usableCsr(csr)).toThrow(why);
  });

  it('of too short a key is refused by the local AWS IoT as well', async () => {
    const csr = await newCsr('meter', { ...RSA, modulusLength: 1024 });
    await expect((await openPki(undefined)).signCsr(csr)).rejects.toThrow('at least 2048 bits');
  });

  it('beside a private key is refused before anybody reads it', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const csr = await newCsr('meter');
    expect([`${key}${csr}`, `${csr}${key}`, `${csr}${csr}`].map(accepted)).toEqual([false, false, false]);
  });

  it('that is anything else is refused, whatever it is', () => {
    const pem = (bytes: Uint8Array) =>
      `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(() => usableCsr(pem(bytes))).toThrow(UnusableCsr);
      }),
    );
  });
});
