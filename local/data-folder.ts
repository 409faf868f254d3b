/** The folder that outlives the gateway, used by one gateway at a time. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { FolderLocked, lockFolder } from '../device/store/lock.ts';

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

/** Where the parts keep their files. What else is in the folder is not the gateway's. */
const PARTS = 'checkpoints cognito credentials dynamodb fleet iot kinesis logs s3 sqs'.split(' ');

/** Makes whatever this process writes from now on readable for its owner alone, whoever writes it. */
function writePrivately(): void {
  // A thread cannot change it, but gets it from the process.
  if (isMainThread) process.umask(0o077);
}

/**
 * Takes a data folder, or a temporary one for credentials when there is none.
 * @throws {FolderInUse} when another gateway that is still running holds it
 */
export function takeFolders(dataDir: string | undefined): Folders {
  writePrivately();
  if (dataDir === undefined) {
    const credentials = mkdtempSync(join(tmpdir(), 'labgate-credentials-'));
    return { credentials, release: () => rmSync(credentials, { recursive: true, force: true }) };
  }
  const credentials = join(dataDir, 'credentials');
  mkdirSync(dataDir, { recursive: true });
  const release = lock(dataDir);
  mkdirSync(credentials, { recursive: true });
  // Those that an earlier start has left open to others.
  for (const path of PARTS.map((part) => join(dataDir, part))) if (existsSync(path)) chmodSync(path, 0o700);
  return { credentials, release };
}

function lock(dataDir: string): () => void {
  try {
    return lockFolder(dataDir);
  } catch (error) {
    if (!(error instanceof FolderLocked)) throw error;
    throw new FolderInUse(`another gateway has the data folder: ${error.message}`, { cause: error });
  }
}
