/** `labgate devices move`. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { Moved, Registered } from '../../../contracts/resources/devices.ts';
import { openApi } from '../client/api.ts';
import { readIfThere, writeOwn } from '../client/own-files.ts';
import { print, type Reasoned, reasonOption, tell, withTarget } from './options.ts';

interface MoveOptions extends Reasoned {
  readonly site: string;
  readonly out: string;
}

/** Writes the new topics where the registration left those of before. @returns the file, where there is one */
const rewrite = (file: string, moved: Moved): string | undefined => {
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  const known = JSON.parse(text) as Omit<Registered, 'certificate' | 'ca'>;
  writeOwn(file, `${JSON.stringify({ ...known, ...moved }, null, 2)}\n`);
  return file;
};

const move = async (id: string, options: MoveOptions): Promise<void> => {
  const { site, reason, out } = options;
  const api = openApi(options);
  const path = `/v1/devices/${encodeURIComponent(id)}`;
  const headers = { 'if-match': await api.etag(path) };
  const moved = await api.json<Moved>(`${path}/move`, { method: 'POST', headers, body: { site, reason } });
  const file = rewrite(join(out, id, 'device.json'), moved);
  if (options.json) {
    print(JSON.stringify(moved));
    return;
  }
  print(`${id} is at ${moved.device.site}, and speaks on ${moved.topics.data}`);
  tell(file === undefined ? 'give it its new topics' : `${file} has its new topics: start the device again`);
};

/** Adds `move` to the `devices` command. */
export const addMove = (devices: Command): void => {
  withTarget(devices.command('move <id>'))
    .description('move a device to another site; its data come with it')
    .addOption(new Option('--site <site>', 'where it stands from now on').makeOptionMandatory())
    .option('--out <folder>', 'where registrations were left', 'devices')
    .addOption(reasonOption())
    .action(move);
};
