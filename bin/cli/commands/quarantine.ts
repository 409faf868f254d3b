/** `labgate quarantine`: list, show, replay. */
import { Command, Option } from 'commander';
import {
  ENTRY_STATES,
  type Quarantined,
  type QuarantinedMessage,
} from '../../../contracts/resources/quarantine.ts';
import { openApi } from '../client/api.ts';
import { table } from '../output/table.ts';
import { type CommonOptions, print, siteOf, siteOption, withTarget } from './options.ts';
import { instant, withRange } from './times.ts';

interface ListOptions extends CommonOptions {
  readonly site?: string;
  readonly device?: string;
  readonly from?: string;
  readonly to?: string;
  readonly tz?: string;
  readonly state?: string;
}

const pathOf = (id: string): string => `/v1/quarantine/${id.split('/').map(encodeURIComponent).join('/')}`;

const why = ({ damaged, notes }: Quarantined): string =>
  damaged
    ? 'damaged: cannot be read'
    : notes.map(({ code, points }) => (points === 0 ? code : `${code} (${points})`)).join(', ');

const list = async (options: ListOptions): Promise<void> => {
  const { site, device, from, to, state } = options;
  const query = {
    site: siteOf(site),
    device,
    from: instant('--from', from, options),
    to: instant('--to', to, options),
    state,
  };
  const found = await Array.fromAsync(openApi(options).list<Quarantined>('/v1/quarantine', query));
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const rows = found.map((entry) => {
    const { id, arrived, size, state: is, replay } = entry;
    return [
      arrived,
      id,
      String(size),
      why(entry),
      is,
      replay === undefined ? '' : `${replay.at} by ${replay.by}`,
    ];
  });
  print(found.length === 0 ? 'nothing' : table(['arrived', 'id', 'bytes', 'why', 'state', 'replayed'], rows));
};

const show = async (id: string, options: CommonOptions & { readonly raw?: boolean }): Promise<void> => {
  const found = await openApi(options).json<QuarantinedMessage>(pathOf(id));
  if (options.raw) process.stdout.write(Buffer.from(found.bytes, 'base64'));
  else print(JSON.stringify(found, null, options.json ? 0 : 2));
};

const replay = async (ids: readonly string[], options: CommonOptions): Promise<void> => {
  const api = openApi(options);
  for (const id of ids) {
    const done = await api.json<{ entry: string; by: string; at: string }>(`${pathOf(id)}/replay`, {
      method: 'POST',
    });
    print(options.json ? JSON.stringify(done) : `${done.entry}: taken again by ${done.by} at ${done.at}`);
  }
};

/** The `quarantine` command. */
export const quarantineCommand = (): Command => {
  const command = new Command('quarantine').description(
    'messages that could not be stored: list, show, replay',
  );
  withRange(withTarget(command.command('list')))
    .description('list messages by site, device and arrival')
    .addOption(siteOption())
    .option('--device <device>', 'only with --site')
    .addOption(
      new Option('--state <state>', 'only those that were taken again, or not').choices(ENTRY_STATES),
    )
    .action(list);
  withTarget(command.command('show <id>'))
    .description('show a message, and as much of it as can be read')
    .option('--raw', 'print its bytes as they came')
    .action(show);
  withTarget(command.command('replay <id...>'))
    .description('take messages again as of their first arrival, once each')
    .action(replay);
  return command;
};
