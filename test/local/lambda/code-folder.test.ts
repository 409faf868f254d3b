import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeCodeFolder } from '../../../local/lambda/code-folder.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'labgate-parent-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

it('removes what killed gateways have left, and nothing of those that run', () => {
  const left = (pid: number): string => {
    const path = join(parent, `labgate-code-${pid}-abcdef`);
    mkdirSync(path);
    return path;
  };
  const other = join(parent, 'labgate-code-somewhere');
  mkdirSync(other);
  // No process has the highest number; the one that started this one certainly runs.
  const dead = left(2 ** 31 - 1);
  const ofThis = left(process.pid);
  const sameId = join(parent, `labgate-code-${process.pid}-before`);
  mkdirSync(sameId);
  utimesSync(sameId, 1, 1);
  const running = left(process.ppid);
  const first = takeCodeFolder(parent);
  const second = takeCodeFolder(parent);
  expect([dead, sameId].map((path) => existsSync(path))).toEqual([false, false]);
  expect([running, ofThis, other, first.path, second.path].map((path) => existsSync(path))).toEqual(
    Array(5).fill(true),
  );
  first[Symbol.dispose]();
  expect([first.path, second.path].map((path) => existsSync(path))).toEqual([false, true]);
  second[Symbol.dispose]();
});
