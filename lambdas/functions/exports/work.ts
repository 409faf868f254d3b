/** Makes an export file by file. Each is noted before the next is begun: after a crash another worker goes on there. */
import { createHash } from 'node:crypto';
import {
  EXPORT_SCHEMAS,
  type ExportFile,
  type ExportFormat,
  type ExportManifest,
  exportFile,
} from '../../../contracts/resources/exports.ts';
import { type Micros, parseTime } from '../../../contracts/time.ts';
import { type RulesByChannel, rulesOfType } from '../../domain/ingestion/quality.ts';
import { type HourOfPoints, type Measurements, readHours } from '../../store/measurements/index.ts';
import type { PutBytes } from '../../store/objects/objects.ts';
import { readDevice } from '../../store/registry/devices.ts';
import {
  changeExport,
  exportFileKey,
  noteFile,
  readExport,
  readFiles,
  type StoredExport,
  type StoredFile,
} from '../../store/registry/exports.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { readType } from '../../store/registry/types.ts';
import { makeFile } from './file.ts';

/** What an export is made with. */
export interface Dependencies {
  readonly registry: Registry;
  readonly measurements: Measurements;
  readonly put: PutBytes;
  /** Bytes at which a file ends. */
  readonly fileBytes: number;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const ENDINGS: Readonly<Record<ExportFormat, string>> = { csv: 'csv', parquet: 'parquet' };

const timeOf = (text: string): Micros => {
  const time = parseTime(text);
  if (time === undefined) throw new RangeError(`an export has no time ${text}`);
  return time;
};

/** The rules by which points of a device are judged: two GetItem. */
const rulesOfDevice = async (registry: Registry, id: string): Promise<RulesByChannel | undefined> => {
  const stored = await readDevice(registry, id);
  const type = stored === undefined ? undefined : await readType(registry, stored.device.type);
  return type === undefined ? undefined : rulesOfType(type);
};

/** The points of a device that go into its next file. */
async function* hoursOf(
  { registry, measurements }: Dependencies,
  { query, place }: StoredExport,
  device: string,
): AsyncGenerator<HourOfPoints> {
  yield* readHours(measurements, device, {
    from: place.after?.time ?? timeOf(query.from),
    to: timeOf(query.to),
    rules: await rulesOfDevice(registry, device),
    ...(query.channels === null ? {} : { channels: new Set(query.channels) }),
  });
}

/** Makes the next file, if there is anything left to put into one. */
const makeNextFile = async (
  dependencies: Dependencies,
  job: StoredExport,
): Promise<StoredFile | undefined> => {
  const { put, fileBytes } = dependencies;
  const { devices, format, csv } = job.query;
  for (let { place } = job; place.device < devices.length; place = { device: place.device + 1 }) {
    const device = devices[place.device] ?? '';
    const hours = hoursOf(dependencies, { ...job, place }, device);
    const made = await makeFile({ device, format, csv, after: place.after, bytes: fileBytes }, hours);
    if (made === undefined) continue;
    const { content, rows, channels, fullAt } = made;
    const digest = sha256(content);
    const name = `${String(job.files + 1).padStart(6, '0')}-${device}.${ENDINGS[format]}`;
    const key = exportFileKey(job.id, digest, name);
    await put(key, content, EXPORT_SCHEMAS[format].mediaType);
    const next =
      fullAt === undefined ? { device: place.device + 1 } : { device: place.device, after: fullAt };
    return { name, device, rows, bytes: content.length, sha256: digest, channels, key, next };
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
  const place = { device: job.query.devices.length };
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
  const made = await makeNextFile(dependencies, job);
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
