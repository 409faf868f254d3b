/** The target file that a gateway leaves in its folder, for the commands that run there. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { reach, UnreachableError } from './reach.ts';
import { LOCAL_FOLDER, readTarget, type Target, UsageError } from './target.ts';

const ANSWER_MILLIS = 2000;

/** Whether another gateway has left this file, and still runs. */
const isOfAnother = async (path: string, own: Target): Promise<boolean> => {
  if (!existsSync(path)) return false;
  try {
    const { api } = readTarget(path);
    // From a gateway that was killed: its port is ours now.
    if (api === own.api) return false;
    await reach(api, { signal: AbortSignal.timeout(ANSWER_MILLIS) });
    return true;
  } catch (error) {
    // Nobody answers there, or the file is damaged.
    if (error instanceof UnreachableError || error instanceof UsageError) return false;
    throw error;
  }
};

export interface LeftTarget extends Disposable {
  readonly path: string;
  /** Whether commands use it without `--target`. */
  readonly usual: boolean;
}

/**
 * Writes a target file, until it is disposed of. The first gateway of a folder has the file that commands look for;
 * each further one has a file of its own.
 */
export const leaveTarget = async (target: Target): Promise<LeftTarget> => {
  mkdirSync(LOCAL_FOLDER, { recursive: true, mode: 0o700 });
  const first = resolve(LOCAL_FOLDER, 'target.json');
  const usual = !(await isOfAnother(first, target));
  const path = usual ? first : resolve(LOCAL_FOLDER, `target-${new URL(target.api).port}.json`);
  const text = `${JSON.stringify(target, null, 2)}\n`;
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode: 0o600 });
  return {
    path,
    usual,
    [Symbol.dispose]: () => {
      // A gateway that was started at the same moment may have replaced it.
      if (existsSync(path) && readFileSync(path, 'utf8') === text) rmSync(path);
    },
  };
};
