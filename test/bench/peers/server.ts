/** Servers of the peers, from Debian's packages: each on a free port, with a folder that is removed with it. */
import { execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A port that was free a moment ago. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
};

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** The account for a server that refuses to run as root; `undefined` when this process is not root. */
export const accountOf = (name: string): Account | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const number = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: number('-u'), gid: number('-g') };
};

export const makeFolder = async (name: string, account?: Account): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), `labgate-${name}-`));
  if (account !== undefined) await chown(folder, account.uid, account.gid);
  return folder;
};

/** @returns the first of these files that exists */
export const findProgram = (...paths: readonly string[]): string | undefined => paths.find(existsSync);

export interface Server extends AsyncDisposable {
  readonly folder: string;
}

export interface Start {
  readonly program: string;
  readonly arguments: readonly string[];
  /** Removed when the server has stopped. */
  readonly folder: string;
  readonly account?: Account | undefined;
  readonly stop?: NodeJS.Signals;
  /** Throws until the server answers. */
  readonly probe: () => Promise<unknown>;
}

const TRIES = 300;

/** @throws Error with the output of the server when it ends, or does not answer within half a minute */
export const startServer = async (start: Start): Promise<Server> => {
  const { program, folder, account, probe } = start;
  const options: SpawnOptions = { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], ...account };
  const child = spawn(program, [...start.arguments], options);
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (part: Buffer) => {
      printed = `${printed}${part.toString()}`.slice(-4000);
    });
  const exit = once(child, 'exit');
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(start.stop ?? 'SIGTERM');
      await exit;
    }
    await rm(folder, { recursive: true, force: true });
  };
  let last: unknown;
  for (let attempt = 0; attempt < TRIES && child.exitCode === null; attempt += 1) {
    try {
      await probe();
      return { folder, [Symbol.asyncDispose]: stop };
    } catch (error) {
      last = error;
      await delay(100);
    }
  }
  await stop();
  throw new Error(`${program} does not answer (${String(last)}):\n${printed}`);
};
