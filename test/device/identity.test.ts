import 'reflect-metadata';
import { createPrivateKey } from 'node:crypto';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { expect, it } from 'vitest';
import { registration } from '../../contracts/resources/devices.ts';
import { createIdentity } from '../../device/identity.ts';

it('makes a P-256 key and a request signed by it that registration takes', async () => {
  const { key, csr } = await createIdentity('balance-7');
  expect(createPrivateKey(key).asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  const request = new Pkcs10CertificateRequest(csr);
  expect(request.subject).toBe('CN=balance-7');
  expect(await request.verify()).toBe(true);
  expect(registration.safeParse({ id: 'balance-7', site: 'a', type: 'balance', csr }).success).toBe(true);
});

it('never makes the same key twice', async () => {
  const [first, second] = await Promise.all([createIdentity('a'), createIdentity('a')]);
  expect(first.key).not.toBe(second.key);
});
