/** `labgate export`: orders files with points, waits for them, downloads and checks them. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import {
  EXPORT_FORMATS,
  type ExportFile,
  type ExportFormat,
  type ExportJob,
  type ExportManifest,
} from '../../../contracts/resources/exports.ts';
import { type Api, openApi } from '../client/api.ts';
import { readIfThere } from '../client/own-files.ts';
import { UsageError } from '../client/target.ts';
import { type CommonOptions, Interrupted, print, tell, withTarget } from './options.ts';
import { instant, withRange } from './times.ts';

interface ExportOptions extends CommonOptions {
  readonly channels?: string;
  readonly from: string;
  readonly to?: string;
  readonly tz?: string;
  readonly format: ExportFormat;
  readonly spreadsheet?: boolean;
  readonly out: string;
  readonly key?: string;
}

const PAUSE_MILLIS = 500;
const listOf = (text: string | undefined): string[] | undefined =>
  text?.split(',').map((part) => part.trim());

const report = ({ state, progress }: ExportJob): string =>
  `${state} ${(progress.share * 100).toFixed(0)} %, ${progress.files} files, ${progress.rows} rows, ${progress.bytes} bytes`;

/**
 * Waits until an export is over; an interrupt cancels it.
 * @throws {Interrupted}
 */
const wait = async (api: Api, ordered: ExportJob): Promise<ExportJob> => {
  const path = `/v1/exports/${ordered.id}`;
  const stop = new AbortController();
  const interrupted = (): void => stop.abort();
  process.once('SIGINT', interrupted);
  let job = ordered;
  let told = '';
  try {
    while (job.state === 'queued' || job.state === 'running') {
      const line = report(job);
      if (line !== told) tell(line);
      told = line;
      await delay(PAUSE_MILLIS, undefined, { signal: stop.signal }).catch(() => undefined);
      job = await api.json<ExportJob>(stop.signal.aborted ? `${path}/cancel` : path, {
        method: stop.signal.aborted ? 'POST' : 'GET',
      });
    }
  } finally {
    process.off('SIGINT', interrupted);
  }
  if (stop.signal.aborted) throw new Interrupted(`interrupted: the export ${job.id} is ${job.state}`);
  tell(report(job));
  return job;
};

/** Downloads a file; it gets its name only when its digest is right. */
const download = async (url: string, path: string, sha256: string): Promise<void> => {
  const response = await fetch(url);
  if (!response.ok || response.body === null)
    throw new Error(`${path} is not given: HTTP ${response.status} ${(await response.text()).slice(0, 200)}`);
  const hash = createHash('sha256');
  const counted = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const part = `${path}.part`;
  await pipeline(Readable.fromWeb(response.body as never), counted, createWriteStream(part));
  const digest = hash.digest('hex');
  if (digest !== sha256) {
    await rm(part);
    throw new Error(`${path} has the digest ${digest}, not ${sha256}: get it again`);
  }
  await rename(part, path);
};

const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

const getManifest = async ({ id, manifest, state }: ExportJob, folder: string): Promise<ExportManifest> => {
  if (manifest === undefined) throw new Error(`the export ${id} is ${state}`);
  const path = join(folder, 'manifest.json');
  const before = readIfThere(path);
  // The same export has the same bytes; another gateway may have another export with the same id.
  if (before !== undefined && sha256Of(before) !== manifest.sha256)
    throw new UsageError(`${folder} holds another export of this id: choose another --out`);
  const response = await fetch(manifest.url);
  const text = await response.text();
  if (!response.ok)
    throw new Error(`the manifest is not given: HTTP ${response.status} ${text.slice(0, 200)}`);
  const digest = sha256Of(text);
  if (digest !== manifest.sha256)
    throw new Error(`the manifest has the digest ${digest}, not ${manifest.sha256}`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, text);
  return JSON.parse(text) as ExportManifest;
};

const getFiles = async (api: Api, job: ExportJob, folder: string): Promise<ExportManifest> => {
  const manifest = await getManifest(job, folder);
  const listed = new Map(manifest.files.map((file) => [file.name, file]));
  for await (const { name, url } of api.list<ExportFile & { url: string }>(`/v1/exports/${job.id}/files`)) {
    const file = listed.get(name);
    if (file === undefined || /[\\/]|^\.+$/.test(name)) throw new Error(`the manifest does not know ${name}`);
    await download(url, join(folder, name), file.sha256);
    listed.delete(name);
    tell(`${join(folder, name)}: ${file.rows} rows, ${file.bytes} bytes, digest right`);
  }
  const [left] = listed.keys();
  if (left !== undefined) throw new Error(`${left} of the manifest is not given`);
  return manifest;
};

const order = async (devices: readonly string[], options: ExportOptions): Promise<void> => {
  const { channels, format, spreadsheet, key, out } = options;
  if (spreadsheet && format !== 'csv') throw new UsageError('--spreadsheet goes with --format csv');
  if (key !== undefined && key.length < 8) throw new UsageError('--key: use at least 8 characters');
  const api = openApi(options);
  // First, so that nothing is ordered in vain.
  await mkdir(out, { recursive: true }).catch((cause: Error) => {
    throw new UsageError(`--out ${out} cannot be made: ${cause.message}`);
  });
  const ordered = await api.json<ExportJob>('/v1/exports', {
    method: 'POST',
    body: {
      devices,
      channels: listOf(channels),
      from: instant('--from', options.from, options),
      to: instant('--to', options.to, options),
      format,
      csv: spreadsheet ? 'spreadsheet' : undefined,
    },
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  });
  const job = await wait(api, ordered);
  if (!/^[\w-]+$/.test(job.id)) throw new Error(`${job.id} is no name of a folder`);
  const folder = join(out, job.id);
  const manifest = await getFiles(api, job, folder);
  if (options.json) print(JSON.stringify({ ...manifest, folder }));
  else print(`${manifest.files.length} files with ${manifest.rows} rows in ${folder}: all digests are right`);
};

/** The `export` command. */
export const exportCommand = (): Command =>
  withRange(withTarget(new Command('export')), { from: 'P1D' })
    .description('points of devices as files, with a manifest; waits, gets them and checks every byte')
    .argument('<device...>')
    .option('--channels <names>', 'comma-separated; all when absent')
    .addOption(new Option('--format <format>').choices(EXPORT_FORMATS).default('csv').env('LABGATE_FORMAT'))
    .option('--spreadsheet', 'CSV that a spreadsheet opens as it is: no text becomes a formula')
    .option('--out <folder>', 'where the export gets a folder of its own, named by its id', 'export')
    .option('--key <text>', 'the same key gives the same export again')
    .action(order);
