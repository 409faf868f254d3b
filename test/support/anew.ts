/**
 * Before each file of tests: the environment is the one that the worker began with, and all modules of the
 * project are loaded anew, as in a new process. What they import from packages stays loaded.
 */
import { vi } from 'vitest';

declare global {
  var labgateEnvironment: NodeJS.ProcessEnv | undefined;
}

globalThis.labgateEnvironment ??= { ...process.env };
const first = globalThis.labgateEnvironment;
for (const name of Object.keys(process.env)) if (!(name in first)) delete process.env[name];
Object.assign(process.env, first);
vi.resetModules();
