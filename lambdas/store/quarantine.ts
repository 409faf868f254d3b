/** The quarantine: what could not be stored, whole and with the reasons, one object of the archive a message. */
import type { ErrorNote } from '../../contracts/payload/downstream.ts';
import { formatTime, type Micros } from '../../contracts/time.ts';
import type { PutObject } from '../runtime/objects.ts';

/** Version of the shape of the objects. */
export const QUARANTINE_FORMAT = 1;

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

/** Key of an entry: the same record always has the same, so that a repetition overwrites itself. */
export const quarantineKey = ({ origin, arrived, sequence }: QuarantineEntry): string =>
  `quarantine/${origin?.site ?? '_'}/${origin?.device ?? '_'}/${formatTime(arrived).slice(0, 10)}/${sequence}.json`;

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
