/**
 * The archive: days of devices as Parquet in S3, partitioned by site and date, with a manifest beside each.
 *
 * | object | what |
 * |---|---|
 * | `archive/site={site}/date={day}/{device}.parquet` | all points of a day, see `series/formats/parquet-archive.ts` |
 * | `archive-manifests/site={site}/date={day}/{device}.json` | what is in it, and its SHA-256 |
 *
 * In the table `measurements`, pk `{device}#a` and sk `{day}` tell of it: `f` format, `v` version, `key`, `n` points,
 * `size`, `sha256`,
 * `pending` digests of files that may be there instead, `hotUntil`, the second from which blocks of the day may be gone,
 * and `expiresAt`, that from which the file may be. They have a partition of
 * their own, so that they are read without the points between them.
 */
import { createHash } from 'node:crypto';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { ARCHIVE_PREFIXES } from '../../../contracts/deployment/archive-prefixes.ts';
import type { Micros } from '../../../contracts/time.ts';
import { formatTime } from '../../../contracts/time.ts';
import { PARQUET_COLUMNS, readParquetDay } from '../../../series/formats/parquet-archive.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import { queryPages } from '../dynamodb/query.ts';
import { isExpired } from '../measurements/expiry.ts';
import { checkFormat, ITEM_FORMAT, type Measurements } from '../measurements/keys.ts';
import { dayKey, parseDay } from '../measurements/work-queue.ts';
import type { GetObject, PutObject, ReplaceBytes, TagOf } from '../objects/objects.ts';

/** Version of the shape of manifests. */
export const MANIFEST_FORMAT = 1;

/** Ways to the archive. */
export interface Archive {
  readonly get: GetObject;
  readonly tag: TagOf;
  readonly replace: ReplaceBytes;
  readonly putObject: PutObject;
}

/** A day in the archive. */
export interface ArchivedDay {
  readonly day: Micros;
  /** One more each time the day is archived. */
  readonly version: number;
  readonly key: string;
  readonly points: number;
  readonly size: number;
  /** In hexadecimal. */
  readonly sha256: string;
  /** Of files that may stand in its place: who was putting one was stopped, or was not the first. */
  readonly pending: readonly string[];
  /** Until then blocks hold all of the day as well. */
  readonly hotUntil: Micros;
}

const partitionOf = (device: string): string => `${device}#a`;

const fromItem = (item: Item): ArchivedDay => {
  checkFormat(item);
  return {
    day: parseDay(item['sk']?.S ?? ''),
    version: Number(item['v']?.N),
    key: item['key']?.S ?? '',
    points: Number(item['n']?.N),
    size: Number(item['size']?.N),
    sha256: item['sha256']?.S ?? '',
    pending: item['pending']?.SS ?? [],
    hotUntil: Number(item['hotUntil']?.N) * 1e6,
  };
};

/** Days of a device in the archive that touch `[from, to)`, in order. */
export async function* readArchivedDays(
  { client, table }: Measurements,
  device: string,
  from: Micros,
  to: Micros,
  signal?: AbortSignal,
): AsyncGenerator<ArchivedDay> {
  if (from >= to) return;
  const question = {
    condition: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: { ':pk': { S: partitionOf(device) }, ':from': { S: dayKey(from) }, ':to': { S: dayKey(to - 1) } },
    consistent: true,
  };
  for await (const items of queryPages(client, table, question, signal))
    for (const item of items) if (item['v'] !== undefined && !isExpired(item)) yield fromItem(item);
}

