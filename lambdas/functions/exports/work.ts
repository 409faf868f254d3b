/** Making an export: file by file, each noted before the next is begun, so that whoever comes after goes on there. */
import { createHash } from 'node:crypto';
import {
  EXPORT_SCHEMAS,
  type ExportFile,
  type ExportFormat,
  type ExportManifest,
  exportFile,
} from '../../../contracts/resources/exports.ts';
import { MICROS_PER_HOUR, type Micros, parseTime } from '../../../contracts/time.ts';
import { type FileSize, startFile } from '../../../series/formats/export-files.ts';
import { type RulesByChannel, rulesOfType } from '../../domain/ingestion/quality.ts';
import { type Measurements, readHours } from '../../store/measurements/index.ts';
import type { PutBytes } from '../../store/objects/objects.ts';
import { readDevice } from '../../store/registry/devices.ts';
import {
  changeExport,
  type ExportPlace,
  exportFileKey,
  noteFile,
  readExport,
  readFiles,
  type StoredExport,
  type StoredFile,
} from '../../store/registry/exports.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { readType } from '../../store/registry/types.ts';

/** What an export is made with. */
export interface Dependencies {
  readonly registry: Registry;
  readonly measurements: Measurements;
  readonly put: PutBytes;
  readonly size: FileSize;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const ENDINGS: Readonly<Record<ExportFormat, string>> = { csv: 'csv', parquet: 'parquet' };

const timeOf = (text: string): Micros => {
  const time = parseTime(text);
  if (time === undefined) throw new RangeError(`an export has no time ${text}`);
  return time;
};

/** What the range of a query means to the reader. */
const rangeOf = ({ query }: StoredExport, hour: Micros) => ({
  from: Math.max(timeOf(query.from), hour),
  to: timeOf(query.to),
  ...(query.channels === null ? {} : { channels: new Set(query.channels) }),
});

/** What points of a device are judged by: two GetItem. */
const rulesOfDevice = async (registry: Registry, id: string): Promise<RulesByChannel | undefined> => {
  const stored = await readDevice(registry, id);
  const type = stored === undefined ? undefined : await readType(registry, stored.device.type);
  return type === undefined ? undefined : rulesOfType(type);
};

/** Where an export begins. */
export const FIRST_PLACE: ExportPlace = { device: 0, hour: 0 };

/** Makes the next file, if there is anything left to put into one. */
const makeFile = async (
  { registry, measurements, put, size }: Dependencies,
  job: StoredExport,
): Promise<StoredFile | undefined> => {
  const { devices, format } = job.query;
  for (let at = job.place.device; at < devices.length; at += 1) {
    const device = devices[at] ?? '';
    const rows = startFile(format, device, size);
    const channels: Record<string, ExportFile['channels'][string]> = {};
    let next: ExportPlace = { device: at + 1, hour: 0 };
    const rules = await rulesOfDevice(registry, device);
    const range = { ...rangeOf(job, at === job.place.device ? job.place.hour : 0), rules };
    for await (const { hour, columns } of readHours(measurements, device, range)) {
      rows.add(columns);
      for (const { channel, unit, type } of columns) channels[channel] = { unit, type };
      if (!rows.isFull) continue;
      next = { device: at, hour: hour + MICROS_PER_HOUR };
      break;
    }
    if (rows.rows === 0) continue;
    const bytes = rows.bytes();
    const digest = sha256(bytes);
    const name = `${String(job.files + 1).padStart(6, '0')}-${device}.${ENDINGS[format]}`;
    const key = exportFileKey(job.id, digest, name);
    await put(key, bytes, EXPORT_SCHEMAS[format].mediaType);
    return { name, device, rows: rows.rows, bytes: bytes.length, sha256: digest, channels, key, next };
  }
  return undefined;
};

/** Files of an export that are read at once. */
const FILES_AT_ONCE = 500;

const allFiles = async (registry: Registry, job: StoredExport): Promise<ExportFile[]> => {
  const files: ExportFile[] = [];
  while (files.length < job.files) {
    const some = await readFiles(registry, job.id, files.length, FILES_AT_ONCE);
    if (some.length === 0) throw new Error(`export ${job.id} lacks files after ${files.length}`);
    files.push(...some.map((file) => exportFile.parse(file)));
  }
  return files.slice(0, job.files);
};

const finish = async ({ registry, put }: Dependencies, job: StoredExport): Promise<void> => {
  const files = await allFiles(registry, job);
  const manifest: ExportManifest = {
    export: job.id,
    query: job.query,
    schema: EXPORT_SCHEMAS[job.query.format],
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    files,
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  const digest = sha256(bytes);
  const key = exportFileKey(job.id, digest, 'manifest.json');
  await put(key, bytes, 'application/json');
  const place = { device: job.query.devices.length, hour: 0 };
  await changeExport(registry, job, { state: 'succeeded', place, manifest: { key, sha256: digest } });
};

/**
 * Makes the next file of an export, or its manifest when there is none left to make.
 * @returns whether there is more to do
 * @throws {ConditionFailed} when someone else changed the export meanwhile
 */
export const workOn = async (dependencies: Dependencies, id: string): Promise<boolean> => {
  const { registry } = dependencies;
  let job = await readExport(registry, id);
  if (job?.state === 'queued') job = await changeExport(registry, job, { state: 'running' });
  if (job?.state !== 'running') return false;
  const made = await makeFile(dependencies, job);
  if (made === undefined) {
    await finish(dependencies, job);
    return false;
  }
  const file = await noteFile(registry, job, job.files + 1, made);
  await changeExport(registry, job, {
    files: job.files + 1,
    rows: job.rows + file.rows,
    bytes: job.bytes + file.bytes,
    place: file.next,
  });
  return true;
};
