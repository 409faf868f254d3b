/** One process a folder: two would write over each other's sequence numbers. */
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const held = new Set<string>();

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** How long a file of the lock may be in the making: longer than that only one is who was stopped meanwhile. */
const MAKING_MILLIS = 10_000;

const isYoung = (file: string): boolean => {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  // Clocks of files are finer, or coarser, than ours: what was made just now may seem to come from the future.
  return made !== undefined && Math.abs(Date.now() - made) < MAKING_MILLIS;
};

/** @returns a new file; `undefined` when there is one */
const create = (file: string): number | undefined => {
  try {
    return openSync(file, 'wx');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined;
    throw error;
  }
};

/** @returns whether the file was not there */
const make = (file: string): boolean => {
  const fd = create(file);
  if (fd === undefined) return false;
  try {
    writeFileSync(fd, String(process.pid));
  } catch (error) {
    // Half a number would be another process, which may be alive.
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  return true;
};

const justOpened = (folder: string): Error => new Error(`${folder} is just being opened`);

/** @throws {Error} when another process holds the lock, or is just taking it */
const refuseHeld = (folder: string, file: string): void => {
  const text = readFileSync(file, 'utf8');
  const owner = Number(text);
  // In a container every start may have the same pid: one's own is a left-over, as `held` does not know it.
  const other = Number.isInteger(owner) && owner > 0 && owner !== process.pid && isAlive(owner);
  if (other) throw new Error(`${folder} is in use by process ${owner}`);
  if (text === '' && isYoung(file)) throw justOpened(folder);
};

/** Of several that find a lock left over, one takes it at a time, and the next sees who that was. */
const takeOver = (folder: string, file: string): void => {
  const turn = `${file}.turn`;
  if (!make(turn)) {
    if (isYoung(turn)) throw justOpened(folder);
    rmSync(turn, { force: true });
    if (!make(turn)) throw justOpened(folder);
  }
  try {
    refuseHeld(folder, file);
    rmSync(file, { force: true });
    if (!make(file)) throw justOpened(folder);
  } finally {
    rmSync(turn, { force: true });
  }
};

/**
 * Takes the lock of a folder. A lock left by a process that is gone is taken over.
 * @returns gives it back
 * @throws {Error} when another process, or this one, holds it
 */
export const lockFolder = (folder: string): (() => void) => {
  const file = join(resolve(folder), 'lock');
  if (held.has(file)) throw new Error(`${folder} is already open in this process`);
  if (!make(file)) takeOver(folder, file);
  held.add(file);
  return () => {
    held.delete(file);
    rmSync(file, { force: true });
  };
};
