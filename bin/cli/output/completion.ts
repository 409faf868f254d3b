/** Scripts for the tab completion of shells. */

/** An option, and what may follow it. */
export interface CompletedOption {
  /** `--format` */
  readonly name: string;
  readonly text: string;
  /** Whether a value follows. */
  readonly valued: boolean;
  /** The values that are known; none is known when empty. */
  readonly choices: readonly string[];
}

/** A command with its place: `/` for the program, `/devices/list` for a command below another. */
export interface CompletedCommand {
  readonly path: string;
  readonly text: string;
  readonly options: readonly CompletedOption[];
  /** Known values of its arguments. */
  readonly values: readonly string[];
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

interface Tree {
  readonly commands: readonly CompletedCommand[];
  below(path: string): readonly CompletedCommand[];
}

const treeOf = (commands: readonly CompletedCommand[]): Tree => ({
  commands,
  below: (path) => commands.filter((each) => each.path !== '' && parentOf(each.path) === path),
});

/** Patterns of `case` for all commands but the program itself. */
const paths = ({ commands }: Tree): string =>
  commands
    .map(({ path }) => path)
    .filter(Boolean)
    .join('|');

/** Each option that takes a value, with the command that it belongs to. */
const valued = ({ commands }: Tree) =>
  commands.flatMap(({ path, options }) =>
    options.filter((option) => option.valued).map((option) => ({ path, ...option })),
  );

const bash = (tree: Tree): string => `# labgate completion for bash: source <(labgate completion bash)
_labgate() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at= word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at/$word" in ${paths(tree)}) at="$at/$word" ;; esac
  done
  case "$at $prev" in
${valued(tree)
  .map(({ path, name, choices }) =>
    choices.length === 0
      ? `    ${quote(`${path} ${name}`)}) return ;;`
      : `    ${quote(`${path} ${name}`)}) COMPREPLY=($(compgen -W ${quote(choices.join(' '))} -- "$cur")); return ;;`,
  )
  .join('\n')}
  esac
  case "$at" in
${tree.commands
  .map(({ path, options, values }) => {
    const words = [
      ...tree.below(path).map((each) => nameOf(each.path)),
      ...values,
      ...options.map(({ name }) => name),
    ];
    return `    ${quote(path)}) COMPREPLY=($(compgen -W ${quote(words.join(' '))} -- "$cur")) ;;`;
  })
  .join('\n')}
  esac
}
complete -o default -F _labgate labgate
`;

/** An entry of `_describe`, where a colon ends the name. */
const described = (name: string, text: string): string => quote(`${name.replaceAll(':', '\\:')}:${text}`);

const zsh = (tree: Tree): string => `#compdef labgate
# labgate completion for zsh: source <(labgate completion zsh)
_labgate() {
  local at= word
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at/$word" in ${paths(tree)}) at="$at/$word" ;; esac
  done
  case "$at \${words[CURRENT-1]}" in
${valued(tree)
  .map(({ path, name, choices }) =>
    choices.length === 0
      ? `    ${quote(`${path} ${name}`)}) _files; return ;;`
      : `    ${quote(`${path} ${name}`)}) compadd -- ${choices.map(quote).join(' ')}; return ;;`,
  )
  .join('\n')}
  esac
  case "$at" in
${tree.commands
  .map(({ path, options, values }) => {
    const entries = [
      ...tree.below(path).map((each) => described(nameOf(each.path), each.text)),
      ...values.map(quote),
      ...options.map(({ name, text }) => described(name, text)),
    ];
    return `    ${quote(path)}) found=(${entries.join(' ')}) ;;`;
  })
  .join('\n')}
  esac
  _describe labgate found
}
compdef _labgate labgate
`;

const fish = (tree: Tree): string => `# labgate completion for fish: labgate completion fish | source
function __labgate_at
    set -l at
    for word in (commandline -opc)[2..]
        switch "$at/$word"
            case ${tree.commands
              .map(({ path }) => path)
              .filter(Boolean)
              .map(quote)
              .join(' ')}
                set at "$at/$word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c labgate -f
${tree.commands
  .flatMap(({ path, options, values }) => {
    const here = `complete -c labgate -n ${quote(`__labgate_at ${quote(path)}`)}`;
    return [
      ...tree.below(path).map((each) => `${here} -a ${nameOf(each.path)} -d ${quote(each.text)}`),
      ...values.map((value) => `${here} -a ${quote(value)}`),
      ...options.map(({ name, text, valued: takes, choices }) => {
        const value = takes ? (choices.length === 0 ? ' -r -F' : ` -x -a ${quote(choices.join(' '))}`) : '';
        return `${here} -l ${name.slice(2)}${value} -d ${quote(text)}`;
      }),
    ];
  })
  .join('\n')}
`;

const SCRIPTS: Readonly<Record<Shell, (tree: Tree) => string>> = { bash, zsh, fish };

/**
 * The script that makes a shell complete the command line.
 * @param commands the program, and all commands below it
 */
export const completionScript = (shell: Shell, commands: readonly CompletedCommand[]): string =>
  SCRIPTS[shell](treeOf(commands));
