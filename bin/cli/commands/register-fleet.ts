/** `labgate devices register --file`: many devices, a result a line. */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApi } from '../client/api.ts';
import { bulkEnrol, succeeded } from '../client/bulk-enrol.ts';
import { enrol } from '../client/enrol.ts';
import { fleetLines } from '../client/fleet-file.ts';
import { readIfThere } from '../client/own-files.ts';
import { UsageError } from '../client/target.ts';
import { type CommonOptions, NotSucceeded, print } from './options.ts';

export interface FleetOptions extends CommonOptions {
  readonly file: string;
  /** The file of results. */
  readonly out: string;
  /** Folder of the folders of devices. */
  readonly keys: string;
  readonly concurrency: number;
  readonly site?: string;
  readonly type?: string;
}

const read = (file: string): string => {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${String(cause)}`, { cause });
  }
};

/** Registers the devices of a file. */
export const registerFleet = async (options: FleetOptions): Promise<void> => {
  const { file, out, keys, concurrency, site, type } = options;
  const defaults = { ...(site === undefined ? {} : { site }), ...(type === undefined ? {} : { type }) };
  // All of it first: a heading that is wrong registers nothing.
  const lines = [...fleetLines(read(file), defaults)];
  const before = readIfThere(out) ?? '';
  // A process that was killed may have left half a line.
  if (before !== '' && !before.endsWith('\n')) appendFileSync(out, '\n');
  const api = openApi(options);
  const counts = await bulkEnrol(lines, {
    concurrency,
    done: succeeded(before),
    register: async (entry) => {
      const { folder, found, device } = await enrol(api, { ...entry }, join(keys, entry.id));
      return { folder, found, certificateId: device.certificateId };
    },
    write: (result) => {
      const text = JSON.stringify(result);
      appendFileSync(out, `${text}\n`);
      if (options.json) print(text);
      else print(`line ${result.line}: ${result.ok ? `${result.id} is registered` : result.error}`);
    },
  });
  const { registered, failed, skipped } = counts;
  if (!options.json) print(`${registered} registered, ${skipped} done before, ${failed} failed: see ${out}`);
  if (failed > 0) throw new NotSucceeded(`${failed} lines failed: mend them, and run the same command again`);
};
