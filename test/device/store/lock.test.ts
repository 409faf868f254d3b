import { spawn } from 'node:child_process';
import { on } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FolderLocked, lockFolder } from '../../../device/store/lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is held once, and given back', () => {
  const unlock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(new FolderLocked(`${folder} is in use by process ${process.pid}`));
  unlock();
  unlock();
  lockFolder(folder)();
});

it('is not held up by what a process of before has left, though another has its number now', () => {
  lockFolder(folder)();
  // This process, and the one that started it, certainly run.
  for (const pid of [process.pid, process.ppid, 1]) {
    writeFileSync(join(folder, 'lock.pid'), String(pid));
    const unlock = lockFolder(folder);
    expect(readFileSync(join(folder, 'lock.pid'), 'utf8')).toBe(String(process.pid));
    unlock();
  }
});

it('names a file that is no lock', () => {
  writeFileSync(join(folder, 'lock.sqlite'), 'something else');
  expect(() => lockFolder(folder)).toThrow('not a database');
});

/**
 * Takes the lock of each folder that it is told, with others at one moment, and says whether it got it. It then gives
 * nothing back: the next round's folder is another.
 */
const CONTENDER = `
  import { createInterface } from 'node:readline';
  const { lockFolder } = await import(process.argv[1]);
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stdout.write('r\\n');
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const { folder, at } = JSON.parse(line.value);
    while (Date.now() < at);
    try {
      lockFolder(folder);
      process.stdout.write('1\\n');
    } catch (error) {
      process.stdout.write(error.name === 'FolderLocked' ? '0\\n' : 'x\\n');
    }
  }
`;

const contender = () => {
  const module = new URL('../../../device/store/lock.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', CONTENDER, module], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const words = on(child.stdout, 'data');
  const next = async (): Promise<string> => String((await words.next()).value).trim();
  return { child, next };
};

it('is held by one of the processes that come at once, each time anew, and by another once that is killed', async () => {
  const contenders = Array.from({ length: 4 }, contender);
  try {
    await Promise.all(contenders.map(({ next }) => next()));
    let last = '';
    let winner = -1;
    for (let round = 0; round < 24; round += 1) {
      last = mkdtempSync(join(folder, 'round-'));
      // What a holder left that was killed.
      if (round % 2 === 0) writeFileSync(join(last, 'lock.sqlite'), '');
      if (round % 4 === 0) writeFileSync(join(last, 'lock.pid'), String(process.pid));
      for (const { child } of contenders)
        child.stdin.write(`${JSON.stringify({ folder: last, at: Date.now() + 15 })}\n`);
      const said = await Promise.all(contenders.map(({ next }) => next()));
      expect(said.toSorted(), `round ${round}`).toEqual(['0', '0', '0', '1']);
      winner = said.indexOf('1');
    }
    expect(() => lockFolder(last)).toThrow(`in use by process ${contenders[winner]?.child.pid}`);
    const ended = new Promise((resolve) => contenders[winner]?.child.once('exit', resolve));
    contenders[winner]?.child.kill('SIGKILL');
    await ended;
    lockFolder(last)();
  } finally {
    for (const { child } of contenders) child.kill('SIGKILL');
  }
}, 60_000);
