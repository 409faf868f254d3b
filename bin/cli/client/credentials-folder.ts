/**
 * The folder of a device whose key and certificate are replaced in one step: `key.pem`, `csr.pem` and `certificate.pem`
 * are links through `current`, which is a link to one of the folders in `credentials`. Changing `current` changes all at
 * once.
 */
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const FILES = ['key.pem', 'csr.pem', 'certificate.pem'] as const;
const CURRENT = 'current';
const CREDENTIALS = 'credentials';
const NEXT = 'next';

/** Makes a link, or changes it, in one step. */
const link = (folder: string, name: string, target: string): void => {
  const draft = join(folder, `.${name}.${process.pid}`);
  rmSync(draft, { force: true });
  symlinkSync(target, draft);
  renameSync(draft, join(folder, name));
};

/** The key that is to come next, and its request; kept so that an interrupted rotation goes on with it. */
export const nextRequest = async (
  folder: string,
  make: () => Promise<{ readonly key: string; readonly csr: string }>,
): Promise<string> => {
  const next = join(folder, NEXT);
  const csr = join(next, 'csr.pem');
  if (!existsSync(csr)) {
    const made = await make();
    mkdirSync(next, { recursive: true, mode: 0o700 });
    writeFileSync(join(next, 'key.pem'), made.key, { mode: 0o600 });
    // Last: a request that is there has its key.
    writeFileSync(csr, made.csr);
  }
  return readFileSync(csr, 'utf8');
};

/** Has the files of the folder go through `current`; what they hold stays the same at each moment. */
const useLinks = (folder: string): void => {
  if (!existsSync(join(folder, CURRENT))) {
    const first = join(folder, CREDENTIALS, 'first');
    mkdirSync(first, { recursive: true, mode: 0o700 });
    for (const name of FILES)
      if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(first, name));
    link(folder, CURRENT, join(CREDENTIALS, 'first'));
  }
  for (const name of FILES)
    if (!lstatSync(join(folder, name), { throwIfNoEntry: false })?.isSymbolicLink())
      link(folder, name, join(CURRENT, name));
};

/** Puts the next key and its certificate in the place of those of before, all at once. */
export const takeNext = (
  folder: string,
  certificate: { readonly id: string; readonly pem: string },
): void => {
  writeFileSync(join(folder, NEXT, 'certificate.pem'), certificate.pem);
  useLinks(folder);
  const name = join(CREDENTIALS, certificate.id.slice(0, 16));
  renameSync(join(folder, NEXT), join(folder, name));
  link(folder, CURRENT, name);
};

/** Whether a rotation was begun whose certificate is not in place yet. */
export const hasNext = (folder: string): boolean => existsSync(join(folder, NEXT, 'csr.pem'));
