/** `labgate sites`: list, show, set, remove. */
import { Command, InvalidArgumentError } from 'commander';
import type { Site } from '../../../contracts/resources/sites.ts';
import { openApi } from '../client/api.ts';
import { ApiError } from '../client/refusal.ts';
import { UsageError } from '../client/target.ts';
import { table } from '../output/table.ts';
import { type CommonOptions, print, type Reasoned, reasonOption, tell, withTarget } from './options.ts';

const pathOf = (id: string): string => `/v1/sites/${encodeURIComponent(id)}`;

const list = async (options: CommonOptions): Promise<void> => {
  const found = await Array.fromAsync(openApi(options).list<Site>('/v1/sites'));
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const rows = found.map(({ id, described, name = '', timeZone = '', address = '' }) => [
    id,
    described ? name : '(not described)',
    timeZone,
    address,
  ]);
  print(table(['id', 'name', 'time zone', 'address'], rows));
};

const show = async (id: string, options: CommonOptions): Promise<void> => {
  const found = await openApi(options).json<Site>(pathOf(id));
  print(JSON.stringify(found, null, options.json ? 0 : 2));
};

/** Reads `latitude,longitude`. */
const positionNamed = (text: string): Site['position'] => {
  const [latitude, longitude, ...more] = text
    .split(',')
    .map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (more.length > 0 || !Number.isFinite(latitude) || !Number.isFinite(longitude))
    throw new InvalidArgumentError('use LATITUDE,LONGITUDE in degrees, such as 52.52,13.40');
  return { latitude: Number(latitude), longitude: Number(longitude) };
};

interface SetOptions extends Reasoned {
  readonly name?: string;
  readonly timeZone?: string;
  readonly address?: string;
  readonly position?: Site['position'];
  readonly contactName?: string;
  readonly contactEmail?: string;
  readonly contactPhone?: string;
}

/** Members that have a value, or nothing when none has. */
const given = <T extends object>(members: T): T | undefined => {
  const found = Object.entries(members).filter(([, value]) => value !== undefined);
  return found.length === 0 ? undefined : (Object.fromEntries(found) as T);
};

const set = async (id: string, options: SetOptions): Promise<void> => {
  const api = openApi(options);
  const before = await api.json<Site>(pathOf(id)).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  });
  const { name = before?.name, timeZone = before?.timeZone, reason } = options;
  if (name === undefined || timeZone === undefined)
    throw new UsageError(`${id} is not described yet: give --name and --time-zone`);
  const { contactName, contactEmail, contactPhone } = options;
  const body = {
    name,
    timeZone,
    address: options.address ?? before?.address,
    position: options.position ?? before?.position,
    contact: given({
      name: contactName ?? before?.contact?.name,
      email: contactEmail ?? before?.contact?.email,
      phone: contactPhone ?? before?.contact?.phone,
    }),
    reason,
  };
  const headers = before === undefined ? {} : { 'if-match': `"${before.version}"` };
  const now = await api.json<Site>(pathOf(id), { method: 'PUT', body, headers });
  print(options.json ? JSON.stringify(now) : `${id} is ${now.name}, ${now.timeZone}, version ${now.version}`);
};

const remove = async (id: string, options: Reasoned): Promise<void> => {
  const api = openApi(options);
  const headers = { 'if-match': await api.etag(pathOf(id)) };
  const was = await api.json<Site>(pathOf(id), {
    method: 'DELETE',
    body: { reason: options.reason },
    headers,
  });
  if (options.json) print(JSON.stringify(was));
  else tell(`the description of ${id} is removed`);
};

/** The `sites` command. */
export const sitesCommand = (): Command => {
  const command = new Command('sites').description('sites: where devices stand');
  withTarget(command.command('list')).description('list the sites that you may see').action(list);
  withTarget(command.command('show <id>')).description('show one site').action(show);
  withTarget(command.command('set <id>'))
    .description('describe a site; what is not given stays as it is')
    .option('--name <name>')
    .option('--time-zone <zone>', 'of the IANA database, such as Europe/Berlin')
    .option('--address <text>')
    .option('--position <latitude,longitude>', 'in degrees, for a map', positionNamed)
    .option('--contact-name <name>', 'whom to ask')
    .option('--contact-email <address>')
    .option('--contact-phone <number>')
    .addOption(reasonOption())
    .action(set);
  withTarget(command.command('remove <id>'))
    .description('remove the description of a site where no device is left')
    .addOption(reasonOption())
    .action(remove);
  return command;
};
