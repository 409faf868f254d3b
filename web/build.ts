/** Builds the page, when what it is made of has changed since the last time. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What a build reads, below the root. `web/dist` is what it writes. */
const INPUTS = [
  'web',
  'contracts',
  'payload',
  'series/units',
  'series/points',
  'package-lock.json',
  'tsconfig.json',
];
const NO_INPUT = new Set(['dist', 'node_modules']);

/** Builds that are kept: another process may be about to read one that is no longer the newest. */
const KEPT = 3;

const filesBelow = (path: string): string[] =>
  statSync(join(ROOT, path)).isDirectory()
    ? readdirSync(join(ROOT, path))
        .filter((name) => !NO_INPUT.has(name))
        .flatMap((name) => filesBelow(`${path}/${name}`))
    : [path];

const hashOf = (inputs: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const path of inputs.flatMap(filesBelow).sort()) {
    const content = readFileSync(join(ROOT, path));
    hash.update(`${path}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
};

/** Removes builds that nobody has asked for lately. */
const prune = async (dist: string): Promise<void> => {
  const builds = readdirSync(dist)
    .filter((name) => /^[\da-f]{16}$/.test(name))
    .map((name) => ({ path: join(dist, name), asked: statSync(join(dist, name)).mtimeMs }))
    .sort((a, b) => b.asked - a.asked);
  for (const { path } of builds.slice(KEPT)) await rm(path, { recursive: true, force: true });
};

/** @param folder does not exist, unless somebody else has made the same build meanwhile */
const build = async (dist: string, folder: string): Promise<void> => {
  // Loaded here: where nothing has changed nobody needs it.
  const { build: vite } = await import('vite');
  const draft = await mkdtemp(join(dist, 'draft-'));
  try {
    await vite({
      configFile: join(ROOT, 'web/vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: draft, emptyOutDir: true },
    });
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
};

/**
 * Builds the page into `web/dist/{hash of the inputs}`: a folder that is there is whole, and stays what it is.
 * @returns the folder
 */
export const buildPage = async (): Promise<string> => {
  const dist = join(ROOT, 'web/dist');
  await mkdir(dist, { recursive: true });
  const folder = join(dist, hashOf(INPUTS));
  if (!existsSync(folder)) await build(dist, folder);
  const now = new Date();
  utimesSync(folder, now, now);
  await prune(dist);
  return folder;
};
