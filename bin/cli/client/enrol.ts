/** Registers a device: key and CSR are made here, the certificate comes from the API, all in one folder. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Device, Registered } from '../../../contracts/resources/devices.ts';
import type { Api } from './api.ts';
import { ApiError } from './refusal.ts';
import { UsageError } from './target.ts';

/** What the registration says besides the CSR. */
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
  /** Whether it was registered before; then nothing was changed. */
  readonly found: boolean;
}

const read = (folder: string, name: string): string | undefined => {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
};

/** @returns `undefined` when no device of this name is registered */
const find = async (api: Api, id: string): Promise<Device | undefined> => {
  try {
    return await api.json<Device>(`/v1/devices/${encodeURIComponent(id)}`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
};

/** What a person says of a device when it is registered. */
const SAID = ['site', 'type', 'name'] as const;

/** @throws {UsageError} naming each difference between what is registered and what is asked for */
const checkSame = (device: Device, enrolment: Enrolment, folder: string): void => {
  const differences = SAID.filter(
    (field) => enrolment[field] !== undefined && enrolment[field] !== device[field],
  ).map((field) => `${field} is ${device[field] ?? 'not set'}, not ${String(enrolment[field])}`);
  if (differences.length > 0)
    throw new UsageError(
      `${device.id} is registered already, its files are in ${folder}, but ${differences.join(', ')}: nothing was changed`,
    );
};

/** The registration in a folder, if the API still knows it: a local gateway may have been started anew. */
const kept = async (api: Api, enrolment: Enrolment, folder: string): Promise<Enrolled | undefined> => {
  const { id } = enrolment;
  const text = read(folder, 'device.json');
  if (text === undefined) return undefined;
  const known = JSON.parse(text) as Omit<Registered, 'certificate' | 'ca'>;
  const device = await find(api, id);
  if (device === undefined) return undefined;
  if (device.state === 'retiring' || device.state === 'retired')
    throw new UsageError(`${id} is ${device.state}: register another, and remove ${folder}`);
  if (device.certificateId !== known.device.certificateId)
    throw new UsageError(`${folder} holds a certificate that is not the one of ${id}: take another folder`);
  checkSame(device, enrolment, folder);
  const [certificate = '', ca = '', key] = ['certificate.pem', 'ca.pem', 'key.pem'].map((name) =>
    read(folder, name),
  );
  return { ...known, device, certificate, ca, folder, key, found: true };
};

/** A key that was made for a registration. */
interface Made {
  readonly csr: string;
  /** Removes it, and the folders that were made for it. */
  remove(): void;
}

const makeKey = async (id: string, folder: string): Promise<Made> => {
  // Loaded only when a key is made: most commands make none.
  const { createIdentity } = await import('../../../device/identity.ts');
  const { key, csr } = await createIdentity(id);
  const outermost = mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(join(folder, 'csr.pem'), csr);
  const remove = (): void => {
    for (const name of ['key.pem', 'csr.pem']) rmSync(join(folder, name));
    if (outermost === undefined) return;
    for (let each = resolve(folder); readdirSync(each).length === 0; each = dirname(each)) {
      rmdirSync(each);
      if (each === resolve(outermost)) return;
    }
  };
  return { csr, remove };
};

/**
 * Registers a device, unless the folder holds its registration already. Key and CSR stay in the folder when there was
 * no answer, so that the next try finishes the registration; when it was refused they are removed.
 * @param csr PEM of a key that lives elsewhere; without it a key is made in the folder
 * @throws {UsageError} when the folder belongs to a device that is retired, or to another registration, or when the
 *   device is registered with another site, type or name
 */
export const enrol = async (
  api: Api,
  enrolment: Enrolment,
  folder: string,
  csr?: string,
): Promise<Enrolled> => {
  const done = csr === undefined ? await kept(api, enrolment, folder) : undefined;
  if (done !== undefined) return done;
  const before = csr ?? read(folder, 'csr.pem');
  const key = before === undefined ? await makeKey(enrolment.id, folder) : undefined;
  let made: Registered;
  try {
    made = await api.json<Registered>('/v1/devices', {
      method: 'POST',
      body: { ...enrolment, csr: before ?? key?.csr },
    });
  } catch (error) {
    // After other failures the device may be registered: the next try finds out.
    if (error instanceof ApiError && error.status < 500) key?.remove();
    throw error;
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { certificate, ca, ...rest } = made;
  writeFileSync(join(folder, 'certificate.pem'), certificate);
  writeFileSync(join(folder, 'ca.pem'), ca);
  writeFileSync(join(folder, 'device.json'), `${JSON.stringify(rest, null, 2)}\n`);
  return { ...made, folder, key: csr === undefined ? read(folder, 'key.pem') : undefined, found: false };
};
