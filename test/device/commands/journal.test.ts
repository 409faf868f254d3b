import fs, { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Journal, type KnownCommand } from '../../../device/commands/journal.ts';
import { CommandRunner } from '../../../device/commands/runner.ts';
import { commandOf } from '../../support/broker.ts';

const DAY_MS = 86_400_000;
const { writeSync } = fs;

let directory: string;
let troubles: Error[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'journal-'));
  troubles = [];
});
afterEach(() => {
  fs.writeSync = writeSync;
  syncBuiltinESMExports();
  rmSync(directory, { recursive: true, force: true });
});

const open = (): Journal => new Journal(directory, (error) => troubles.push(error));
const file = (): string => join(directory, 'commands.journal');
const idsOf = (journal: Journal): string[] => [...journal.known()].map(({ message }) => message.id);

const known = (more: Partial<KnownCommand>, age = 0): KnownCommand => {
  const expiresAt = new Date(Date.now() - age + 60_000).toISOString();
  const message = commandOf('act', { expiresAt });
  return { message, receivedAt: Date.now() - age, begun: true, replies: {}, unsent: [], ...more };
};

it('knows commands after it was opened anew, in the order in which they came, as they were last', async () => {
  const journal = open();
  const [first, second] = [known({ begun: false }), known({})];
  await journal.write(first, true);
  await journal.write(second, true);
  await journal.write({ ...first, begun: true }, false);
  await journal.close();
  const again = open();
  expect([...again.known()]).toEqual([{ ...first, begun: true }, second]);
  await again.close();
  await expect(again.write(first, true)).rejects.toThrow('closed');
});

it('goes on before what a crash tore', async () => {
  const journal = open();
  const [first, second] = [known({}), known({})];
  await journal.write(first, true);
  const whole = readFileSync(file());
  await journal.close();
  writeFileSync(file(), Buffer.concat([whole, whole.subarray(0, 40)]));
  const again = open();
  await again.write(second, true);
  await again.close();
  const third = open();
  expect(idsOf(third)).toEqual([first.message.id, second.message.id]);
  await third.close();
});

it('forgets what is long over, and nothing that is open or not yet said', async () => {
  const journal = open();
  const result = { result: '{"v":1,"ok":true}' };
  const over = known({ replies: result }, DAY_MS);
  const rejected = known({ begun: false, replies: { rejected: '{"v":1}' } }, DAY_MS);
  const fresh = known({ replies: result });
  const unsaid = known({ replies: result, unsent: ['result'] }, DAY_MS);
  const running = known({}, DAY_MS);
  for (const command of [over, rejected, fresh, unsaid, running]) await journal.write(command, true);
  await journal.close();
  const again = open();
  await again.close();
  expect(idsOf(again)).toEqual(
    [over, rejected, fresh, unsaid, running].slice(2).map(({ message }) => message.id),
  );
});

it('stays small, however long it is open', async () => {
  const journal = open();
  const value = JSON.stringify({ v: 1, ok: true, value: 'x'.repeat(4000) });
  for (let turn = 0; turn < 300; turn += 1)
    await journal.write(known({ replies: { result: value } }, DAY_MS), false);
  expect(statSync(file()).size).toBeLessThan(300 * 1024);
  await journal.close();
});

it('does nothing that it cannot note, says so, and goes on when it can again', async () => {
  const disk = { full: true };
  fs.writeSync = ((fd: number, bytes: Buffer, from: number, length: number, at: number): number => {
    if (!disk.full) return writeSync(fd, bytes, from, length, at);
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }) as typeof writeSync;
  syncBuiltinESMExports();
  let runs = 0;
  const said: string[] = [];
  const runner = new CommandRunner(
    {
      act: {
        run: () => {
          runs += 1;
          // It fills up again while the command is under way.
          disk.full = runs === 2;
          return runs;
        },
      },
    },
    open(),
    {
      ready: () => undefined,
      replied: (_, { kind }) => said.push(kind),
      trouble: (error) => troubles.push(error),
    },
  );
  const next = async () => {
    for (;;) {
      const reply = runner.next();
      if (reply !== undefined) return { id: reply.id, kind: reply.kind, ...JSON.parse(reply.payload) };
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const [first, second, third] = [commandOf('act'), commandOf('act'), commandOf('act')];
  runner.take(first);
  expect(await next()).toMatchObject({ id: first.id, kind: 'rejected', code: 'not-noted' });
  expect(runs).toBe(0);
  expect(troubles).toMatchObject([{ cause: { code: 'ENOSPC' } }]);
  disk.full = false;
  for (const message of [second, third]) {
    runner.take(message);
    expect(await next()).toMatchObject({ id: message.id, kind: 'accepted' });
    // What was done is said, noted or not.
    expect(await next()).toMatchObject({ id: message.id, kind: 'result', ok: true });
  }
  expect(runs).toBe(2);
  expect(troubles).toHaveLength(2);
  await runner.close();
  // The next life does not know how the last one ended, and does not do it again.
  disk.full = false;
  const journal = open();
  expect([...journal.known()].map(({ begun, replies: { result } }) => [begun, result !== undefined])).toEqual(
    [
      [false, false],
      [true, true],
      [true, false],
    ],
  );
  await journal.close();
  expect(said).toEqual(['rejected', 'accepted', 'result', 'accepted', 'result']);
});
