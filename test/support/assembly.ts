/** Synthesizes the application once for all tests with a whole laboratory: the same templates that are deployed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { synthesize } from '../../bin/cli/client/synthesize.ts';
import { PAGE_FOLDER } from './page-folder.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of the synthesized templates and bundles. */
    readonly assembly: string;
  }
}

/** Synthesizes the application as it is deployed for development. */
export const synthesizeTo = (folder: string): Promise<void> => synthesize(folder, 'dev', PAGE_FOLDER);

export default async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = await mkdtemp(join(tmpdir(), 'labgate-assembly-'));
  // What CloudFormation says of the templates is asked in CI.
  process.env['CDK_VALIDATION'] = 'false';
  await synthesizeTo(folder);
  project.provide('assembly', folder);
  return () => rm(folder, { recursive: true, force: true });
};
