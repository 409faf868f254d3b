/** One process a folder: two would write over each other's sequence numbers. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/**
 * Takes the lock of a folder. A lock left by a process that is gone is taken over.
 * @returns gives it back
 * @throws Error when another process, or this one, holds it
 */
export const lockFolder = (folder: string): (() => void) => {
  const file = join(resolve(folder), 'lock');
  if (held.has(file)) throw new Error(`${folder} is already open in this process`);
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    const owner = Number(readFileSync(file, 'utf8'));
    // In a container every start may have the same pid: one's own is a left-over, as `held` does not know it.
    if (Number.isInteger(owner) && owner > 0 && owner !== process.pid && isAlive(owner)) {
      throw new Error(`${folder} is in use by process ${owner}`);
    }
    writeFileSync(file, String(process.pid));
  }
  held.add(file);
  return () => {
    held.delete(file);
    rmSync(file, { force: true });
  };
};
