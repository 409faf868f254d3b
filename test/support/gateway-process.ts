/** The gateway in a process of its own, as `labgate local` starts it: for what would end the tests, too. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Addresses } from '../../local/gateway.ts';

const LABGATE = fileURLToPath(new URL('../../bin/labgate.js', import.meta.url));

export interface GatewayProcess {
  readonly child: ChildProcess;
  readonly addresses: Addresses;
  readonly credentialsDir: string;
  /** Lines of its log so far. */
  readonly log: readonly string[];
  close(): Promise<void>;
}

/** How a process ended that was to be a gateway. */
export class GatewayEnded extends Error {
  override readonly name = 'GatewayEnded';
  readonly code: number | null;

  constructor(code: number | null, log: readonly string[]) {
    super(log.join('\n'));
    this.code = code;
  }
}

/**
 * Starts a gateway and waits until it runs.
 * @param options `limit` is of its file descriptors
 * @throws {GatewayEnded} when it ends instead
 */
export const startGatewayProcess = async (
  assembly: string,
  options: { readonly dataDir?: string; readonly limit?: number } = {},
): Promise<GatewayProcess> => {
  const { dataDir, limit } = options;
  const cwd = mkdtempSync(join(tmpdir(), 'labgate-process-'));
  const command = [process.execPath, LABGATE, 'local', '--json', '--app', assembly, '--port-base', '0'];
  if (dataDir !== undefined) command.push('--data', dataDir);
  const shell = `${limit === undefined ? '' : `ulimit -n ${limit}; `}exec "$0" "$@"`;
  const child = spawn('/bin/sh', ['-c', shell, ...command], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const log: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const ended = once(child, 'close').finally(() => rmSync(cwd, { recursive: true, force: true }));
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(([code]) => Promise.reject(new GatewayEnded(code, log))),
  ])) as [string];
  const { credentials, ...addresses } = JSON.parse(line) as Addresses & { readonly credentials: string };
  return {
    child,
    addresses,
    credentialsDir: credentials,
    log,
    close: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};
