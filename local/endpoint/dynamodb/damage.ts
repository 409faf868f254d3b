/**
 * Finds damage in the files of a level store before it is opened: LevelDB leaves out what a damaged log held, and
 * goes on without a word; of its tables it does not look at the checksums unless it is built to.
 *
 * Formats: "leveldb Log format" and "leveldb File format" of its documentation; `db/version_edit.cc` for what a
 * manifest holds.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { snappyUncompress } from 'hyparquet';
import type { Damage } from '../../damage.ts';
import { crc32c } from './crc32c.ts';

/** Files tell of damage by throwing it: whoever reads on would read nonsense. */
class Damaged extends Error {
  readonly at: number;

  constructor(at: number, what: string) {
    super(what);
    this.at = at;
  }
}

/** Checksums are stored in a form that is no checksum of what holds them. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

/** Reads numbers and texts of variable length. */
class Cursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get more(): boolean {
    return this.at < this.bytes.length;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at];
      if (byte === undefined || factor > 2 ** 49) throw new Damaged(this.at, 'a number has no end');
      this.at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  skip(bytes: number): void {
    this.at += bytes;
    if (this.at > this.bytes.length) throw new Damaged(this.at, 'something is cut short');
  }
}

const BLOCK = 32 * 1024;
const HEADER = 7;
/** Whole, first part, middle part, last part. */
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4] as const;

/** Whether a piece of a record begins here. @returns where it ends */
const pieceAt = (log: Buffer, at: number): number | undefined => {
  const end = at + HEADER + log.readUInt16LE(at + 4);
  const type = log[at + 6] ?? 0;
  const blockEnd = (Math.floor(at / BLOCK) + 1) * BLOCK;
  if (type < FULL || type > LAST || end > Math.min(blockEnd, log.length)) return undefined;
  return masked(crc32c(log, at + 6, end)) === log.readUInt32LE(at) ? end : undefined;
};

/** Whether something that was once written whole follows, so that what is before it was too. */
const anyPieceAfter = (log: Buffer, at: number): boolean => {
  for (let i = at + 1; i + HEADER <= log.length; i += 1) if (pieceAt(log, i) !== undefined) return true;
  return false;
};

/**
 * Reads the records of a log.
 * @param isLast whether its end may be torn, as the process or the computer has stopped while it was written
 * @throws {Damaged}
 */
