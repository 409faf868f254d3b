import { spawn } from 'node:child_process';
import { on } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockFolder } from '../../../device/store/lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** No process has a number this high. */
const NOBODY = '2147483646';
const put = (name: string, text: string, secondsAgo = 0): void => {
  writeFileSync(join(folder, name), text);
  const at = Date.now() / 1000 - secondsAgo;
  utimesSync(join(folder, name), at, at);
};

it('is taken over from a process that is gone, and leaves nothing behind', () => {
  put('lock', NOBODY);
  const unlock = lockFolder(folder);
  expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe(String(process.pid));
  expect(readdirSync(folder)).toEqual(['lock']);
  unlock();
  expect(readdirSync(folder)).toEqual([]);
});

it('is not taken from one that is just taking it', () => {
  put('lock', '');
  expect(() => lockFolder(folder)).toThrow('just being opened');
  put('lock', NOBODY);
  put('lock.turn', '');
  expect(() => lockFolder(folder)).toThrow('just being opened');
});

it('is taken when whoever was taking it was stopped long ago', () => {
  put('lock', '', 60);
  put('lock.turn', '', 60);
  lockFolder(folder)();
  expect(readdirSync(folder)).toEqual([]);
});

/** Takes the lock with others at one moment, says whether it got it, and holds it until its input ends. */
const CONTENDER = `
  const { lockFolder } = await import(process.argv[1]);
  process.stdout.write('r');
  const at = await new Promise((resolve) => process.stdin.once('data', (data) => resolve(Number(data))));
  while (Date.now() < at);
  try {
    lockFolder(process.argv[2]);
    process.stdout.write('1');
  } catch {
    process.stdout.write('0');
  }
  process.stdin.resume();
`;

it('is held by one of several processes that come at once', async () => {
  const module = new URL('../../../device/store/lock.ts', import.meta.url).href;
  for (let round = 0; round < 3; round += 1) {
    put('lock', NOBODY);
    const contenders = Array.from({ length: 4 }, () => {
      const args = ['--input-type=module', '-e', CONTENDER, module, folder];
      const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      const words = on(child.stdout, 'data');
      const next = async (): Promise<string> => String((await words.next()).value);
      return { child, next };
    });
    await Promise.all(contenders.map(({ next }) => next()));
    const at = String(Date.now() + 100);
    for (const { child } of contenders) child.stdin.write(at);
    const said = await Promise.all(contenders.map(({ next }) => next()));
    for (const { child } of contenders) child.stdin.end();
    expect(said.filter((one) => one === '1')).toHaveLength(1);
  }
}, 30_000);
