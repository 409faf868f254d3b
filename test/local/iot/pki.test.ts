import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BadCsr, openPki } from '../../../local/iot/pki.ts';
import { Registry } from '../../../local/iot/registry.ts';
import { newCsr } from '../../support/iot.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labgate-pki-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

describe('the authority', () => {
  it('signs the broker for loopback names and a device for nothing but clients', async () => {
    const pki = await openPki(undefined, ['lab.local']);
    const ca = new X509Certificate(pki.caPem);
    const server = new X509Certificate(pki.server.cert);
    expect(ca.ca).toBe(true);
    expect(server.verify(ca.publicKey)).toBe(true);
    for (const host of ['localhost', 'lab.local']) expect(server.checkHost(host)).toBeDefined();
    for (const ip of ['127.0.0.1', '::1']) expect(server.checkIP(ip)).toBeDefined();
    const { csr } = await newCsr('ph-1');
    const { id, pem } = await pki.signCsr(csr);
    const device = new X509Certificate(pem);
    expect(device.verify(ca.publicKey)).toBe(true);
    expect(device.ca).toBe(false);
    expect(device.subject).toBe('CN=ph-1');
    expect(device.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(id).toBe(device.fingerprint256.replaceAll(':', '').toLowerCase());
    expect((await pki.signCsr(csr)).id).not.toBe(id);
  });

  it('gives no reason to guess: a bad request is named as such', async () => {
    const pki = await openPki(undefined);
    await expect(pki.signCsr('')).rejects.toThrow(BadCsr);
    await expect(
      pki.signCsr('-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----'),
    ).rejects.toThrow(/cannot be read/);
  });

  it('stays over restarts, and renews the certificate of the broker before it ends', async () => {
    const first = await openPki(folder);
    const second = await openPki(folder);
    expect(second).toMatchObject({ caPem: first.caPem, server: first.server });
    expect((await openPki(folder, ['lab.local'])).server.cert).not.toBe(first.server.cert);
    const third = await openPki(folder);
    vi.useFakeTimers({ now: Date.now() + 340 * 86_400_000, toFake: ['Date'] });
    const later = await openPki(folder);
    expect(later.caPem).toBe(first.caPem);
    expect(later.server.cert).not.toBe(third.server.cert);
  });

  it('does not start on a file that holds no key', async () => {
    await writeFile(join(folder, 'ca.pem'), 'nothing');
    await expect(openPki(folder)).rejects.toThrow(/does not hold a private key/);
  });
});

describe('the registry file', () => {
  const path = () => join(folder, 'registry.jsonl');
  const thing = (name: string) => ({
    name,
    id: name,
    typeName: undefined,
    attributes: { site: 'a' },
    version: 1,
  });

  it('loses only the change that was cut off before anybody was told', async () => {
    const registry = new Registry(folder);
    registry.putThing(thing('a'));
    registry.putThing(thing('b'));
    registry.close();
    const text = await readFile(path(), 'utf8');
    await writeFile(path(), text.slice(0, -10));
    const again = new Registry(folder);
    expect([again.thing('a')?.name, again.thing('b')]).toEqual(['a', undefined]);
    again.close();
  });

  it('names the line that cannot be read', async () => {
    await writeFile(path(), '{"op":"thing-gone","name":"x"}\nrubbish\n');
    expect(() => new Registry(folder)).toThrow(
      /registry\.jsonl is damaged at byte 31: line 2 is not what was written/,
    );
  });

  it('does not grow with what has been overtaken', async () => {
    const registry = new Registry(folder);
    for (let version = 1; version <= 100; version++) registry.putThing({ ...thing('a'), version });
    registry.close();
    new Registry(folder).close();
    expect((await readFile(path(), 'utf8')).split('\n')).toHaveLength(2);
  });
});