const readLog = (log: Buffer, isLast: boolean): Buffer[] => {
  const records: Buffer[] = [];
  let parts: Buffer[] = [];
  let at = 0;
  /** Where a record begins that has not ended yet. */
  let open: number | undefined;
  while (at < log.length) {
    const inBlock = BLOCK - (at % BLOCK);
    if (inBlock < HEADER) {
      at += inBlock;
      continue;
    }
    const end = at + HEADER <= log.length ? pieceAt(log, at) : undefined;
    if (end === undefined) {
      const isBlank = log.subarray(at).every((byte) => byte === 0);
      const isShort = at + HEADER > log.length || at + HEADER + log.readUInt16LE(at + 4) > log.length;
      if (isLast && (isBlank || isShort) && !anyPieceAfter(log, at)) return records;
      throw new Damaged(at, 'a record does not fit its checksum');
    }
    const type = log[at + 6];
    const begins = type === FULL || type === FIRST;
    if (begins !== (open === undefined)) throw new Damaged(at, 'a record is missing a part');
    parts.push(log.subarray(at + HEADER, end));
    open ??= at;
    if (type === FULL || type === LAST) {
      records.push(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
      parts = [];
      open = undefined;
    } else if (type !== FIRST && type !== MIDDLE) throw new Damaged(at, 'a record is of no known kind');
    at = end;
  }
  if (open !== undefined && !isLast) throw new Damaged(open, 'a record has no end');
  return records;
};

/** What a manifest says of the files of a store. */
interface Manifest {
  /** Logs from this number on are not in tables yet. */
  log: number;
  previousLog: number;
  /** Sizes of the tables by number. */
  readonly tables: Map<number, number>;
}

/** @throws {Damaged} */
const readManifest = (bytes: Buffer): Manifest => {
  const manifest: Manifest = { log: 0, previousLog: 0, tables: new Map() };
  for (const record of readLog(bytes, true)) {
    const edit = new Cursor(record);
    const text = (): void => edit.skip(edit.number());
    while (edit.more) {
      const tag = edit.number();
      if (tag === 1) text();
      else if (tag === 2) manifest.log = edit.number();
      else if (tag === 9) manifest.previousLog = edit.number();
      else if (tag === 3 || tag === 4) edit.number();
      else if (tag === 5) {
        edit.number();
        text();
      } else if (tag === 6) {
        edit.number();
        manifest.tables.delete(edit.number());
      } else if (tag === 7) {
        edit.number();
        manifest.tables.set(edit.number(), edit.number());
        text();
        text();
      } else throw new Damaged(0, `it holds a change of an unknown kind ${tag}`);
    }
  }
  return manifest;
};

const FOOTER = 48;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
/** After each block: how it is compressed, and the checksum. */
const TRAILER = 5;

/** The bytes of a block. @throws {Damaged} */
const readBlock = (table: Buffer, handle: Cursor): { readonly at: number; readonly bytes: Buffer } => {
  const at = handle.number();
  const end = at + handle.number();
  if (end + TRAILER > table.length) throw new Damaged(at, 'a block goes beyond the end');
  if (masked(crc32c(table, at, end + 1)) !== table.readUInt32LE(end + 1))
    throw new Damaged(at, 'a block does not fit its checksum');
  const raw = table.subarray(at, end);
  if (table[end] === 0) return { at, bytes: raw };
  const bytes = Buffer.alloc(new Cursor(raw).number());
  snappyUncompress(raw, bytes);
  return { at, bytes };
};

/** Values of a block of an index: where other blocks are. */
const handlesOf = function* (index: Buffer): Generator<Cursor> {
  const end = index.length - 4 - 4 * index.readUInt32LE(index.length - 4);
  const entries = new Cursor(index);
  while (entries.at < end) {
    entries.number();
    const key = entries.number();
    const value = entries.number();
    entries.skip(key);
    yield new Cursor(index, entries.at);
    entries.skip(value);
  }
};

/** @throws {Damaged} */
const checkTable = (table: Buffer): void => {
  const footer = table.length - FOOTER;
  if (footer < 0 || !table.subarray(-MAGIC.length).equals(MAGIC))
    throw new Damaged(Math.max(0, footer), 'its end is not that of a table');
  const handles = new Cursor(table, footer);
  const filters = readBlock(table, handles).bytes;
  const index = readBlock(table, handles).bytes;
  for (const block of [...handlesOf(filters), ...handlesOf(index)]) readBlock(table, block);
};

const nameOf = (number: number, ending: string): string => `${String(number).padStart(6, '0')}.${ending}`;

/**
 * Looks through a store that nobody has open.
 * @param folder of a level store; one that does not exist yet is sound
 * @returns the first damage of each file
 */
export const findDamage = (folder: string): readonly Damage[] => {
  const current = join(folder, 'CURRENT');
  if (!existsSync(current)) return [];
  const found: Damage[] = [];
  const check = <T>(name: string, look: (bytes: Buffer) => T): T | undefined => {
    const file = join(folder, name);
    try {
      if (!existsSync(file)) throw new Damaged(0, 'it is missing');
      return look(readFileSync(file));
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      found.push({ file, at: error.at, what: error.message });
      return undefined;
    }
  };
  const manifestName = readFileSync(current, 'utf8').trimEnd();
  if (!/^MANIFEST-\d+$/.test(manifestName)) return [{ file: current, at: 0, what: 'it names no manifest' }];
  const manifest = check(manifestName, readManifest);
  if (manifest === undefined) return found;
  const files = readdirSync(folder);
  const logs = files
    .flatMap((file) => /^(\d+)\.log$/.exec(file)?.[1] ?? [])
    .map(Number)
    .filter((log) => log >= manifest.log || log === manifest.previousLog)
    .sort((a, b) => a - b);
  for (const log of logs) check(nameOf(log, 'log'), (bytes) => readLog(bytes, log === logs.at(-1)));
  for (const [number, size] of manifest.tables) {
    const [ldb, sst] = [nameOf(number, 'ldb'), nameOf(number, 'sst')];
    check(files.includes(sst) ? sst : ldb, (bytes) => {
      if (bytes.length !== size) throw new Damaged(bytes.length, `it has ${bytes.length} bytes, not ${size}`);
      checkTable(bytes);
    });
  }
  return found;
};
