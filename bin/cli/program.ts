/**
 * The commands of labgate, and what becomes of their failures.
 *
 * Exit codes: 0 done; 1 unexpected failure; 2 wrong use; 3 the API refused the request; 4 the API failed or
 * does not answer; 5 `completeness --check` found something missing; 130 interrupted.
 */
import { Command, CommanderError } from 'commander';
import { ApiError } from './client/api.ts';
import { UnreachableError } from './client/reach.ts';
import { UsageError } from './client/target.ts';
import { Interrupted, tell } from './commands/options.ts';

const exitCode = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError) return 2;
  if (error instanceof ApiError) return error.status >= 500 ? 4 : 3;
  if (error instanceof UnreachableError) return 4;
  if (error instanceof Interrupted) return 130;
  return 1;
};

/** Only the command that is asked for is loaded: a script that calls one many times waits for nothing else. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  local: async () => (await import('./commands/local.ts')).localCommand(),
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand(),
  devices: async () => (await import('./commands/devices.ts')).devicesCommand(),
  types: async () => (await import('./commands/types.ts')).typesCommand(),
  completeness: async () => (await import('./commands/completeness.ts')).completenessCommand(),
  cost: async () => (await import('./commands/cost.ts')).costCommand(),
  export: async () => (await import('./commands/export.ts')).exportCommand(),
  purge: async () => (await import('./commands/purge.ts')).purgeCommand(),
  quarantine: async () => (await import('./commands/quarantine.ts')).quarantineCommand(),
  query: async () => (await import('./commands/query.ts')).queryCommand(),
  login: async () => (await import('./commands/login.ts')).loginCommand(),
  logout: async () => (await import('./commands/login.ts')).logoutCommand(),
  token: async () => (await import('./commands/token.ts')).tokenCommand(),
};

const program = new Command('labgate').description('laboratory instruments to the cloud and back');

/** Makes wrong use of a command, however deep, an error of this program instead of its end. */
const settle = (command: Command): void => {
  command.exitOverride().showHelpAfterError('(labgate --help tells more)');
  for (const each of command.commands) settle(each);
};

const [asked = ''] = process.argv.slice(2);
const known = Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined;
for (const load of known === undefined ? Object.values(COMMANDS) : [known]) program.addCommand(await load());
settle(program);

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
