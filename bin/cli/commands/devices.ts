/** `labgate devices`: list, show, register, move, retire. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { slug } from '../../../contracts/messages/topics.ts';
import { isDue } from '../../../contracts/resources/certificates.ts';
import {
  connection,
  DEVICE_STATES,
  type Device,
  type DeviceDetail,
} from '../../../contracts/resources/devices.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import type { DeviceSessions, Presence } from '../../../contracts/resources/presence.ts';
import type { Site } from '../../../contracts/resources/sites.ts';
import { sample } from '../../../payload/sample.ts';
import { type Api, type Call, openApi } from '../client/api.ts';
import { enrol } from '../client/enrol.ts';
import { UsageError } from '../client/target.ts';
import { table } from '../output/table.ts';
import { addMove } from './move-device.ts';
import {
  type CommonOptions,
  print,
  type Reasoned,
  reasonOption,
  refuseBeside,
  siteOf,
  siteOption,
  tell,
  whole,
  withTarget,
} from './options.ts';
import { addRotate } from './rotate-device.ts';
import { instant, withRange } from './times.ts';

const row = (device: Device): string[] => [
  device.id,
  device.site,
  device.type,
  device.state,
  device.name ?? '',
];

interface ListOptions extends CommonOptions {
  readonly site?: string;
  readonly type?: string;
  readonly state?: string;
  readonly search?: string;
  readonly presence?: string;
  readonly attribute?: string;
  readonly due?: boolean;
}

/** Devices that are looked for: of each site that there is where none is named, as the API looks within one. */
async function* found(api: Api, site: string | undefined, query: Call['query']): AsyncGenerator<Device> {
  if (site !== undefined) yield* api.list<Device>('/v1/devices', { ...query, site });
  else for await (const { id } of api.list<Site>('/v1/sites')) yield* found(api, id, query);
}

const list = async (options: ListOptions): Promise<void> => {
  const api = openApi(options);
  const { type, state, search, presence, attribute } = options;
  const site = siteOf(options.site);
  const isSearch = [search, presence, attribute].some((asked) => asked !== undefined);
  const listed = isSearch
    ? found(api, site, { type, state, search, presence, attribute })
    : api.list<Device>('/v1/devices', { site, type, state });
  const all = await Array.fromAsync(listed);
  const now = new Date();
  const devices = options.due
    ? all.filter(({ renewBefore }) => renewBefore !== undefined && isDue(renewBefore, now))
    : all;
  if (options.json) print(JSON.stringify(devices));
  else print(table(['id', 'site', 'type', 'state', 'name'], devices.map(row)));
};

const show = async (id: string, options: CommonOptions): Promise<void> => {
  const found = await openApi(options).json<DeviceDetail>(`/v1/devices/${encodeURIComponent(id)}`);
  print(JSON.stringify(found, null, options.json ? 0 : 2));
};

const presence = async (id: string, options: CommonOptions): Promise<void> => {
  const found = await openApi(options).json<Presence>(`/v1/devices/${encodeURIComponent(id)}/presence`);
  print(options.json ? JSON.stringify(found) : `${id} is ${found.state}: ${found.why}`);
};

interface SessionsOptions extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly tz?: string;
}

const sessions = async (id: string, options: SessionsOptions): Promise<void> => {
  const { from, to } = options;
  const query = { from: instant('--from', from, options), to: instant('--to', to, options) };
  const path = `/v1/devices/${encodeURIComponent(id)}/sessions`;
  const found = await openApi(options).json<DeviceSessions>(path, { query });
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const rows = found.items.map((each) => [
    each.from ?? 'before',
    each.to ?? 'goes on',
    String(Math.round(each.seconds)),
    each.reason ?? '',
  ]);
  print(rows.length === 0 ? 'no session' : table(['from', 'to', 'seconds', 'ended by'], rows));
  const { availability, knownSeconds } = found;
  print(
    availability === null
      ? 'availability: not known'
      : `availability: ${(100 * availability).toFixed(2)} % of the ${Math.round(knownSeconds)} s that are known`,
  );
};

interface RegisterOptions extends CommonOptions {
  readonly site?: string;
  readonly type?: string;
  readonly name?: string;
  readonly csr?: string;
  readonly file?: string;
  readonly out?: string;
  readonly keys: string;
  readonly concurrency: number;
}

