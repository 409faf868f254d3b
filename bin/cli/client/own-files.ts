/** Files in the home of the user: readable by the owner only, and written in one step. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/** A folder of the XDG Base Directory Specification, which ignores relative paths. */
const base = (variable: string, usual: string): string => {
  const set = process.env[variable];
  return join(set !== undefined && isAbsolute(set) ? set : join(homedir(), usual), 'labgate');
};

/** Folder of config files and sign-ins. */
export const configFolder = (): string => base('XDG_CONFIG_HOME', '.config');

/** Folder of what can be fetched again. */
export const cacheFolder = (): string => base('XDG_CACHE_HOME', '.cache');

/**
 * Reads a file.
 * @returns `undefined` when there is none
 */
export const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Writes a file that only its owner reads. */
export const writeOwn = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
};

/** Removes a file, if it is there. */
export const removeOwn = (path: string): void => rmSync(path, { force: true });
