/** Makes a device known: its key and request on this side, its certificate from the API, all in one folder. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Registered } from '../../contracts/devices.ts';
import type { Api } from './api.ts';

/** What the registration says besides the request. */
export interface Enrolment {
  readonly id: string;
  readonly site: string;
  readonly type: string;
  readonly [metadata: string]: unknown;
}

/** A registered device and where its files are. */
export interface Enrolled extends Registered {
  readonly folder: string;
  /** PEM, or `undefined` when the key lives elsewhere. */
  readonly key: string | undefined;
}

const read = (folder: string, name: string): string | undefined => {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
};

/**
 * Registers a device, or finds in the folder that it is. The request is kept, so that a registration that broke
 * off is finished by the next try.
 * @param csr PEM of a key that lives elsewhere; without it a key is made in the folder
 */
export const enrol = async (
  api: Api,
  enrolment: Enrolment,
  folder: string,
  csr?: string,
): Promise<Enrolled> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const done = read(folder, 'device.json');
  if (done !== undefined && csr === undefined) {
    const known = JSON.parse(done) as Omit<Registered, 'certificate' | 'ca'>;
    const certificate = read(folder, 'certificate.pem') ?? '';
    return { ...known, certificate, ca: read(folder, 'ca.pem') ?? '', folder, key: read(folder, 'key.pem') };
  }
  let request = csr ?? read(folder, 'csr.pem');
  if (request === undefined) {
    // Loaded only when a key is made: most commands make none.
    const { createIdentity } = await import('../../device/identity.ts');
    const identity = await createIdentity(enrolment.id);
    writeFileSync(join(folder, 'key.pem'), identity.key, { mode: 0o600 });
    writeFileSync(join(folder, 'csr.pem'), identity.csr);
    request = identity.csr;
  }
  const made = await api.json<Registered>('/v1/devices', {
    method: 'POST',
    body: { ...enrolment, csr: request },
  });
  const { certificate, ca, ...rest } = made;
  writeFileSync(join(folder, 'certificate.pem'), certificate);
  writeFileSync(join(folder, 'ca.pem'), ca);
  writeFileSync(join(folder, 'device.json'), `${JSON.stringify(rest, null, 2)}\n`);
  return { ...made, folder, key: csr === undefined ? read(folder, 'key.pem') : undefined };
};
