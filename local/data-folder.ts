/** The folder that outlives the gateway, used by one gateway at a time. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folders of one run of the gateway. */
export interface Folders {
  /** Keys, certificates and passwords; readable by their owner alone. */
  readonly credentials: string;
  /** Gives the folder back; credentials of a run without data folder are removed. */
  release(): void;
}

/** Another gateway has the data folder; the message is one line for the person who named it. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

/** Whether a process of this id runs. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Locks of this process: in a container every start may have the same process id. */
const held = new Set<string>();

function lock(path: string): void {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 });
      held.add(path);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw error;
      }
    }
    const holder = Number(readFileSync(path, 'utf8'));
    const running = holder === process.pid ? held.has(path) : holder > 0 && alive(holder);
    if (running) {
      throw new FolderInUse(`the data folder is in use by the gateway with process id ${holder} (${path})`);
    }
    // What a killed gateway has left behind.
    rmSync(path, { force: true });
  }
}

/**
 * Takes a data folder, or a temporary one for credentials when there is none.
 * @throws {FolderInUse} when another gateway that is still running holds it
 */
export function takeFolders(dataDir: string | undefined): Folders {
  if (dataDir === undefined) {
    const credentials = mkdtempSync(join(tmpdir(), 'labgate-credentials-'));
    return { credentials, release: () => rmSync(credentials, { recursive: true, force: true }) };
  }
  const credentials = join(dataDir, 'credentials');
  mkdirSync(dataDir, { recursive: true });
  mkdirSync(credentials, { recursive: true, mode: 0o700 });
  const path = join(realpathSync(dataDir), 'gateway.lock');
  lock(path);
  return {
    credentials,
    release: () => {
      held.delete(path);
      rmSync(path, { force: true });
    },
  };
}
