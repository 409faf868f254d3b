import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeFolders } from '../../local/data-folder.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'labgate-data-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('lets one gateway use a data folder at a time', () => {
  const first = takeFolders(dir);
  expect(statSync(first.credentials).mode & 0o777).toBe(0o700);
  expect(() => takeFolders(dir)).toThrow(`in use by the gateway with process id ${process.pid}`);
  first.release();
  takeFolders(dir).release();
});

it('takes over from a gateway that was killed, and not from one that runs', () => {
  const path = join(dir, 'gateway.lock');
  // The process that started this one certainly runs; no process has the highest number.
  writeFileSync(path, String(process.ppid));
  expect(() => takeFolders(dir)).toThrow(`process id ${process.ppid}`);
  writeFileSync(path, String(2 ** 31 - 1));
  takeFolders(dir).release();
  writeFileSync(path, String(process.pid));
  takeFolders(dir).release();
});

it('keeps the credentials of a run without data folder for that run', () => {
  const folders = takeFolders(undefined);
  expect(statSync(folders.credentials).mode & 0o777).toBe(0o700);
  folders.release();
  expect(existsSync(folders.credentials)).toBe(false);
});
