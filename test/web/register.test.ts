/** What the page makes for a device that is registered: key and request, and the folder of files. */
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { expect, it } from 'vitest';
import { registration } from '../../contracts/resources/devices.ts';
import { makeIdentity } from '../../web/src/pages/register/identity.ts';
import { zip } from '../../web/src/pages/register/zip.ts';

it('the request is signed by the key, names the device, and holds no key', async () => {
  const { key, csr } = await makeIdentity('my-meter');
  const request = new Pkcs10CertificateRequest(csr);
  expect(await request.verify()).toBe(true);
  expect(request.subject).toBe('CN=my-meter');
  const made = { id: 'my-meter', site: 'lab-1', type: 'ph-meter', csr };
  expect(registration.safeParse(made).success).toBe(true);
  const text = Buffer.from('hello');
  const publicKey = createPublicKey({
    key: Buffer.from(request.publicKey.rawData),
    format: 'der',
    type: 'spki',
  });
  expect(verify('sha256', text, publicKey, sign('sha256', text, createPrivateKey(key)))).toBe(true);
  expect(publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
});

/** Reads a ZIP file from its end, as unpackers do. */
const unpack = (file: Uint8Array) => {
  const bytes = Buffer.from(file);
  const end = bytes.length - 22;
  expect(bytes.readUInt32LE(end)).toBe(0x06054b50);
  let at = bytes.readUInt32LE(end + 16);
  expect(at + bytes.readUInt32LE(end + 12)).toBe(end);
  return Array.from({ length: bytes.readUInt16LE(end + 10) }, () => {
    expect(bytes.readUInt32LE(at)).toBe(0x02014b50);
    const length = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + length);
    const local = bytes.readUInt32LE(at + 42);
    expect(bytes.readUInt32LE(local)).toBe(0x04034b50);
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(from, from + bytes.readUInt32LE(at + 24));
    for (const crc of [bytes.readUInt32LE(at + 16), bytes.readUInt32LE(local + 14)])
      expect(crc).toBe(crc32(data));
    const mode = bytes.readUInt32LE(at + 38) >>> 16;
    at += 46 + length;
    return { name, text: data.toString(), mode };
  });
};

it('the folder is unpacked as it was, with the permissions of the key', () => {
  const files = [
    { name: 'meter/key.pem', text: 'secret\n', mode: 0o600 },
    { name: 'meter/größe.txt', text: 'Ω'.repeat(1000), mode: 0o644 },
    { name: 'meter/empty', text: '', mode: 0o755 },
  ];
  expect(unpack(zip(files))).toEqual(files.map((file) => ({ ...file, mode: 0o100000 | file.mode })));
});
