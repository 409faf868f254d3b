/**
 * How Node is to be started so that the gateway stays small. Neither can be said once it runs.
 *
 * Every function runs in a thread. The C library gives threads heaps of their own (up to eight a processor), which
 * keep what was freed in them; V8 lets the young generation of the main thread grow to 96 MB, and every old
 * generation to up to four times what lives in it before it collects.
 */
import { setFlagsFromString } from 'node:v8';

/**
 * Options of Node: three half-spaces of 8 MB, as what passes through the main thread dies young; and an old generation
 * is collected once it has grown by three quarters, sooner than V8 would: later is faster and takes more. So 10 000
 * devices stay below 1.5 GB (`npm run bench -- pipeline`).
 */
export const NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=8', '--heap-growing-percent=75'];

/**
 * Lets threads that start from now on have the young generations that they are given: the option above is meant for
 * the main thread, and V8 holds all threads to it.
 */
export const freeThreads = (): void => setFlagsFromString('--max-semi-space-size=0');

/** Environment: of the GNU C library; others do not look at it. */
export const ENVIRONMENT: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '2' };

/** Starts this program anew in the same process when it was started in another way. Nothing may be open yet. */
export const restartSmall = (): void => {
  const { execve, execPath, execArgv, argv, env } = process;
  const [name] = Object.keys(ENVIRONMENT);
  // Whoever has set it knows better, or it was set here. Windows cannot replace a process.
  if (name === undefined || env[name] !== undefined || execve === undefined) return;
  execve(execPath, [execPath, ...NODE_OPTIONS, ...execArgv, ...argv.slice(1)], { ...env, ...ENVIRONMENT });
};
