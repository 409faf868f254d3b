/**
 * Exports: their state in the registry, their files in the archive.
 *
 * One item `META` is what an export has come to, changed only on the version that was read; an item for each file is
 * written once, before `META` counts it. Who makes the same file a second time finds it there and goes on after it.
 */
import * as z from 'zod';
import { ARCHIVE_PREFIXES } from '../../../contracts/deployment/archive-prefixes.ts';
import { EXPORT_DAYS, EXPORT_STATES, exportFile, exportQuery } from '../../../contracts/resources/exports.ts';
import { type Attribute, marshal, unmarshal } from '../dynamodb/attributes.ts';
import { queryPages } from '../dynamodb/query.ts';
import { checkFormat, exportKey, ITEM_FORMAT, META, type Registry } from './keys.ts';
import { createItem, readItem, replaceItem, writeOnce } from './single.ts';

/** Where the next file begins: a device of the query by its place, and its last point that is in a file already. */
const place = z.object({
  device: z.int(),
  after: z.object({ time: z.number(), channel: z.string() }).optional(),
});
export type ExportPlace = z.infer<typeof place>;

/** Where an export begins. */
export const FIRST_PLACE: ExportPlace = { device: 0 };

const stored = z.object({
  id: z.string(),
  state: z.enum(EXPORT_STATES),
  version: z.int(),
  query: exportQuery,
  /** Digest of the request. */
  requestHash: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
  /** Seconds since the epoch. */
  expiresAt: z.number(),
  /** Sites of its devices. */
  sites: z.array(z.string()),
  files: z.int(),
  rows: z.int(),
  bytes: z.int(),
  place,
  manifest: z.object({ key: z.string(), sha256: z.string() }).optional(),
});
export type StoredExport = z.infer<typeof stored>;

const storedFile = exportFile.extend({
  key: z.string(),
  /** Where the file after it begins. */
  next: place,
});
export type StoredFile = z.infer<typeof storedFile>;

/** When an export made now is taken away, in seconds since the epoch. */
export const expiryOf = (now: Date): number => Math.floor(now.getTime() / 1000) + EXPORT_DAYS * 86_400;

const fileKey = (number: number): string => `FILE#${String(number).padStart(6, '0')}`;

const itemOf = (value: StoredExport) =>
  marshal({
    ...(value as { [name: string]: Attribute }),
    pk: exportKey(value.id),
    sk: META,
    format: ITEM_FORMAT,
  });

const open = (item: Parameters<typeof unmarshal>[0]): unknown => {
  const object = unmarshal(item);
  checkFormat(String(object['pk']), object['format']);
  return object;
};

/** Reads an export as it is now. */
export const readExport = async (registry: Registry, id: string): Promise<StoredExport | undefined> => {
  const item = await readItem(registry, exportKey(id), META);
  return item === undefined ? undefined : stored.parse(open(item));
};

/**
 * Writes an export that is not there yet.
 * @returns it, or the one that is there
 */
export const createExport = async (registry: Registry, made: StoredExport): Promise<StoredExport> =>
  await writeOnce(made, createItem(registry, itemOf(made)), () => readExport(registry, made.id));

/**
 * Changes an export.
 * @param before as it was read
 * @throws {ConditionFailed} when it is not as it was read any more
 */
export const changeExport = async (
  registry: Registry,
  before: StoredExport,
  change: Partial<Omit<StoredExport, 'id' | 'version'>>,
): Promise<StoredExport> => {
  const next = { ...before, ...change, version: before.version + 1 };
  await replaceItem(registry, itemOf(next), before.version);
  return next;
};

/**
 * Notes a file of an export, once.
 * @param number from 1
 * @returns the file of this number: this one, or the one that is there
 */
export const noteFile = async (
  registry: Registry,
  owner: StoredExport,
  number: number,
  file: StoredFile,
): Promise<StoredFile> => {
  const [pk, sk] = [exportKey(owner.id), fileKey(number)];
  const item = marshal({ ...file, pk, sk, format: ITEM_FORMAT, expiresAt: owner.expiresAt });
  return await writeOnce(file, createItem(registry, item), async () => {
    const first = await readItem(registry, pk, sk);
    return first === undefined ? undefined : storedFile.parse(open(first));
  });
};

/**
 * Files of an export in their order.
 * @param after number of the file before the first
 * @param limit files at most
 */
export const readFiles = async (
  registry: Registry,
  id: string,
  after: number,
  limit: number,
): Promise<StoredFile[]> => {
  const question = {
    condition: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: marshal({ ':pk': exportKey(id), ':from': fileKey(after + 1), ':to': fileKey(999_999) }),
    consistent: true,
    limit,
  };
  const files: StoredFile[] = [];
  for await (const items of queryPages(registry.client, registry.table, question)) {
    files.push(...items.map((item) => storedFile.parse(open(item))));
    if (files.length >= limit) break;
  }
  return files.slice(0, limit);
};

/** Key of a file: it holds the digest, so that no other bytes ever stand under it. */
export const exportFileKey = (id: string, sha256: string, name: string): string =>
  `${ARCHIVE_PREFIXES.exports}${id}/${sha256.slice(0, 16)}/${name}`;
