/**
 * Lets only one process at a time use a folder: two would give the same sequence numbers.
 *
 * The kernel holds the lock, on a file that stays in the folder. So two processes never have it at once, and it is
 * released however its process ends. No process id is compared: in a container the next process often has the id of
 * the last one. Node has no file locks of its own, but SQLite has them on every system. Nothing is ever stored in the
 * file.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process has locked the folder, or this one has already. */
export class FolderLocked extends Error {
  override readonly name = 'FolderLocked';
}

/** The locks that this process holds. Without a reference one would be garbage-collected, and so released. */
const held = new Set<DatabaseSync>();

/**
 * SQLite tries again for this long. Several processes that come at once can block each other for a moment: without
 * another try all of them might fail.
 */
const TRYING_MILLIS = 250;

/** `SQLITE_BUSY`: "database is locked". */
const BUSY = 5;

/** Names the process that has the lock, for the error message only. */
const holderOf = (note: string): string => {
  try {
    return `process ${Number(readFileSync(note, 'utf8'))}`;
  } catch (error) {
    // The note is written just after the lock is taken, and deleted just before it is released.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'another process';
    throw error;
  }
};

/**
 * Takes the lock of a folder: the file `lock.sqlite` in it, with the id of the process beside it in `lock.pid`. Nothing
 * else in this process may open `lock.sqlite`: on POSIX, closing any descriptor of a file releases the locks that the
 * process has on it.
 * @returns releases the lock
 * @throws {FolderLocked} when another process, or this one, holds it
 */
export const lockFolder = (folder: string): (() => void) => {
  const path = resolve(folder);
  const note = join(path, 'lock.pid');
  const file = new DatabaseSync(join(path, 'lock.sqlite'), { timeout: TRYING_MILLIS });
  try {
    file.exec('BEGIN EXCLUSIVE');
    writeFileSync(note, String(process.pid), { mode: 0o600 });
  } catch (error) {
    file.close();
    const busy = error instanceof Error && 'errcode' in error && error.errcode === BUSY;
    throw busy ? new FolderLocked(`${folder} is in use by ${holderOf(note)}`, { cause: error }) : error;
  }
  held.add(file);
  return () => {
    if (!held.delete(file)) return;
    rmSync(note, { force: true });
    file.close();
  };
};
