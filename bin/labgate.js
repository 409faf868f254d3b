#!/usr/bin/env node
// @ts-check
/**
 * The command line of labgate: what has to be settled before anything of it is loaded.
 *
 * JavaScript, the only file that is: what removes the types of TypeScript is itself a third of a short command, and
 * nothing else needs it once what was compiled is kept.
 */
import module from 'node:module';
import { fileURLToPath } from 'node:url';

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `labgate needs Node 24, this is ${process.versions.node}: npx labgate brings its own\n`,
  );
  process.exit(2);
}
// Where the folder cannot be written it is compiled each time.
module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/labgate', import.meta.url)));
// The gateway starts this process anew, in another way: before anything is loaded twice.
if (process.argv[2] === 'local') (await import('../local/memory.ts')).restartSmall();
await import('./cli/program.ts');
