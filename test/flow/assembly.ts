/** Synthesizes the application once for all flow and attack tests: the same templates that are deployed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of the synthesized templates and bundles. */
    readonly assembly: string;
  }
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs `cdk synth` into a folder.
 * @throws when it fails, with what it printed
 */
export const synthesizeTo = async (folder: string): Promise<void> => {
  const cdk = join(createRequire(import.meta.url).resolve('aws-cdk/package.json'), '..', 'bin', 'cdk');
  const child = spawn(process.execPath, [cdk, 'synth', '--quiet', '--no-notices', '--output', folder], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => output.push(part));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`cdk synth failed:\n${Buffer.concat(output).toString()}`);
};

export default async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = await mkdtemp(join(tmpdir(), 'labgate-assembly-'));
  await synthesizeTo(folder);
  project.provide('assembly', folder);
  return () => rm(folder, { recursive: true, force: true });
};
