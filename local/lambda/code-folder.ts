/** The folder of compiled code: of one gateway, in the folder for temporary files. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'labgate-code-';
const NAME = /^labgate-code-(\d+)-/;

/** Whether a process of this id runs. */
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** Whether nothing was put into a folder since this process began: in a container every start may have the same process id. */
const isOlder = (path: string): boolean => {
  const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return touched !== undefined && touched < Date.now() - process.uptime() * 1000;
};

/** Removes what gateways have left that were killed. */
const sweep = (parent: string): void => {
  for (const name of readdirSync(parent)) {
    const pid = Number(NAME.exec(name)?.[1]);
    const path = join(parent, name);
    if (Number.isNaN(pid) || (pid === process.pid ? !isOlder(path) : alive(pid))) continue;
    try {
      rmSync(path, { recursive: true, force: true });
    } catch (error) {
      // Somebody else's, who may be in another container: it is for them to remove.
      const denied =
        error instanceof Error && 'code' in error && /^E(?:ACCES|PERM)$/.test(String(error.code));
      if (!denied) throw error;
    }
  }
};

/**
 * Makes the folder, after removing those of gateways that no longer run.
 * @param parent folder for temporary files
 * @returns disposing removes it
 */
export const takeCodeFolder = (parent = tmpdir()): Disposable & { readonly path: string } => {
  sweep(parent);
  const path = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
};
