/** `labgate devices rotate`, `certificates` and `revoke`: one certificate after the other, without a gap. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { DeviceCertificate, IssuedCertificate } from '../../../contracts/resources/certificates.ts';
import type { DeviceDetail, Registered } from '../../../contracts/resources/devices.ts';
import { type Api, openApi } from '../client/api.ts';
import { hasNext, nextRequest, takeNext } from '../client/credentials-folder.ts';
import { readIfThere, writeOwn } from '../client/own-files.ts';
import { UsageError } from '../client/target.ts';
import { table } from '../output/table.ts';
import {
  type CommonOptions,
  NotSucceeded,
  print,
  type Reasoned,
  reasonOption,
  tell,
  whole,
  withTarget,
} from './options.ts';

const pathOf = (id: string): string => `/v1/devices/${encodeURIComponent(id)}`;
const listed = async (api: Api, id: string): Promise<readonly DeviceCertificate[]> =>
  await Array.fromAsync(api.list<DeviceCertificate>(`${pathOf(id)}/certificates`));

const certificates = async (id: string, options: CommonOptions): Promise<void> => {
  const found = await listed(openApi(options), id);
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const rows = found.map((each) => [
    each.id.slice(0, 16),
    each.state,
    each.createdAt,
    each.due ? `${each.renewBefore} (due)` : each.renewBefore,
    each.notAfter,
  ]);
  print(table(['certificate', 'state', 'made', 'renew before', 'valid until'], rows));
};

const revokeOne = async (api: Api, id: string, certificate: string, reason: string): Promise<void> => {
  await api.json(`${pathOf(id)}/certificates/${certificate}`, { method: 'DELETE', body: { reason } });
};

const revoke = async (id: string, certificate: string, options: Reasoned): Promise<void> => {
  const api = openApi(options);
  const meant = (await listed(api, id)).filter((each) => each.id.startsWith(certificate));
  const [one, other] = meant;
  if (one === undefined || other !== undefined)
    throw new UsageError(`${certificate} begins ${meant.length} certificates of ${id}`);
  await revokeOne(api, id, one.id, options.reason);
  tell(`the certificate ${one.id.slice(0, 16)} of ${id} is revoked`);
};

type Known = Omit<Registered, 'certificate' | 'ca'>;

/** Makes the next key, gets its certificate, and puts both in place. @returns what the folder says then */
const renew = async (api: Api, id: string, folder: string, known: Known): Promise<Known> => {
  const csr = await nextRequest(folder, async () => {
    const { createIdentity } = await import('../../../device/identity.ts');
    return await createIdentity(id);
  });
  const path = `${pathOf(id)}/certificates`;
  const { certificate, pem } = await api.json<IssuedCertificate>(path, { method: 'POST', body: { csr } });
  takeNext(folder, { id: certificate.id, pem });
  const now = { ...known, device: { ...known.device, certificateId: certificate.id } };
  writeOwn(join(folder, 'device.json'), `${JSON.stringify(now, null, 2)}\n`);
  return now;
};

/** Connects once as the device, where it does not run by itself. */
const connectOnce = async (folder: string, { endpoint, clientId }: Known): Promise<void> => {
  const { connectAsync } = await import('mqtt');
  const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const client = await connectAsync(`mqtts://${endpoint.host}:${endpoint.port}`, {
    clientId,
    ca: file('ca.pem'),
    cert: file('certificate.pem'),
    key: file('key.pem'),
    reconnectPeriod: 0,
  });
  await client.endAsync();
};

const POLL_MILLIS = 500;

/** Waits until the broker has said that a device came by a certificate. */
const hasConnected = async (api: Api, id: string, certificate: string, seconds: number): Promise<boolean> => {
  for (const end = Date.now() + seconds * 1000; ; await delay(POLL_MILLIS)) {
    const { connection } = await api.json<DeviceDetail>(pathOf(id));
    if (connection.certificateId === certificate) return true;
    if (Date.now() >= end) return false;
  }
};

interface RotateOptions extends CommonOptions {
  readonly out: string;
  readonly wait: number;
  readonly connect?: boolean;
}

const rotate = async (id: string, options: RotateOptions): Promise<void> => {
  const folder = join(options.out, id);
  const text = readIfThere(join(folder, 'device.json'));
  if (text === undefined) throw new UsageError(`${folder} holds no registration: name its folder with --out`);
  const known = JSON.parse(text) as Known;
  const api = openApi(options);
  const live = (await listed(api, id)).filter(({ state }) => state === 'active');
  const own = known.device.certificateId;
  if (!live.some((each) => each.id === own) && !hasNext(folder))
    throw new UsageError(`the certificate in ${folder} does not count any more`);
  // An earlier rotation may only have to be finished: the folder has the newer of two already.
  const isBegun = live.length > 1 && live.at(-1)?.id === own && !hasNext(folder);
  const now = isBegun ? known : await renew(api, id, folder, known);
  const certificate = now.device.certificateId ?? '';
  if (options.connect) await connectOnce(folder, now);
  else
    tell(`start ${id} again with the files in ${folder}; the old certificate counts until it has connected`);
  if (!(await hasConnected(api, id, certificate, options.wait)))
    throw new NotSucceeded(
      `${id} has not connected by its new certificate: both count, run this again later`,
    );
  const old = (await listed(api, id)).filter((each) => each.state === 'active' && each.id !== certificate);
  for (const each of old) await revokeOne(api, id, each.id, `replaced by ${certificate}`);
  if (options.json) print(JSON.stringify({ device: id, certificate, revoked: old.map((each) => each.id) }));
  else print(`${id} has the certificate ${certificate.slice(0, 16)}, and no other counts`);
};

/** Adds them to the `devices` command. */
export const addRotate = (devices: Command): void => {
  withTarget(devices.command('certificates <id>'))
    .description('list the certificates of a device')
    .action(certificates);
  withTarget(devices.command('rotate <id>'))
    .description(
      'replace key and certificate of a device; the old ones count until it has connected by the new',
    )
    .option('--out <folder>', 'where registrations were left', 'devices')
    .option('--wait <seconds>', 'how long to wait until it has connected', whole, 60)
    .option('--connect', 'connect once in its place, where it does not run by itself')
    .action(rotate);
  withTarget(devices.command('revoke <id> <certificate>'))
    .description('revoke a certificate, named by its beginning')
    .addOption(reasonOption())
    .action(revoke);
};