const csrFrom = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${String(cause)}`, { cause });
  }
};

const register = async (
  id: string | undefined,
  options: RegisterOptions,
  command: Command,
): Promise<void> => {
  const { site, type, name, csr, file, out = 'devices' } = options;
  if ((id === undefined) === (file === undefined)) throw new UsageError('name a device, or a --file of them');
  if (file !== undefined) {
    refuseBeside(command, 'file', ['name', 'csr']);
    const { registerFleet } = await import('./register-fleet.ts');
    return await registerFleet({ ...options, file, out: options.out ?? `${file}.results.ndjson` });
  }
  if (id === undefined || site === undefined || type === undefined)
    throw new UsageError('give --site and --type');
  // It becomes the name of a folder.
  if (!slug.safeParse(id).success)
    throw new UsageError(`${id}: use lower-case letters, digits and inner hyphens, at most 63 characters`);
  const enrolment = { id, site, type, ...(name === undefined ? {} : { name }) };
  const api = openApi(options);
  const made = await enrol(api, enrolment, join(out, id), csr === undefined ? undefined : csrFrom(csr));
  const { certificate: _certificate, ca: _ca, key: _key, folder, found, ...rest } = made;
  if (options.json) {
    print(JSON.stringify({ ...rest, folder, found }));
    return;
  }
  const { name: channel, value } = sample(await api.json<InstrumentType>(`/v1/types/${made.device.type}`));
  print(
    found
      ? `${id} is registered already, nothing was changed: key, certificate and CA are in ${folder}`
      : `registered ${id}: key, certificate and CA are in ${folder}`,
  );
  print('try it:');
  print(
    `  mosquitto_pub -h ${made.endpoint.host} -p ${made.endpoint.port} -i ${made.clientId} -q 1 \\\n` +
      `    --cafile ${folder}/ca.pem --cert ${folder}/certificate.pem --key ${folder}/key.pem \\\n` +
      `    -t ${made.topics.data} -m '{"v":1,"data":[{"n":"${channel}","t":"'$(date -u +%FT%TZ)'","v":${JSON.stringify(value)}}]}'`,
  );
};

const retire = async (id: string, options: Reasoned & { readonly yes?: boolean }): Promise<void> => {
  if (!options.yes)
    throw new UsageError(`retiring ${id} revokes its certificate for good: repeat with --yes`);
  const api = openApi(options);
  const path = `/v1/devices/${encodeURIComponent(id)}`;
  const headers = { 'if-match': await api.etag(path) };
  const body = { reason: options.reason };
  const retired = await api.json<Device>(path, { method: 'DELETE', headers, body });
  if (options.json) print(JSON.stringify(retired));
  else tell(`${id} is ${retired.state}`);
};

/** The `devices` command. */
export const devicesCommand = (): Command => {
  const command = new Command('devices').description('instruments: list, show, register, move, retire');
  withTarget(command.command('list'))
    .description('list devices')
    .addOption(siteOption())
    .option('--type <type>', 'only of this instrument type')
    .addOption(new Option('--state <state>', 'only in this state').choices(DEVICE_STATES))
    .option('--search <text>', 'whose identifier, name or serial number begins so')
    .addOption(
      new Option('--presence <state>', 'whose connection is so').choices(connection.shape.state.options),
    )
    .option('--attribute <label[:value]>', 'with this label')
    .option('--due', 'whose certificate is to be replaced')
    .action(list);
  withTarget(command.command('show <id>')).description('show one device').action(show);
  withTarget(command.command('presence <id>'))
    .description('say whether a device is there, and why that is known')
    .action(presence);
  withRange(withTarget(command.command('sessions <id>')))
    .description('show when a device was connected, and its availability')
    .action(sessions);
  withTarget(command.command('register [id]'))
    .description('register a device, or those of a file; keys are made here and stay here')
    .addOption(new Option('--site <site>', 'where it stands').env('LABGATE_SITE'))
    .option('--type <type>', 'instrument type')
    .option('--name <name>')
    .option('--csr <file>', 'a CSR of a key that lives elsewhere')
    .option(
      '--file <file>',
      'CSV with a heading, or NDJSON; --site and --type stand in where a line has none',
    )
    .option(
      '--out <path>',
      'folder for key and certificate (devices); with --file the file of results, by which it goes on',
    )
    .option('--keys <folder>', 'with --file: where the folders of devices go', 'devices')
    .option('--concurrency <number>', 'with --file: so many at a time', whole, 8)
    .action(register);
  addMove(command);
  addRotate(command);
  withTarget(command.command('retire <id>'))
    .description('revoke the certificate and cut the connection')
    .option('--yes', 'do it')
    .addOption(reasonOption())
    .action(retire);
  return command;
};
