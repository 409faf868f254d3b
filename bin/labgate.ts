#!/usr/bin/env node
/**
 * The command line of labgate.
 *
 * Exit codes: 0 done; 1 unexpected failure; 2 wrong use; 3 the API refused the request; 4 the API failed.
 */
import { Command, CommanderError } from 'commander';
import { ApiError } from './client/api.ts';
import { UsageError } from './client/target.ts';
import { devicesCommand } from './commands/devices.ts';
import { localCommand } from './commands/local.ts';
import { tell } from './commands/options.ts';
import { queryCommand } from './commands/query.ts';
import { simulateCommand } from './commands/simulate.ts';
import { tokenCommand } from './commands/token.ts';
import { typesCommand } from './commands/types.ts';

const exitCode = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError) return 2;
  if (error instanceof ApiError) return error.status >= 500 ? 4 : 3;
  return 1;
};

const program = new Command('labgate')
  .description('laboratory instruments to the cloud and back')
  .exitOverride()
  .showHelpAfterError('(labgate --help tells more)');
for (const command of [
  localCommand(),
  simulateCommand(),
  devicesCommand(),
  typesCommand(),
  queryCommand(),
  tokenCommand(),
]) {
  program.addCommand(command);
}

// A closed pipe, as in `labgate query ... | head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
  const shown = error instanceof CommanderError;
  if (!shown) tell(`labgate: ${error instanceof Error ? error.message : String(error)}`);
  if (process.exitCode === 1 && error instanceof Error && process.env['LABGATE_DEBUG'] !== undefined) {
    tell(error.stack ?? '');
  }
}
