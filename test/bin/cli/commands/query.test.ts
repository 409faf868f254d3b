import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../bin/cli/client/target.ts';
import { queryCommand } from '../../../../bin/cli/commands/query.ts';

/** The command, whose wrong use is thrown; it asks nobody before it has looked at its options. */
const command = (): Command =>
  queryCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
const parse = (...args: string[]): Promise<Command> => command().parseAsync(['x', ...args], { from: 'user' });

describe('query', () => {
  it.each([
    ['--latest --every PT1M', '--latest does not go with --every'],
    ['--latest --at PT1M', '--latest does not go with --at'],
    ['--latest --unit temp:K', '--latest does not go with --unit'],
    ['--at PT1M --format csv', '--at does not go with --format'],
    ['--at PT1M --from PT1H', '--at does not go with --from'],
    ['--json --format csv', '--json does not go with --format'],
    ['--chart --format csv', '--chart does not go with --format'],
    ['--chart --align', '--chart does not go with --align'],
    ['--points 100 --every PT1M', '--points does not go with --every'],
    ['--agg mean', '--agg needs --every'],
    ['--fill null', '--fill needs --every'],
    ['--tz Europe/Berlin', '--tz Europe/Berlin goes with dates'],
    ['--tz Europe/Berlin --every PT1H', '--tz Europe/Berlin goes with dates'],
    ['--spreadsheet', '--spreadsheet goes with --format csv'],
    ['--spreadsheet --format parquet', '--spreadsheet goes with --format csv'],
    ['--spreadsheet --latest', '--latest does not go with --spreadsheet'],
    ['--cursor x', '--cursor goes with --limit'],
    ['--limit 0', 'use a whole number from 1'],
  ])('refuses %s', async (typed, text) => {
    await expect(parse(...typed.split(' '))).rejects.toThrow(text);
  });

  it.each(['--tz Europe/Berlin --from 2026-03-01', '--tz Europe/Berlin --every P1D', '--cursor x --json'])(
    'takes %s',
    async (typed) => {
      // It goes on to look for a target.
      const nowhere = ['--target', 'no-such-file.json'];
      await expect(parse(...typed.split(' '), ...nowhere)).rejects.toThrow(
        new UsageError('target no-such-file.json cannot be read'),
      );
    },
  );

  it('takes what a config file says beside what is typed', async () => {
    const configured = command();
    configured.setOptionValueWithSource('format', 'csv', 'config');
    configured.setOptionValueWithSource('tz', 'Europe/Berlin', 'config');
    const args = ['x', '--latest', '--target', 'no-such-file.json'];
    await expect(configured.parseAsync(args, { from: 'user' })).rejects.toThrow('cannot be read');
  });
});
