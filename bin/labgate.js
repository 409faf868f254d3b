#!/usr/bin/env node
// @ts-check
/**
 * The entry of the command line: what must happen before the rest is loaded.
 *
 * The only file in JavaScript. Node's own loader of TypeScript takes a third of the time of a short command, and is not
 * needed again once the compiled code is cached.
 */
import module from 'node:module';
import { fileURLToPath } from 'node:url';

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `labgate needs Node 24, this is ${process.versions.node}: npx labgate brings its own\n`,
  );
  process.exit(2);
}
// If the folder cannot be written, the code is compiled each time.
module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/labgate', import.meta.url)));
// The gateway restarts this process with other options: before anything is loaded twice.
if (process.argv[2] === 'local') (await import('../local/memory.ts')).restartSmall();
await import('./cli/program.ts');
