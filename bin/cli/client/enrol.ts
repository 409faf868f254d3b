/** Makes a device known: its key and request on this side, its certificate from the API, all in one folder. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Device, Registered } from '../../../contracts/resources/devices.ts';
import { type Api, ApiError } from './api.ts';
import { UsageError } from './target.ts';

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

/** @returns `undefined` when nobody of this name is registered */
const find = async (api: Api, id: string): Promise<Device | undefined> => {
  try {
    return await api.json<Device>(`/v1/devices/${encodeURIComponent(id)}`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
};

/** What a folder holds, if it is still true: the gateway that it was made with may have forgotten all, or be another. */
const kept = async (api: Api, id: string, folder: string): Promise<Enrolled | undefined> => {
  const text = read(folder, 'device.json');
  if (text === undefined) return undefined;
  const known = JSON.parse(text) as Omit<Registered, 'certificate' | 'ca'>;
  const device = await find(api, id);
  if (device === undefined) return undefined;
  if (device.state === 'retiring' || device.state === 'retired')
    throw new UsageError(`${id} is ${device.state}: register another, and remove ${folder}`);
  if (device.certificateId !== known.device.certificateId)
    throw new UsageError(`${folder} holds a certificate that is not the one of ${id}: take another folder`);
  const [certificate = '', ca = '', key] = ['certificate.pem', 'ca.pem', 'key.pem'].map((name) =>
    read(folder, name),
  );
  return { ...known, device, certificate, ca, folder, key };
};

/**
 * Registers a device, or finds in the folder that it is, and asks whether that still holds. The request is kept, so
 * that a registration that broke off is finished by the next try.
 * @param csr PEM of a key that lives elsewhere; without it a key is made in the folder
 * @throws {UsageError} when the folder belongs to a device that is retired, or to another registration
 */
export const enrol = async (
  api: Api,
  enrolment: Enrolment,
  folder: string,
  csr?: string,
): Promise<Enrolled> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const done = csr === undefined ? await kept(api, enrolment.id, folder) : undefined;
  if (done !== undefined) return done;
  let request = csr ?? read(folder, 'csr.pem');
  if (request === undefined) {
    // Loaded only when a key is made: most commands make none.
    const { createIdentity } = await import('../../../device/identity.ts');
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
