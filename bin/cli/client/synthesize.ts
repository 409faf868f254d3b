/** Synthesizes the templates of this checkout with the CDK's command line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from './target.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Runs `cdk synth` of this checkout into a folder.
 * @param page folder of a page that is built; it is built when absent, if it has changed
 * @throws {UsageError} with what it printed, when it fails
 */
export const synthesize = async (folder: string, stage: string, page?: string): Promise<void> => {
  const cdk = join(createRequire(import.meta.url).resolve('aws-cdk/package.json'), '..', 'bin', 'cdk');
  const context = ['-c', `stage=${stage}`, ...(page === undefined ? [] : ['-c', `page=${page}`])];
  const child = spawn(
    process.execPath,
    [cdk, 'synth', '--quiet', '--no-notices', '--output', folder, ...context],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => output.push(part));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new UsageError(`cdk synth failed:\n${Buffer.concat(output).toString()}`);
};
