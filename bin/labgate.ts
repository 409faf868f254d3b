#!/usr/bin/env node
/** The command line of labgate: what has to be settled before anything of it is loaded. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { restartSmall } from '../local/memory.ts';

// The gateway starts this process anew: nothing is loaded twice.
if (process.argv[2] === 'local') restartSmall();
// Half of what a short command costs is compiling. Where the folder cannot be written it is compiled each time.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/labgate', import.meta.url)));
await import('./program.ts');
