/** What commands share: options, the origin of their values, and output. */
import { once } from 'node:events';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../client/config.ts';
import { UsageError } from '../client/target.ts';

export interface CommonOptions {
  readonly target?: string;
  readonly program?: string;
  readonly json?: boolean;
}

/** What changes something that the audit is about. */
export type Reasoned = CommonOptions & { readonly reason: string };

/** `--reason`, for what the audit is about. */
export const reasonOption = (): Option =>
  new Option('--reason <text>', 'why, for the audit').makeOptionMandatory();

/** Adds `--target`, `--program` and `--json`. */
export const withTarget = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--target <url-or-file>',
        'API address, or a file of `labgate local` or of `cdk deploy --outputs-file`',
      ).env('LABGATE_TARGET'),
    )
    .addOption(new Option('--program <name>', 'program of the target to call as').env('LABGATE_PROGRAM'))
    .option('--json', 'print JSON');

/** `--site`, for lists of one site. */
export const siteOption = (): Option =>
  new Option('--site <site>', "only of this site; '' for all").env('LABGATE_SITE');

/** The site of `--site`; an empty text stands for all sites. */
export const siteOf = (site: string | undefined): string | undefined => (site === '' ? undefined : site);

/**
 * Gives the options of a command, and of those below it, the values of config files. Values that are typed or in the
 * environment count more. A format that a command does not know is ignored, because config files are for all commands.
 */
export const applyConfig = (command: Command, config: Config): void => {
  for (const option of command.options) {
    const value = config[option.attributeName() as keyof Config];
    if (value !== undefined && option.argChoices?.includes(value) !== false)
      command.setOptionValueWithSource(option.attributeName(), value, 'config');
  }
  for (const each of command.commands) applyConfig(each, config);
};

/** Whether an option was typed, and does not come from the environment, a config file or its default. */
export const isTyped = (command: Command, name: string): boolean =>
  command.getOptionValueSource(name) === 'cli';

const flagOf = (command: Command, name: string): string =>
  command.options.find((option) => option.attributeName() === name)?.long ?? name;

/**
 * Refuses options that exclude each other.
 * @param name of the option that was typed
 * @param others names of those that do not go with it
 * @throws {UsageError} when one of them was typed, too
 */
export const refuseBeside = (command: Command, name: string, others: readonly string[]): void => {
  const other = others.find((each) => isTyped(command, each));
  if (other !== undefined)
    throw new UsageError(`${flagOf(command, name)} does not go with ${flagOf(command, other)}`);
};

/** Reads a whole number from 1. */
export const whole = (text: string): number => {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('use a whole number from 1');
  return number;
};

/** Reads seconds from 1, so many at most. */
export const secondsUpTo =
  (most: number) =>
  (text: string): number => {
    const seconds = whole(text);
    if (seconds > most) throw new InvalidArgumentError(`use ${most} seconds at most`);
    return seconds;
  };

/** Prints a line of output. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Writes output, and waits while the reader is slow. */
export const write = async (part: string | Uint8Array): Promise<void> => {
  if (!process.stdout.write(part)) await once(process.stdout, 'drain');
};

/** The caller has stopped the command. Exit code 130. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** A command was waited for, and did not succeed. Exit code 7. */
export class NotSucceeded extends Error {
  override readonly name = 'NotSucceeded';
}

/** The audit does not hold together. Exit code 7. */
export class NotVerified extends Error {
  override readonly name = 'NotVerified';
}

/** Prints a line for a person on standard error. */
export const tell = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
