/** The commands of labgate, and the exit codes of their failures. */
import { Command, CommanderError } from 'commander';
import { readConfig } from './client/config.ts';
import { UnreachableError } from './client/reach.ts';
import { ApiError } from './client/refusal.ts';
import { UsageError } from './client/target.ts';
import { applyConfig, Interrupted, NotSucceeded, NotVerified, tell } from './commands/options.ts';

const exitCode = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError) return 2;
  if (error instanceof ApiError) return error.status >= 500 ? 4 : 3;
  if (error instanceof UnreachableError) return 4;
  if (error instanceof NotSucceeded) return 7;
  if (error instanceof NotVerified) return 8;
  if (error instanceof Interrupted) return 130;
  return 1;
};

/** Only the command that is asked for is loaded, so that scripts do not wait for the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  local: async () => (await import('./commands/local.ts')).localCommand(),
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand(),
  alerts: async () => (await import('./commands/alerts.ts')).alertsCommand(),
  commands: async () => (await import('./commands/commands.ts')).commandsCommand(),
  rules: async () => (await import('./commands/rules.ts')).rulesCommand(),
  devices: async () => (await import('./commands/devices.ts')).devicesCommand(),
  sites: async () => (await import('./commands/sites.ts')).sitesCommand(),
  types: async () => (await import('./commands/types.ts')).typesCommand(),
  audit: async () => (await import('./commands/audit.ts')).auditCommand(),
  completeness: async () => (await import('./commands/completeness.ts')).completenessCommand(),
  cost: async () => (await import('./commands/cost.ts')).costCommand(),
  export: async () => (await import('./commands/export.ts')).exportCommand(),
  purge: async () => (await import('./commands/purge.ts')).purgeCommand(),
  quarantine: async () => (await import('./commands/quarantine.ts')).quarantineCommand(),
  query: async () => (await import('./commands/query.ts')).queryCommand(),
  completion: async () => (await import('./commands/completion.ts')).completionCommand(),
  lease: async () => (await import('./commands/lease.ts')).leaseCommand(),
  me: async () => (await import('./commands/people.ts')).meCommand(),
  people: async () => (await import('./commands/people.ts')).peopleCommand(),
  login: async () => (await import('./commands/login.ts')).loginCommand(),
  logout: async () => (await import('./commands/login.ts')).logoutCommand(),
  trace: async () => (await import('./commands/trace.ts')).traceCommand(),
  token: async () => (await import('./commands/token.ts')).tokenCommand(),
};

const EXIT_CODES = `
Exit codes:
  0    done
  1    unexpected failure
  2    wrong use, or no credentials
  3    the API refused the request
  4    the API failed, or does not answer
  5    completeness --check: something is missing, or waits in the quarantine
  6    completeness --check: nobody can know whether something is missing
  7    commands give --wait: the command did not succeed
  8    audit verify, export: the audit does not hold together
  130  interrupted

Options count in this order: typed, LABGATE_* of the environment, .labgate.json of the folder, config.json of
~/.config/labgate. Config files hold target, program, site, tz, format.`;

const program = new Command('labgate')
  .description('laboratory instruments to the cloud and back')
  .addHelpText('after', EXIT_CODES);

/** Lets wrong use of a command throw, instead of ending the process; also for commands below it. */
const settle = (command: Command): void => {
  command.exitOverride().showHelpAfterError('(labgate --help tells more)');
  for (const each of command.commands) settle(each);
};

// A closed pipe is no failure: `labgate query ... | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

try {
  const [asked = ''] = process.argv.slice(2);
  // Help and completion need all of them.
  const known = Object.hasOwn(COMMANDS, asked) && asked !== 'completion' ? COMMANDS[asked] : undefined;
  for (const load of known === undefined ? Object.values(COMMANDS) : [known])
    program.addCommand(await load());
  settle(program);
  applyConfig(program, readConfig());
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
  const shown = error instanceof CommanderError;
  if (!shown) tell(`labgate: ${error instanceof Error ? error.message : String(error)}`);
  if (process.exitCode === 1 && error instanceof Error && process.env['LABGATE_DEBUG'] !== undefined) {
    tell(error.stack ?? '');
  }
}
