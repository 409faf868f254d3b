/**
 * One process a folder: two would write over each other's sequence numbers.
 *
 * The lock is the kernel's, on a file that stays in the folder. So two never hold it, it goes with its process however
 * that ends, and a process that happens to have the id of the last one, as in a container, does not hold it.
 * SQLite is how Node reaches such a lock on every system; nothing is ever stored in the file.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process, or this one, has the folder open. */
export class FolderLocked extends Error {
  override readonly name = 'FolderLocked';
}

/** Locks of this process: without a reference a lock would be garbage-collected, and so released. */
const held = new Set<DatabaseSync>();

/** Of several who come at once all may find the others in the way for a moment: so long each tries again. */
const TRYING_MILLIS = 250;

/** `SQLITE_BUSY`: "database is locked". */
const BUSY = 5;

/** Says who has it, for people: it decides nothing. */
const holderOf = (note: string): string => {
  try {
    return `process ${Number(readFileSync(note, 'utf8'))}`;
  } catch (error) {
    // It is written just after the lock is taken, and gone just before it is given back.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'another process';
    throw error;
  }
};

/**
 * Takes the lock of a folder: the file `lock.sqlite` in it, with the number of the process beside it in `lock.pid`.
 * Nothing else in this process may open and close that file, as POSIX gives a lock back with any descriptor of it.
 * @returns gives it back
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
