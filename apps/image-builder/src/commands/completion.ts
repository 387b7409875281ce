/** Shells that have a completion script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command as its script needs it. */
interface Completed {
  name(): string;
  description(): string;
  readonly options: readonly {
    readonly long?: string | undefined;
    readonly hidden: boolean;
    readonly description: string;
    readonly argChoices?: readonly string[] | undefined;
  }[];
}

export function completionHelp(): string {
  return [
    '',
    'Examples:',
    '  $ image-builder completion bash > ~/.local/share/bash-completion/completions/image-builder',
    '  $ image-builder completion zsh > ~/.zfunc/_image-builder',
    '  $ image-builder completion fish > ~/.config/fish/completions/image-builder.fish',
  ].join('\n');
}

/** A script that completes commands and long options; a value of an option is a file, or one of its choices. */
export function completionScript(shell: Shell, commands: readonly Completed[]): string {
  const shown = commands.filter((command) => command.name() !== 'help');
  return { bash, zsh, fish }[shell](shown);
}

const longOptions = ({ options }: Completed) =>
  options.flatMap(({ long, hidden }) => (hidden || long === undefined ? [] : [long]));

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(
    (command) => `    ${command.name()}) words='${[...longOptions(command), '--help'].join(' ')}' ;;`,
  );
  return `# bash completion of image-builder
_image_builder() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words='${commands.map((command) => command.name()).join(' ')} --help --version' ;;
  esac
  [ "$COMP_CWORD" -gt 1 ] || words='${commands.map((command) => command.name()).join(' ')} --help --version'
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _image_builder image-builder
`;
}

function zsh(commands: readonly Completed[]): string {
  const names = commands.map((command) => `    ${quoted(`${command.name()}:${command.description()}`)}`);
  const cases = commands.map((command) => {
    const options = command.options.flatMap(({ long, hidden, description }) =>
      hidden || long === undefined
        ? []
        : [`      ${quoted(`${long}[${description.replace(/[[\]:]/g, ' ')}]`)}`],
    );
    return `  ${command.name()}) _arguments ${['\\', ...options].join(' \\\n').slice(3)} \\\n      '*:file:_files' ;;`;
  });
  return `#compdef image-builder
local -a commands=(
${names.join('\n')}
)
if (( CURRENT == 2 )); then
  _describe command commands
  return
fi
local command=$words[2]
shift words
(( CURRENT-- ))
case $command in
${cases.join('\n')}
esac
`;
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c image-builder -n __fish_use_subcommand -a ${command.name()} -d ${quoted(command.description())}`,
    ...command.options.flatMap(({ long, hidden, description }) =>
      hidden || long === undefined
        ? []
        : [
            `complete -c image-builder -n '__fish_seen_subcommand_from ${command.name()}' -l ${long.slice(2)} -d ${quoted(description)}`,
          ],
    ),
  ]);
  return `# fish completion of image-builder\n${lines.join('\n')}\n`;
}

/** A word in single quotes, as the three shells read it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
