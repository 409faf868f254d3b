import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FolderInUse, takeFolders } from '../../local/data-folder.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'labgate-data-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('lets one gateway use a data folder at a time', () => {
  const first = takeFolders(dir);
  expect(statSync(first.credentials).mode & 0o777).toBe(0o700);
  expect(() => takeFolders(dir)).toThrow(FolderInUse);
  expect(() => takeFolders(dir)).toThrow(`in use by process ${process.pid}`);
  first.release();
  takeFolders(dir).release();
});

it('is not held up by a foreign process that has the number of a gateway that was killed', () => {
  takeFolders(dir).release();
  writeFileSync(join(dir, 'lock.pid'), String(process.ppid));
  takeFolders(dir).release();
});

it('keeps what it holds for its owner, also what was open to others before', () => {
  for (const name of ['dynamodb', 'of-somebody-else']) {
    mkdirSync(join(dir, name));
    chmodSync(join(dir, name), 0o755);
  }
  const folders = takeFolders(dir);
  writeFileSync(join(dir, 'new'), '');
  const modes = ['credentials', 'dynamodb', 'of-somebody-else', 'lock.sqlite', 'new'].map(
    (name) => statSync(join(dir, name)).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o700, 0o755, 0o600, 0o600]);
  folders.release();
});

it('keeps the credentials of a run without data folder for that run', () => {
  const folders = takeFolders(undefined);
  expect(statSync(folders.credentials).mode & 0o777).toBe(0o700);
  folders.release();
  expect(existsSync(folders.credentials)).toBe(false);
});
