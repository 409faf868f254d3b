/** `labgate completion`: prints the script for the tab completion of a shell. */
import { Argument, Command } from 'commander';
import { type CompletedCommand, completionScript, SHELLS, type Shell } from '../output/completion.ts';

/** A command, and all commands below it. */
const completed = (command: Command, path: string): CompletedCommand[] => [
  {
    path,
    text: command.description(),
    values: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
    options: [
      ...command.options.map(({ long, description, required, optional, argChoices = [] }) => ({
        name: long ?? '',
        text: description,
        valued: required || optional,
        choices: argChoices,
      })),
      { name: '--help', text: 'what it does and takes', valued: false, choices: [] },
    ],
  },
  ...command.commands.flatMap((each) => completed(each, `${path}/${each.name()}`)),
];

const completion = (shell: Shell, _options: object, command: Command): void => {
  const program = command.parent;
  if (program === null) throw new Error('the command stands alone');
  process.stdout.write(completionScript(shell, completed(program, '')));
};

/** The `completion` command; the script knows the commands that are loaded. */
export const completionCommand = (): Command =>
  new Command('completion')
    .description('tab completion: prints a script for a shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', '\nIn ~/.bashrc: source <(labgate completion bash)')
    .action(completion);
