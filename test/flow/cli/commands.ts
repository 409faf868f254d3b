/** Commands: given to a simulated instrument, followed, and refused with what to do. */
import { describe, expect, test } from 'vitest';
import type { Command } from '../../../contracts/resources/commands.ts';
import { newPerson } from '../../support/cli.ts';
import type { Started } from './started.ts';

export const describeCommands = (started: () => Started): void => {
  describe('commands', () => {
    test('give, list, show, history, cancel; lease take, show, release', async () => {
      using person = newPerson();
      const env = { LABGATE_TARGET: started().gateway.line.target };
      const run = (...args: string[]) => person.run(args, { env });
      const give = (...args: string[]) => run('commands', 'give', 'environment-sensor-001', ...args);

      const done = await give('set-interval', '--set', 'interval=1', '--wait', '60', '--json');
      expect(done).toMatchObject({ code: 0 });
      const command = JSON.parse(done.stdout) as Command;
      expect(command).toMatchObject({ state: 'succeeded', parameters: { interval: 1 } });

      expect(await give('set-interval', '--set', 'interval=0')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('/parameters/interval'),
      });
      expect(await give('fly')).toMatchObject({ code: 3, stderr: expect.stringContaining('set-interval') });
      expect(await give('set-interval', '--set', 'interval')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('name=value'),
      });

      const listed = await run('commands', 'list', '--device', 'environment-sensor-001');
      expect(listed.stdout).toMatch(/^ASKED +ID +DEVICE +COMMAND +STATE +BY\n/);
      expect(listed.stdout).toContain(command.id);
      expect(await run('commands', 'list')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--device'),
      });
      const history = await run('commands', 'history', command.id);
      expect(history.stdout).toMatch(/queued .*request[\s\S]*sent .*publication[\s\S]*succeeded .*reply/);
      expect(await run('commands', 'cancel', command.id, '--reason', 'late')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('succeeded'),
      });

      expect((await run('devices', 'presence', 'environment-sensor-001')).stdout).toMatch(
        /^environment-sensor-001 is online: /,
      );
      const sessions = await run('devices', 'sessions', 'environment-sensor-001', '--from', 'PT1H');
      expect(sessions.stdout).toMatch(
        /^FROM +TO +SECONDS[^\n]*\n\S+ +goes on +\d+\navailability: 100\.00 % of the \d+ s that are known\n$/,
      );

      const taken = await run('lease', 'take', 'environment-sensor-001', '--seconds', '60');
      expect(taken.stdout).toMatch(/ holds environment-sensor-001 until /);
      expect((await run('lease', 'show', 'environment-sensor-001')).stdout).toBe(taken.stdout);
      expect(await run('lease', 'release', 'environment-sensor-001')).toMatchObject({
        code: 0,
        stdout: 'nobody holds environment-sensor-001\n',
      });
    });
  });
};
