/** The help of one command: what `stompbox COMMAND --help` prints. */

import { OPTIONS } from "../config.ts";
import { type Command, EXIT, type ExitCode, usageOf } from "./command.ts";
import type { CommandOption } from "./command_option.ts";

/** The options of the broker that most people need, in the order of the help. */
export const COMMON: readonly (readonly [name: string, summary: string])[] = [
  ["listen", "where to listen, again for more: ws://… or tcp://…"],
  ["allowAnonymous", "allow listening beyond this machine"],
  ["allowOrigin", "accept pages of this origin"],
  ["static", "serve your own pages at /"],
  ["portsFile", "write the real ports there once listening"],
  ["log", "least level logged: debug, info, warn or error"],
  ["quiet", "no banner, a short log"],
];

const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  [EXIT.ok]: "done",
  [EXIT.failed]: "failed",
  [EXIT.misuse]: "used wrongly",
  [EXIT.timedOut]: "not in time",
};

/** The exit codes of a command and what each means there; 3 only where the command has it. */
export function exitsOf({ exits }: Command): [code: string, meaning: string][] {
  const all: Readonly<Record<string, string>> = { ...EXIT_MEANINGS, ...exits };
  return Object.entries(all).filter(
    ([code]) => code !== String(EXIT.timedOut) || exits[EXIT.timedOut] !== undefined,
  );
}

/** Examples in the help of a command; the documentation has all. */
const EXAMPLES_MAX = 3;

/** At most 24 lines of 80 columns, the first of them a command line that can be pasted. */
export function commandHelpText(command: Command): string {
  const { summary, examples, operands, options, shared, takesConfig, notes } = command;
  const rows: (readonly [string, string])[] = [
    ...operands.map(({ placeholder, description }) => [placeholder, description] as const),
    ...options.map((option) => [optionUsage(option), option.description] as const),
    ...(takesConfig ? configRows() : []),
  ];
  const [first] = shared;
  if (first !== undefined) {
    rows.push([`${optionUsage(first)}, …`, 'which broker and who you are: "help connection"']);
  }
  const width = Math.max(...rows.map(([left]) => left.length), 0) + 2;
  const lines = [
    ...examples.slice(0, EXAMPLES_MAX).map(({ line }) => `  ${line}`),
    "",
    `Usage: ${usageOf(command)}`,
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    ...(rows.length > 0 ? [""] : []),
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`),
    "",
    ...notes,
    `Exit codes: ${exitsOf(command)
      .map(([code, meaning]) => `${code} ${meaning}`)
      .join(", ")}.`,
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function configRows(): [string, string][] {
  const byName = new Map(OPTIONS.map((option) => [option.name, option]));
  return [
    ...COMMON.flatMap(([name, summary]): [string, string][] => {
      const option = byName.get(name);
      if (option === undefined) return [];
      return [[`${option.flag} ${placeholderOf(option.placeholder)}`.trimEnd(), summary]];
    }),
    ["--config FILE", "read options from a .toml, .yaml or .json file"],
    ["…", 'every option: "stompbox help options"'],
  ];
}

/** A placeholder as a row of the help has room for it. */
export function placeholderOf(placeholder: string): string {
  return placeholder.includes("|") ? "NAME" : placeholder;
}

/** An option as a row of the help begins: `-H, --header NAME:VALUE`. */
export function optionUsage({ flag, short, placeholder }: CommandOption): string {
  const value = placeholder === "" ? flag : `${flag} ${placeholder}`;
  return short === undefined ? value : `${short}, ${value}`;
}
