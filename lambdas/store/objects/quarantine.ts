/** The quarantine: what could not be stored, whole and with the reasons, one object of the archive a message. */
import * as z from 'zod';
import { ARCHIVE_PREFIXES } from '../../../contracts/deployment/archive-prefixes.ts';
import { type ErrorNote, errorNote } from '../../../contracts/messages/downstream.ts';
import { formatTime, type Micros, parseTime } from '../../../contracts/time.ts';
import type { GetObject, ListObjects, PutObject } from './objects.ts';

/** Version of the shape of the objects. */
export const QUARANTINE_FORMAT = 1;

/** Stands for the site and the device where the topic names none. */
export const NOWHERE = '_';

export interface QuarantineEntry {
  /** `undefined` where the topic names none. */
  readonly origin: { readonly site: string; readonly device: string } | undefined;
  readonly partitionKey: string;
  readonly stream: string;
  readonly shard: string;
  readonly sequence: string;
  readonly arrived: Micros;
  readonly session?: string | undefined;
  readonly seq?: number | undefined;
  readonly notes: readonly ErrorNote[];
  readonly bytes: Uint8Array;
}

/** An object in the place of an entry that is none, or only a part of one. */
export class DamagedEntry extends Error {
  override readonly name = 'DamagedEntry';
  /** The object as it is. */
  readonly bytes: Uint8Array;
  constructor(id: string, bytes: Uint8Array, cause: unknown) {
    super(`the entry ${id} of the quarantine cannot be read`, { cause });
    this.bytes = bytes;
  }
}

/** Where an entry is: the parts of its key. */
export interface EntryPlace {
  readonly site: string;
  readonly device: string;
  /** Day of its arrival, `YYYY-MM-DD`. */
  readonly date: string;
  /** Sequence number of the record. */
  readonly sequence: string;
}

const FOLDER = ARCHIVE_PREFIXES.quarantine;

/** How an entry is called outside. */
export const entryId = ({ site, device, date, sequence }: EntryPlace): string =>
  `${site}/${device}/${date}/${sequence}`;

const keyOf = (place: EntryPlace): string => `${FOLDER}${entryId(place)}.json`;

/** Key of an entry: the same record always has the same, so that a repetition overwrites itself. */
export const quarantineKey = ({ origin, arrived, sequence }: QuarantineEntry): string =>
  keyOf({
    site: origin?.site ?? NOWHERE,
    device: origin?.device ?? NOWHERE,
    date: formatTime(arrived).slice(0, 10),
    sequence,
  });

const PLACE = /^([^/]+)\/([^/]+)\/(\d{4}-\d{2}-\d{2})\/(\d+)\.json$/;

/** @returns `undefined` for the key of another kind of object */
export const parseQuarantineKey = (key: string): EntryPlace | undefined => {
  if (!key.startsWith(FOLDER)) return undefined;
  const [, site, device, date, sequence] = PLACE.exec(key.slice(FOLDER.length)) ?? [];
  if (site === undefined || device === undefined || date === undefined || sequence === undefined)
    return undefined;
  return { site, device, date, sequence };
};

/**
 * Puts an entry: a JSON document with the raw bytes in base64.
 * @returns its key
 */
export const quarantine = async (
  put: PutObject,
  entry: QuarantineEntry,
  signal?: AbortSignal,
): Promise<string> => {
  const key = quarantineKey(entry);
  const { bytes, arrived, origin, ...rest } = entry;
  const document = {
    format: QUARANTINE_FORMAT,
    ...origin,
    ...rest,
    arrived: formatTime(arrived),
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  };
  await put(key, document, signal);
  return key;
};

const stored = z
  .object({
    format: z.literal(QUARANTINE_FORMAT),
    site: z.string().optional(),
    device: z.string().optional(),
    partitionKey: z.string(),
    stream: z.string(),
    shard: z.string(),
    sequence: z.string(),
    arrived: z.string().transform((text, context) => {
      const time = parseTime(text);
      if (time !== undefined) return time;
      context.addIssue({ code: 'custom', message: 'is no time' });
      return z.NEVER;
    }),
    session: z.string().optional(),
    seq: z.int().optional(),
    notes: z.array(errorNote),
    bytes: z.base64().transform((text): Uint8Array => Buffer.from(text, 'base64')),
  })
  .transform(
    ({ format: _, site, device, ...rest }): QuarantineEntry => ({
      ...rest,
      origin: site === undefined || device === undefined ? undefined : { site, device },
    }),
  );

/**
 * Reads an entry.
 * @returns `undefined` when there is none
 * @throws {DamagedEntry} for an object that is none
 */
export const readQuarantined = async (
  get: GetObject,
  place: EntryPlace,
  signal?: AbortSignal,
): Promise<QuarantineEntry | undefined> => {
  const bytes = await get(keyOf(place), signal);
  if (bytes === undefined) return undefined;
  try {
    return stored.parse(JSON.parse(bytes.toString()));
  } catch (cause) {
    throw new DamagedEntry(entryId(place), bytes, cause);
  }
};

/** Which entries are looked for; dates as `YYYY-MM-DD`, both included. */
export interface QuarantineRange {
  readonly site?: string | undefined;
  /** Only with a site. */
  readonly device?: string | undefined;
  readonly fromDate?: string | undefined;
  readonly toDate?: string | undefined;
}

/** Largest page of S3. */
const PAGE = 1000;

/** The key before all those that are looked for and come after another, as far as the order of keys allows. */
const startOf = (
  { site, device, fromDate }: QuarantineRange,
  after: EntryPlace | undefined,
): string | undefined => {
  if (after !== undefined) return keyOf(after);
  // All keys of the day begin with it and are longer, so that they come after.
  return site === undefined || device === undefined || fromDate === undefined
    ? undefined
    : `${FOLDER}${site}/${device}/${fromDate}`;
};

/**
 * One list of S3: entries by site, device, day and number.
 * @param after an entry, excluded
 * @returns those of them that are looked for; `seen`: the last that was looked at, absent at the end
 */
export const listQuarantined = async (
  list: ListObjects,
  range: QuarantineRange,
  after: EntryPlace | undefined,
): Promise<{ readonly places: readonly EntryPlace[]; readonly seen: EntryPlace | undefined }> => {
  const { site, device, fromDate, toDate } = range;
  const prefix = `${FOLDER}${site === undefined ? '' : `${site}/`}${device === undefined ? '' : `${device}/`}`;
  const { objects, more } = await list({ prefix, after: startOf(range, after), limit: PAGE });
  const found = objects.flatMap(({ key }) => parseQuarantineKey(key) ?? []);
  const last = found.at(-1);
  const over = device !== undefined && toDate !== undefined && last !== undefined && last.date > toDate;
  return {
    places: found.filter(
      ({ date }) => (fromDate === undefined || date >= fromDate) && (toDate === undefined || date <= toDate),
    ),
    seen: more && !over ? last : undefined,
  };
};
