/** `stompbox completion`. */

import { OPTIONS } from "../config.ts";
import { type Command, defineCommand, EXIT, NONE } from "./command.ts";
import { choiceOperand, type Completion } from "./command_option.ts";
import { HELP_TOPIC_NAMES } from "./help_topics.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** Prints a script that teaches a shell the commands, options and values of this executable. */
export const completionCommand = defineCommand({
  name: "completion",
  summary: "print a script that teaches a shell to complete stompbox",
  group: "help",
  operands: {
    shell: choiceOperand(SHELLS, { placeholder: "SHELL", description: "bash, zsh or fish" }),
  },
  options: NONE,
  shared: NONE,
  examples: [
    { line: "source <(stompbox completion bash)", about: "for this shell" },
    {
      line: "stompbox completion fish > stompbox.fish",
      about: "into a file; fish reads those in ~/.config/fish/completions",
    },
  ],
  notes: [
    "For good: the first example in .bashrc, or in .zshrc (after compinit, with zsh);",
    "the second with the file ~/.config/fish/completions/stompbox.fish.",
  ],
  run: ({ terminal, commands }, { operands: { shell } }) => {
    terminal.out.write(SCRIPTS[shell](commands.map((command) => wordsOf(command, commands))));
    return EXIT.ok;
  },
});

/** A flag as a shell needs to know it. */
interface CompletedFlag {
  readonly spellings: readonly string[];
  readonly description: string;
  /** What its value may be; null for a switch. */
  readonly value: Value | null;
}

/** What a value may be: words, or paths, or anything. */
type Value = { readonly words: readonly string[] } | "file" | "folder" | "any";

interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  readonly operand: Value;
}

function wordsOf(command: Command, commands: readonly Command[]): CompletedCommand {
  const { name, summary, options, shared, operands, takesConfig } = command;
  const topics = [...HELP_TOPIC_NAMES, ...commands.map((each) => each.name)];
  const valueOf = (completion: Completion | undefined): Value => {
    if (completion === "topic") return { words: topics };
    if (completion === undefined) return "any";
    return typeof completion === "string" ? completion : { words: completion };
  };
  const own = [...options, ...shared].map((option) => ({
    spellings: option.short === undefined ? [option.flag] : [option.short, option.flag],
    description: option.description,
    value: option.kind === "switch" ? null : valueOf(option.completion),
  }));
  return {
    name,
    summary,
    flags: [
      ...own,
      ...(takesConfig ? CONFIG_FLAGS : []),
      { spellings: ["-h", "--help"], description: "help", value: null },
    ],
    operand: valueOf(operands[0]?.completion),
  };
}

const CONFIG_FLAGS: readonly CompletedFlag[] = [
  ...OPTIONS.map(({ flag, kind, placeholder, description }) => ({
    spellings: [flag],
    description,
    value:
      kind === "switch"
        ? null
        : kind === "choice"
          ? { words: placeholder.split("|") }
          : placeholder === "DIR"
            ? ("folder" as const)
            : placeholder === "FILE"
              ? ("file" as const)
              : ("any" as const),
  })),
  { spellings: ["--config"], description: "Read options from a file.", value: "file" },
];

const SCRIPTS: Readonly<
  Record<(typeof SHELLS)[number], (commands: readonly CompletedCommand[]) => string>
> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** A text in single quotes, as bash and zsh read it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function bashScript(commands: readonly CompletedCommand[]): string {
  const reply = (value: Value): string => {
    if (value === "any") return "COMPREPLY=()";
    if (value === "file") return 'COMPREPLY=($(compgen -f -- "$word"))';
    if (value === "folder") return 'COMPREPLY=($(compgen -d -- "$word"))';
    return `COMPREPLY=($(compgen -W ${quoted(value.words.join(" "))} -- "$word"))`;
  };
  const [fallback] = commands;
  const branch = ({ name, flags, operand }: CompletedCommand): string[] => [
    `    ${name})`,
    '      case "$before" in',
    ...flags.flatMap(({ spellings, value }) =>
      value === null ? [] : [`        ${spellings.join("|")}) ${reply(value)}; return ;;`],
    ),
    "      esac",
    '      case "$word" in',
    `        -*) ${reply({ words: flags.flatMap(({ spellings }) => spellings) })} ;;`,
    `        *) ${reply(operand)} ;;`,
    "      esac ;;",
  ];
  return `${[
    "# Completion of stompbox for bash, written by: stompbox completion bash",
    "_stompbox() {",
    '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" command= at',
    "  COMPREPLY=()",
    "  # Of --name=value readline makes three words.",
    '  if [[ "$word" == "=" ]]; then',
    "    word=",
    '  elif [[ "$before" == "=" ]]; then',
    '    before="${COMP_WORDS[COMP_CWORD-2]}"',
    "  fi",
    "  for ((at = 1; at < COMP_CWORD; at++)); do",
    '    case "${COMP_WORDS[at]}" in',
    `      ${commands.map(({ name }) => name).join("|")}) command="\${COMP_WORDS[at]}"; break ;;`,
    "    esac",
    "  done",
    '  if [[ -z "$command" && "$word" != -* && $COMP_CWORD -eq 1 ]]; then',
    `    ${reply({ words: commands.map(({ name }) => name) })}`,
    "    return",
    "  fi",
    `  case "\${command:-${fallback?.name ?? ""}}" in`,
    ...commands.flatMap(branch),
    "  esac",
    "}",
    "complete -o default -F _stompbox stompbox",
  ].join("\n")}\n`;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  // Brackets and colons separate the parts of a specification.
  const plain = (text: string): string => text.replace(/[[\]:\\]/g, "\\$&");
  const action = (value: Value): string => {
    if (value === "any") return ":value: ";
    if (value === "file") return ":file:_files";
    if (value === "folder") return ":folder:_files -/";
    return `:value:(${value.words.map(plain).join(" ")})`;
  };
  const branch = ({ name, flags, operand }: CompletedCommand): string[] => [
    `    ${name})`,
    "      _arguments \\",
    ...flags.flatMap(({ spellings, description, value }) =>
      spellings.map((spelling) => {
        const told = `[${plain(description)}]`;
        // The value may stand behind it as well: --name=value, -nvalue.
        const joint = spelling.startsWith("--") ? "=" : "+";
        const spec = value === null ? told : `${joint}${told}${action(value)}`;
        return `        ${quoted(`*${spelling}${spec}`)} \\`;
      }),
    ),
    // An action that only tells what is expected would keep an option from being completed.
    `        ${quoted(`*${operand === "any" ? ":word:()" : action(operand)}`)} ;;`,
  ];
  const [fallback] = commands;
  return `${[
    "#compdef stompbox",
    "# Completion of stompbox for zsh, written by: stompbox completion zsh",
    "_stompbox() {",
    "  local -a names",
    "  local command=$words[2]",
    "  names=(",
    ...commands.map(({ name, summary }) => `    ${quoted(`${name}:${plain(summary)}`)}`),
    "  )",
    '  if (( CURRENT == 2 )) && [[ "$words[2]" != -* ]]; then',
    "    _describe command names",
    "    return",
    "  fi",
    `  if (( \${names[(I)$command:*]} )); then`,
    '    words=("${(@)words[2,-1]}")',
    "    (( CURRENT-- ))",
    "  else",
    `    command=${fallback?.name ?? ""}`,
    "  fi",
    '  case "$command" in',
    ...commands.flatMap(branch),
    "  esac",
    "}",
    'if [[ "$funcstack[1]" == _stompbox ]]; then _stompbox "$@"; else compdef _stompbox stompbox; fi',
  ].join("\n")}\n`;
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const fishQuoted = (text: string): string =>
    `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const names = commands.map(({ name }) => name).join(" ");
  const [fallback] = commands;
  const action = (value: Value): string => {
    if (value === "any") return " -x";
    if (value === "file") return " -r -F";
    if (value === "folder") return " -x -a '(__fish_complete_directories)'";
    return ` -x -a ${fishQuoted(value.words.join(" "))}`;
  };
  const lines = commands.flatMap(({ name, summary, flags, operand }) => {
    const seen = `__fish_seen_subcommand_from ${name}`;
    const when =
      name === fallback?.name ? `not __fish_seen_subcommand_from ${names}; or ${seen}` : seen;
    return [
      `complete -c stompbox -f -n ${fishQuoted(`not __fish_seen_subcommand_from ${names}`)} -a ${name} -d ${fishQuoted(summary)}`,
      ...(operand === "any"
        ? []
        : [`complete -c stompbox -n ${fishQuoted(seen)}${action(operand)}`]),
      ...flags.map(({ spellings, description, value }) => {
        const spelled = spellings.map((spelling) =>
          spelling.startsWith("--") ? `-l ${spelling.slice(2)}` : `-s ${spelling.slice(1)}`,
        );
        return `complete -c stompbox -n ${fishQuoted(when)} ${spelled.join(" ")}${value === null ? " -f" : action(value)} -d ${fishQuoted(description)}`;
      }),
    ];
  });
  return `${[
    "# Completion of stompbox for fish, written by: stompbox completion fish",
    ...lines,
  ].join("\n")}\n`;
}