/** A file of the archive that is gone, or is not the one that its item tells of. */
export class CorruptArchive extends Error {
  override readonly name = 'CorruptArchive';
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Points of an archived day.
 * @param channels only these; all when absent
 * @throws {CorruptArchive} naming the file
 */
export const readArchivedDay = async (
  get: GetObject,
  archived: Pick<ArchivedDay, 'key' | 'sha256' | 'pending'>,
  channels?: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<SeriesColumn[]> => {
  const bytes = await get(archived.key, signal);
  if (bytes === undefined) throw new CorruptArchive(`${archived.key} is gone`);
  if (![archived.sha256, ...archived.pending].includes(sha256Of(bytes)))
    throw new CorruptArchive(`${archived.key} is not what was archived`);
  return readParquetDay(bytes, channels);
};

/** A day that is to be archived. */
export interface DayFile {
  readonly device: string;
  readonly site: string;
  readonly day: Micros;
  readonly parquet: Uint8Array<ArrayBuffer>;
  /** By channel name. */
  readonly channels: Readonly<
    Record<string, { readonly points: number; readonly first: Micros; readonly last: Micros }>
  >;
  /** Versions of the blocks that it was made of, by hour. */
  readonly blocks: Readonly<Record<string, number>>;
  /** Version of the archived day before; 0 for none. */
  readonly before: number;
  /** Tag of the file that was there before anything of the day was read; `undefined`: there was none. */
  readonly replaces: string | undefined;
  readonly hotUntil: Micros;
  /** When the file may go; `undefined`: never. */
  readonly until: Micros | undefined;
}

/** Key of a day's file without its ending. */
const pathOf = ({ site, day, device }: Pick<DayFile, 'site' | 'day' | 'device'>): string =>
  `site=${site}/date=${dayKey(day)}/${device}`;

/** Key of a day's file. */
export const archiveKey = (day: Pick<DayFile, 'site' | 'day' | 'device'>): string =>
  `${ARCHIVE_PREFIXES.days}${pathOf(day)}.parquet`;

const manifestOf = (file: DayFile, key: string, points: number, sha256: string, at: Micros): object => ({
  format: MANIFEST_FORMAT,
  device: file.device,
  site: file.site,
  date: dayKey(file.day),
  version: file.before + 1,
  key,
  bytes: file.parquet.length,
  sha256,
  rows: points,
  channels: Object.fromEntries(
    Object.entries(file.channels).map(([name, { points: rows, first, last }]) => [
      name,
      { rows, first: formatTime(first), last: formatTime(last) },
    ]),
  ),
  schema: PARQUET_COLUMNS,
  blocks: file.blocks,
  writtenAt: formatTime(at),
});

/**
 * Puts a day into the archive: first the digest of the file, so that readers know it from the moment that it is there;
 * then the file, its manifest, and last the item that tells readers of it. The file takes the place of the one that
 * was there before the day was read, or none: what another has put since may hold points that came later.
 * @param at now
 * @returns whether nobody else has archived the day meanwhile; otherwise it has to be archived again
 */
export const archiveDay = async (
  { client, table }: Measurements,
  archive: Pick<Archive, 'replace' | 'putObject'>,
  file: DayFile,
  at: Micros,
  signal: AbortSignal,
): Promise<boolean> => {
  const key = archiveKey(file);
  const sha256 = sha256Of(file.parquet);
  const points = Object.values(file.channels).reduce((sum, channel) => sum + channel.points, 0);
  const Key: Item = { pk: { S: partitionOf(file.device) }, sk: { S: dayKey(file.day) } };
  const update = (UpdateExpression: string, values: Item, condition?: string) =>
    client.send(
      new UpdateItemCommand({
        TableName: table,
        Key,
        UpdateExpression,
        ExpressionAttributeValues: values,
        ...(condition === undefined ? {} : { ConditionExpression: condition }),
        ...(UpdateExpression.includes('#key')
          ? { ExpressionAttributeNames: { '#key': 'key', '#size': 'size' } }
          : {}),
      }),
      { abortSignal: signal },
    );
  const own = { SS: [sha256] };
  await update('ADD pending :own', { ':own': own });
  if (!(await archive.replace(key, file.parquet, 'application/vnd.apache.parquet', file.replaces)))
    return false;
  const manifest = manifestOf(file, key, points, sha256, at);
  await archive.putObject(`${ARCHIVE_PREFIXES.manifests}${pathOf(file)}.json`, manifest, signal);
  const { until } = file;
  return await isWritten(
    update(
      `SET f = :f, v = :v, #key = :key, n = :n, #size = :size, sha256 = :sha256, hotUntil = :hotUntil${
        until === undefined ? ' REMOVE expiresAt' : ', expiresAt = :until'
      } DELETE pending :own`,
      {
        ':f': { N: String(ITEM_FORMAT) },
        ':v': { N: String(file.before + 1) },
        ':key': { S: key },
        ':n': { N: String(points) },
        ':size': { N: String(file.parquet.length) },
        ':sha256': { S: sha256 },
        ':hotUntil': { N: String(Math.floor(file.hotUntil / 1e6)) },
        ':own': own,
        ...(file.before === 0 ? {} : { ':before': { N: String(file.before) } }),
        ...(until === undefined ? {} : { ':until': { N: String(Math.floor(until / 1e6)) } }),
      },
      file.before === 0 ? 'attribute_not_exists(v)' : 'v = :before',
    ),
  );
};
