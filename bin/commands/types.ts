/** `labgate types`: list, show, create. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { InstrumentType } from '../../contracts/instrument-types.ts';
import { openApi } from '../client/api.ts';
import { UsageError } from '../client/target.ts';
import { table } from '../output/table.ts';
import { type CommonOptions, print, withTarget } from './options.ts';

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

const create = async (file: string, options: CommonOptions): Promise<void> => {
  let body: unknown;
  try {
    body = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (cause) {
    throw new UsageError(`${file} cannot be read as JSON: ${String(cause)}`, { cause });
  }
  const made = await openApi(options).json<InstrumentType>('/v1/types', { method: 'POST', body });
  print(options.json ? JSON.stringify(made) : `created ${made.id}`);
};

/** The `types` command. */
export const typesCommand = (): Command => {
  const command = new Command('types').description('instrument types: list, show, create');
  withTarget(command.command('list')).description('list instrument types').action(list);
  withTarget(command.command('show <id>')).description('show the channels of a type').action(show);
  withTarget(command.command('create <file>'))
    .description('create a type from a JSON file, or from standard input with -')
    .action(create);
  return command;
};
