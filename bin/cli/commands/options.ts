/** What every command shares: where it talks to, and how it prints. */
import { type Command, Option } from 'commander';

export interface CommonOptions {
  readonly target?: string;
  readonly program?: string;
  readonly json?: boolean;
}

/** Adds `--target`, `--program` and `--json`. */
export const withTarget = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--target <url-or-file>',
        'API address, or a file of `labgate local` or of `cdk deploy --outputs-file`',
      ).env('LABGATE_TARGET'),
    )
    .addOption(
      new Option('--program <name>', 'program of the target to call as; the first when absent').env(
        'LABGATE_PROGRAM',
      ),
    )
    .option('--json', 'print JSON');

/** Prints a line of output. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Who called has stopped it. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Tells a person something that is no output. */
export const tell = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
