/**
 * Writes the page's HTTP client, `web/src/api/gen`, from the committed contract, or with `--check` fails when the files
 * are not what the contract gives.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@hey-api/openapi-ts';

const INPUT = fileURLToPath(new URL('../contracts/openapi.json', import.meta.url));
const OUTPUT = fileURLToPath(new URL('src/api/gen', import.meta.url));

const generate = (path: string): Promise<unknown> =>
  createClient({
    input: INPUT,
    output: { path, clean: true, importFileExtension: '.ts', source: false, postProcess: [] },
    logs: { level: 'silent', file: false },
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', { name: '@hey-api/sdk', auth: false }],
  });

const files = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [path.slice(folder.length), readFileSync(path, 'utf8')] as const),
  );

if (process.argv.includes('--check')) {
  const made = mkdtempSync(join(tmpdir(), 'labgate-client-'));
  try {
    await generate(made);
    const [is, wanted] = [files(OUTPUT), files(made)];
    const different = [...new Set([...is.keys(), ...wanted.keys()])].filter(
      (name) => is.get(name) !== wanted.get(name),
    );
    if (different.length > 0) {
      console.error(
        `web/src/api/gen is not what the contract gives (${different.join(', ')}): run npm run generate:client`,
      );
      process.exitCode = 1;
    }
  } finally {
    rmSync(made, { recursive: true });
  }
} else await generate(OUTPUT);
