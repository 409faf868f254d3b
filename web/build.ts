/** Builds the page, when what it is made of has changed since the last time. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('..', import.meta.url));

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

const DRAFT = 'draft-';
/** Milliseconds after which nobody writes a draft any more. */
const ABANDONED = 3_600_000;

const filesBelow = (root: string, path: string): string[] =>
  statSync(join(root, path)).isDirectory()
    ? readdirSync(join(root, path))
        .filter((name) => !NO_INPUT.has(name))
        .flatMap((name) => filesBelow(root, `${path}/${name}`))
    : [path];

const hashOf = (root: string): string => {
  const hash = createHash('sha256');
  for (const path of INPUTS.flatMap((input) => filesBelow(root, input)).sort()) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
};

/** Removes builds that nobody has asked for lately, and what builds that were killed have left. */
const prune = async (dist: string): Promise<void> => {
  const found = readdirSync(dist)
    .map((name) => ({ name, path: join(dist, name), asked: statSync(join(dist, name)).mtimeMs }))
    .sort((a, b) => b.asked - a.asked);
  const builds = found.filter(({ name }) => /^[\da-f]{16}$/.test(name));
  const left = found.filter(({ name, asked }) => name.startsWith(DRAFT) && asked < Date.now() - ABANDONED);
  for (const { path } of [...builds.slice(KEPT), ...left]) await rm(path, { recursive: true, force: true });
};

/** @param folder does not exist, unless somebody else has made the same build meanwhile */
const build = async (root: string, dist: string, folder: string): Promise<void> => {
  // Loaded here: where nothing has changed nobody needs it.
  const { build: vite } = await import('vite');
  const draft = await mkdtemp(join(dist, DRAFT));
  try {
    await vite({
      root: join(root, 'web'),
      configFile: join(root, 'web/vite.config.ts'),
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
 * @param root of the sources; this checkout when absent
 * @returns the folder
 */
export const buildPage = async (root = HERE): Promise<string> => {
  const dist = join(root, 'web/dist');
  await mkdir(dist, { recursive: true });
  const folder = join(dist, hashOf(root));
  if (!existsSync(folder)) await build(root, dist, folder);
  const now = new Date();
  utimesSync(folder, now, now);
  await prune(dist);
  return folder;
};
