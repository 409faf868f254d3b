/**
 * Files that are on disk when it is said that they are, and that show when they are not what was written: lines of
 * JSON with a checksum each, and small files that are replaced whole.
 */
import type { FileHandle } from 'node:fs/promises';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Damage, DamagedFiles, type OnDamage } from './damage.ts';

const CHECKSUM = 8;

const checksum = (json: string): string => crc32(json).toString(16).padStart(CHECKSUM, '0');

/** One line: the CRC-32 of the JSON, and the JSON. */
export const checkedLine = (value: object): string => {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
};

/** The value of a line; `undefined` for one that is not what was written. */
const readLine = (line: string): unknown => {
  // Lines had no checksum once.
  const json = line.startsWith('{') ? line : line.slice(CHECKSUM + 1);
  if (json !== line && line.slice(0, CHECKSUM) !== checksum(json)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};

/** Lines of a file. */
export interface CheckedLines {
  readonly values: readonly unknown[];
  /** Bytes up to the last whole line: what comes after was cut off before anybody was told of it. */
  readonly whole: number;
}

/**
 * Reads the lines of a file; a torn last one is left out.
 * @param onDamage is told of lines that are not what was written; these are left out where it returns
 */
export const readLines = (file: string, text: string, onDamage: OnDamage): CheckedLines => {
  const values: unknown[] = [];
  const damage: Damage[] = [];
  let whole = 0;
  for (let from = 0; ; ) {
    const end = text.indexOf('\n', from);
    if (end < 0) break;
    const line = text.slice(from, end);
    const value = readLine(line);
    if (value !== undefined) values.push(value);
    else if (line !== '')
      damage.push({
        file,
        at: whole,
        what: `line ${values.length + damage.length + 1} is not what was written`,
      });
    whole += Buffer.byteLength(line) + 1;
    from = end + 1;
  }
  if (damage.length > 0) onDamage(damage);
  return { values, whole };
};

/** @throws {DamagedFiles} */
export const refuseDamage: OnDamage = (damage) => {
  throw new DamagedFiles(damage);
};

/** Writes all of it: a write may take less than it is given, as where the disk is full. */
export const writeAll = async (file: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
};

/** Has the names in a folder on disk: of files that were made, renamed or removed. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Replaces a file, whole or not at all. Kept when it is on disk. */
export const replaceFile = async (
  file: string,
  parts: readonly Uint8Array[],
  draft = `${file}.new`,
): Promise<void> => {
  try {
    const handle = await open(draft, 'w', 0o600);
    try {
      let position = 0;
      for (const part of parts) {
        await writeAll(handle, part, position);
        position += part.length;
      }
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    // On a full disk half a file takes the room that others need.
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
};

/** Replaces a small file by one line. */
export const writeValue = (file: string, value: object): Promise<void> =>
  replaceFile(file, [Buffer.from(checkedLine(value))]);

/**
 * Reads what {@link writeValue} has written.
 * @returns `undefined` when there is no file, or a damaged one that is accepted
 */
export const readValue = async (file: string, onDamage: OnDamage): Promise<unknown> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  // Such files had neither checksum nor end of line once.
  const [value] = readLines(file, text.endsWith('\n') ? text : `${text}\n`, onDamage).values;
  return value;
};
