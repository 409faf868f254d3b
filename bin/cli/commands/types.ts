/** `labgate types`: list, show, create, update. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import * as z from 'zod';
import { type InstrumentType, instrumentType } from '../../../contracts/resources/instrument-types.ts';
import { openApi } from '../client/api.ts';
import { UsageError } from '../client/target.ts';
import { table } from '../output/table.ts';
import { type CommonOptions, print, type Reasoned, reasonOption, tell, withTarget } from './options.ts';

interface CreateOptions extends CommonOptions {
  readonly starter?: boolean;
}

const list = async (options: CommonOptions): Promise<void> => {
  const found = await Array.fromAsync(openApi(options).list<InstrumentType>('/v1/types'));
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const rows = found.map(({ id, name, channels }) => [id, name, Object.keys(channels).join(', ')]);
  print(table(['id', 'name', 'channels'], rows));
};

const show = async (id: string, options: CommonOptions): Promise<void> => {
  const found = await openApi(options).json<InstrumentType>(`/v1/types/${encodeURIComponent(id)}`);
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  print(`${found.id}: ${found.name}`);
  const span = (bounds: { min?: number | undefined; max?: number | undefined } | undefined): string =>
    bounds === undefined ? '' : `${bounds.min ?? ''}..${bounds.max ?? ''}`;
  print(
    table(
      ['channel', 'unit', 'type', 'kind', 'range', 'limits'],
      Object.entries(found.channels).map(([name, channel]) => [
        name,
        channel.unit,
        channel.type,
        channel.kind,
        span(channel.range),
        span(channel.limits),
      ]),
    ),
  );
};

/** @throws {UsageError} when the file cannot be read, or is no JSON */
const read = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (cause) {
    throw new UsageError(`${file} cannot be read as JSON: ${String(cause)}`, { cause });
  }
};

const createStarter = async (options: CreateOptions): Promise<void> => {
  const { createStarterTypes } = await import('../client/starter-types.ts');
  const made = await createStarterTypes(openApi(options));
  if (options.json) return print(JSON.stringify(made));
  print(`created, or there already: ${made.there.join(', ')}`);
  if (made.others.length > 0) tell(`left as they are, with another content: ${made.others.join(', ')}`);
};

const create = async (file: string | undefined, options: CreateOptions): Promise<void> => {
  if ((file === undefined) !== (options.starter === true)) throw new UsageError('name a file, or --starter');
  if (file === undefined) return await createStarter(options);
  const body = read(file);
  const made = await openApi(options).json<InstrumentType>('/v1/types', { method: 'POST', body });
  print(options.json ? JSON.stringify(made) : `created ${made.id}`);
};

/** The id of a type, and the members that the service sets; all others can be changed. */
const kept = z.looseObject(
  instrumentType
    .pick({ id: true, version: true, createdAt: true, createdBy: true, updatedAt: true, updatedBy: true })
    .partial({ version: true, createdAt: true, createdBy: true }).shape,
);

const update = async (file: string, options: Reasoned): Promise<void> => {
  const parsed = kept.safeParse(read(file));
  if (!parsed.success)
    throw new UsageError(`${file} is no instrument type: ${z.prettifyError(parsed.error)}`);
  const {
    id,
    version,
    createdAt: _at,
    createdBy: _by,
    updatedAt: _later,
    updatedBy: _who,
    ...change
  } = parsed.data;
  const api = openApi(options);
  const path = `/v1/types/${id}`;
  // A file of an older version must not undo what was changed since.
  const etag = version === undefined ? await api.etag(path) : `"${version}"`;
  const body = { ...change, reason: options.reason };
  const now = await api.json<InstrumentType>(path, { method: 'PUT', body, headers: { 'if-match': etag } });
  print(options.json ? JSON.stringify(now) : `updated ${now.id}, version ${now.version}`);
};

/** The `types` command. */
export const typesCommand = (): Command => {
  const command = new Command('types').description('instrument types: list, show, create, update');
  withTarget(command.command('list')).description('list instrument types').action(list);
  withTarget(command.command('show <id>')).description('show the channels of a type').action(show);
  withTarget(command.command('create [file]'))
    .description('create a type from a JSON file, or from standard input with -')
    .option('--starter', 'create the types that labgate comes with')
    .action(create);
  withTarget(command.command('update <file>'))
    .description(
      'change a type to what a file says, as `types show --json` prints it, or standard input with -',
    )
    .addOption(reasonOption())
    .action(update);
  return command;
};
